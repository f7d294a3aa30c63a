import type { Scenario } from "../../../src/scenario/schema.ts";
import type { CaseResult } from "../../../src/telemetry/result.ts";
import { runVirtually } from "../virtual-run.ts";
import { type Told, workersOf } from "./claim.ts";

/** What is said to help, tried: the same case run with it by the engine's own executors, on a virtual clock. */

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
export async function uselessAdvice(text: string, { result, scenario }: Told): Promise<string[]> {
  const mode = (["sync", "async", "parallel"] as const).find((each) => each === result.mode);
  if (mode === undefined) return [];
  const machine = { workers: mode === "parallel" ? Math.max(1, workersOf(result).length) : 1, cores: result.cores.length };
  const useless: string[] = [];
  for (const [advice, follow] of Object.entries(ADVICE)) {
    if (!text.includes(advice)) continue;
    const { result: after } = await runVirtually(follow(scenario), mode, machine);
    if (isBetter(after, result)) continue;
    const [was, is] = [result, after].map(({ throughput, latency }) => `${throughput}/s in ${latency.sojourn.mean} ms`);
    useless.push(`does not help: "${advice}": ${was} → ${is}`);
  }
  return useless;
}

type Measured = Pick<CaseResult, "throughput" | "latency" | "ledger">;

function isBetter(after: Measured, before: Measured): boolean {
  const lost = ({ ledger }: Measured) => ledger.dropped.newest + ledger.dropped.oldest + ledger.unfinished;
  const more = after.throughput > 1.02 * before.throughput;
  const sooner = after.latency.sojourn.mean < 0.99 * before.latency.sojourn.mean;
  return more || sooner || lost(after) < lost(before);
}
