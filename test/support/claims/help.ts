import type { Mode, Scenario } from "../../../src/scenario/schema.ts";
import { simulate } from "../../../src/theory/simulate.ts";
import { type Told, workersOf } from "./claim.ts";

/** What is said to help, tried: the same case simulated with it. */

const ADVICE: Readonly<Record<string, (scenario: Scenario) => Scenario>> = {
  "A larger async.concurrency would help": (scenario) => ({
    ...scenario,
    async: { ...scenario.async, concurrency: 4 * scenario.async.concurrency },
  }),
  "More connections would help": (scenario) => ({
    ...scenario,
    source: { ...scenario.source, connections: 4 * scenario.source.connections },
  }),
  "A larger queue.capacity would help": (scenario) => ({ ...scenario, queue: { ...scenario.queue, capacity: "unlimited" } }),
  "A shorter batch.timeout would help": (scenario) => ({
    ...scenario,
    batch: { ...scenario.batch, timeout: (scenario.batch.timeout ?? 0) / 4 },
  }),
  "A smaller batch.size would help": (scenario) => ({
    ...scenario,
    batch: { ...scenario.batch, size: Math.ceil((scenario.batch.size ?? 1) / 4) },
  }),
  "A batch.size would help": (scenario) => ({ ...scenario, batch: { ...scenario.batch, size: 1 } }),
  "A batch.timeout would help": (scenario) => ({ ...scenario, batch: { ...scenario.batch, timeout: 100 } }),
  "Spreading the work over more keys would help": (scenario) => ({
    ...scenario,
    keys: { ...scenario.keys, count: 10 * scenario.keys.count },
  }),
  "A batch.order of key would help": (scenario) => ({ ...scenario, batch: { ...scenario.batch, order: "key" } }),
  "Less work per message": (scenario) => ({ ...scenario, work: { ...scenario.work, time: scenario.work.time / 2 } }),
};

/** Advice in a text that, followed, makes nothing better: neither more is done, nor sooner, nor less is lost. */
export function uselessAdvice(text: string, { result, scenario }: Told): string[] {
  const { mode } = result;
  if (mode !== "sync" && mode !== "async" && mode !== "parallel") return [];
  const machine = { mode: mode as Mode, workers: Math.max(1, workersOf(result).length), cores: result.cores.length };
  return Object.entries(ADVICE).flatMap(([advice, follow]) => {
    if (!text.includes(advice)) return [];
    const before = simulate({ ...machine, scenario });
    const after = simulate({ ...machine, scenario: follow(scenario) });
    // What the simulation loses nothing of cannot lose less.
    if (before === null || after === null || (advice.includes("queue") && before.dropped === 0)) return [];
    const more = after.throughput > 1.02 * before.throughput;
    const sooner = after.sojourn.mean < 0.99 * before.sojourn.mean;
    const kept = after.dropped + after.unfinished < before.dropped + before.unfinished;
    return more || sooner || kept
      ? []
      : [
          `does not help: "${advice}": ${before.throughput} → ${after.throughput}/s, ${before.sojourn.mean / 1e6} → ${after.sojourn.mean / 1e6} ms`,
        ];
  });
}
