import { Histogram } from "../../kernel/histogram.ts";
import { type CasePlan, queueCapacity } from "../../plan/plan.ts";
import { EMPTY_LEDGER, type Ledger } from "../../telemetry/ledger.ts";
import type { Sample } from "../../telemetry/sample.ts";
import type { RunnerResult } from "../protocol.ts";

/** The last reports of a runner before it ended. */
export interface LastSeen {
  readonly ledger?: Ledger | null;
  /** Arrivals on the tape. */
  readonly count?: number;
  readonly peakRssBytes?: number;
  readonly series?: readonly Sample[];
}

/** Milliseconds from the end of the warm-up to the last sample, and the items processed in them. */
function measured(series: readonly Sample[], warmupMs: number): { readonly ms: number; readonly processed: number } {
  let last = warmupMs;
  let processed = 0;
  for (const sample of series) {
    processed += (sample.processed * (sample.t - last)) / 1000;
    last = sample.t;
  }
  return { ms: last - warmupMs, processed };
}

/** Figures of a case whose runner ended without a result: those of its last sample, the rest empty. */
export function failedResult(
  plan: CasePlan,
  status: "failed" | "aborted",
  problem: string,
  { ledger = null, count = 0, peakRssBytes = 0, series = [] }: LastSeen = {},
): RunnerResult {
  const none = new Histogram().summary();
  const { ms, processed } = measured(series, plan.scenario.warmup / 1000);
  return {
    mode: plan.mode,
    status,
    problems: status === "failed" ? [problem] : [],
    warnings: status === "failed" ? [] : [problem],
    disturbed: null,
    tape: { hash: null, count },
    ledger: ledger ?? EMPTY_LEDGER,
    rejections: [],
    failures: [],
    orderViolations: 0,
    durationMs: ms,
    throughput: ms > 0 ? (processed * 1000) / ms : 0,
    offeredRate: null,
    intakeRate: 0,
    latency: { sojourn: none, schedule: none, queue: none, batch: none, service: none },
    sourceBlockedMs: 0,
    sourceBlocked: { readMs: 0, processingMs: 0, queryMs: 0, queueFullMs: 0 },
    queue: {
      capacity: queueCapacity(plan),
      meanDepth: 0,
      highWater: Math.max(0, ...series.map(({ depth }) => depth)),
      meanWaitMs: 0,
      fullMs: 0,
      growthPerSecond: 0,
    },
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
    checks: [],
    littlesLaw: { meanInSystem: 0, lambdaTimesW: 0, relativeError: 0 },
    state: null,
    thresholds: [],
  };
}
