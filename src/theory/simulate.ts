import type { Nanoseconds } from "../kernel/clock.ts";
import type { Histogram } from "../kernel/histogram.ts";
import { pacedSpan } from "../scenario/load-extent.ts";
import type { Expected } from "./demand.ts";
import { Distributed } from "./simulate/distributed.ts";
import { runLine } from "./simulate/line.ts";
import { Loop } from "./simulate/loop.ts";
import { machineOf, overlaps, type SimulatedMachine } from "./simulate/machine.ts";
import { Measures } from "./simulate/measures.ts";
import { Messages } from "./simulate/messages.ts";
import { SimulatedSource } from "./simulate/source.ts";
import { Workers } from "./simulate/workers.ts";

/**
 * An event-driven simulation of the pipeline: the tape, service times and reads of the engine, the same turns of loop, dealer and Workers,
 * on threads and cores without switching costs.
 */

export interface Simulated {
  readonly arrivals: number;
  readonly processed: number;
  readonly dropped: number;
  readonly unfinished: number;
  /** Processed per second, from the first due to the last done, after warm-up; for an open load, at least over its duration. */
  readonly throughput: number;
  readonly sojourn: Histogram;
  /** Mean nanoseconds of work per processed message. */
  readonly service: number;
  /** Working time of threads ÷ their available time. */
  readonly utilization: number;
}

/** Simulates at most `limit` arrivals of a case; null for work of unknown time. */
export function simulate(expected: Expected, limit = 1_000_000): Simulated | null {
  const machine = machineOf(expected);
  return machine === null ? null : simulateOn(machine, expected, limit);
}

/** Simulates a case's messages on a machine of its own. */
export function simulateOn(machine: SimulatedMachine, { scenario }: Pick<Expected, "scenario">, limit = 1_000_000): Simulated {
  const messages = new Messages();
  const measures = new Measures(machine.warmup);
  const source = new SimulatedSource(scenario, messages, limit, machine.kind !== "line");
  const keys = scenario.keys.count;
  if (machine.kind === "line") runLine(machine, source, messages, measures);
  else if (machine.streams !== null) new Distributed(machine, machine.streams, source, messages, measures, keys).run();
  else if (machine.kind === "loop") new Loop(machine, source, messages, measures, keys).run();
  else new Workers(machine, source, messages, measures, keys).run();
  const arrivals = source.total();
  const { processed, dropped, measured, lastDone, sojourn } = measures;
  // The duration of a partly simulated load is unknown.
  const paced = arrivals < limit ? (pacedSpan(scenario) ?? 0) * 1000 : 0;
  const span = Math.max(1, lastDone - source.firstDue, paced);
  return {
    arrivals,
    processed,
    dropped,
    unfinished: arrivals - processed - dropped,
    throughput: measured === 0 ? 0 : (measured * 1e9) / span,
    sojourn,
    service: processed === 0 ? 0 : measures.busy / processed,
    utilization: utilization(machine, measures.busy, measures.end),
  };
}

function utilization(machine: SimulatedMachine, busy: Nanoseconds, end: Nanoseconds): number {
  const servers = machine.threads * (overlaps(machine) ? machine.slots : 1);
  return Math.min(1, busy / Math.max(1, end) / servers);
}
