import type { CasePlan } from "../plan/plan.ts";
import { Histogram } from "../telemetry/histogram.ts";
import { EMPTY_LEDGER, type Ledger } from "../telemetry/ledger.ts";
import type { RunnerResult } from "./protocol.ts";

/** The figures of a case whose runner ended without a result: what its last sample said, the rest empty. */
export function failedResult(
  plan: CasePlan,
  status: "failed" | "aborted",
  problem: string,
  ledger: Ledger | null,
  count: number,
  peakRssBytes: number,
): RunnerResult {
  const none = new Histogram().summary();
  return {
    mode: plan.mode,
    status,
    problems: status === "failed" ? [problem] : [],
    warnings: status === "failed" ? [] : [problem],
    tape: { hash: null, count },
    ledger: ledger ?? EMPTY_LEDGER,
    rejections: [],
    failures: [],
    orderViolations: 0,
    durationMs: 0,
    throughput: 0,
    offeredRate: null,
    intakeRate: 0,
    latency: { sojourn: none, schedule: none, queue: none, batch: none, service: none },
    sourceBlockedMs: 0,
    sourceBlocked: { readMs: 0, processingMs: 0, queryMs: 0, queueFullMs: 0 },
    queue: { capacity: null, meanDepth: 0, highWater: 0, meanWaitMs: 0, fullMs: 0, growthPerSecond: 0 },
    batches: { count: 0, meanSize: 0 },
    queries: { sent: 0, answered: 0, latency: none },
    cores: [],
    process: {
      cpuMs: 0,
      peakRssBytes,
      peakOpenFiles: null,
      eventLoop: { delayMs: { p50: 0, p99: 0, max: 0 }, busy: 0 },
      threads: [],
    },
    littlesLaw: { meanInSystem: 0, lambdaTimesW: 0, relativeError: 0 },
    state: null,
    thresholds: [],
  };
}
