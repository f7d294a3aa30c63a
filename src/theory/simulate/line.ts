import type { Nanoseconds } from "../../kernel/clock.ts";
import { Cores } from "./cores.ts";
import type { SimulatedMachine } from "./machine.ts";
import type { Measures } from "./measures.ts";
import type { Messages } from "./messages.ts";
import type { SimulatedSource } from "./source.ts";

/** One thread does everything in turn and every wait blocks it: `sync`. */
export function runLine(machine: SimulatedMachine, source: SimulatedSource, messages: Messages, measures: Measures): void {
  const { shares, stretch, perBatch, grace, ration } = machine;
  const held = shares.cpu + shares.hold;
  const cores = ration === null ? null : new Cores(1, ration);
  const opening = perBatch * stretch;
  let now: Nanoseconds = 0;
  while (source.pending !== Number.POSITIVE_INFINITY) {
    const due = source.pending;
    if (due > now) now = due;
    if (source.expired(now, grace)) return;
    const id = source.take();
    const demand = messages.demand[id] as number;
    const service = opening + demand * held * stretch + demand * shares.wait;
    now += source.nextLatency();
    const compute = (perBatch + demand * shares.cpu) * stretch;
    now = cores === null ? now + service : cores.alone(compute, now) + service - compute;
    measures.busy += service;
    measures.done(due, now);
    messages.remove(id);
    source.answered(1, now);
  }
}
