import { MODE_TRAITS } from "../scenario/modes.ts";
import type { Shortfall } from "../telemetry/prediction.ts";
import type { CaseResult } from "../telemetry/result.ts";
import { workersIn } from "../telemetry/threads.ts";
import { type Expected, rationed } from "../theory/demand.ts";

type Figures = Pick<CaseResult, "durationMs" | "throughput" | "ledger" | "latency" | "sourceBlocked" | "process">;

/**
 * Throughput that a case lost against theory's capacity, by cause, in items per second; the causes sum to capacity − throughput.
 *
 * For one thread that handles items in turn, or as many as there are cores: threads × span is the available time, and is spent on work as
 * asked, on work that took longer, on reads, on queries, on the lab's own overhead, and on nothing. null where a thread's time does not
 * determine what it could have done (overlapping waits, batches with costs, more Workers than cores, a CPU quota, round trips).
 */
export function shortfallOf(figures: Figures, expected: Expected): Shortfall | null {
  const { durationMs: span, throughput, latency, process, ledger } = figures;
  const threads = threadsOf(expected);
  if (threads === null || span <= 0 || latency.service.count === 0 || ledger.failed > 0) return null;
  const { mode, scenario } = expected;
  const done = (throughput * span) / 1000;
  const asked = scenario.work.time / 1000;
  const readAsked = mode === "sync" ? (scenario.source.latency.min + scenario.source.latency.max) / 2000 : 0;
  const capacity = (threads * 1000) / (asked + readAsked);
  const worked = latency.service.mean * done;
  const read = mode === "sync" ? figures.sourceBlocked.readMs : 0;
  const queries = mode === "parallel" ? 0 : Math.min(figures.sourceBlocked.queryMs, Math.max(0, threads * span - worked - read));
  const rest = threads * span - worked - read - queries;
  const busy = mode === "parallel" ? workersBusy(process.threads) : process.eventLoop.busy * span;
  if (busy === null) return null;
  const used = mode === "parallel" ? busy * span : busy;
  const overhead = Math.min(Math.max(0, rest), Math.max(0, used - worked - queries - (mode === "sync" ? read : 0)));
  // Items that would have been done per millisecond of thread time.
  const perMs = capacity / (threads * span);
  const part = (ms: number) => ms * perMs;
  return {
    capacity,
    throughput,
    causes: {
      work: part(worked - done * asked),
      reads: part(read - done * readAsked),
      queries: part(queries),
      overhead: part(overhead),
      idle: part(rest - overhead),
    },
  };
}

/** Threads that handle items one after another at full speed; null: it is not so simple. */
function threadsOf(expected: Expected): number | null {
  const { mode, scenario, workers, cores } = expected;
  const { workload, work, async, source } = scenario;
  if (workload !== "message" || !(work.kind === "cpu" || work.kind === "sleep") || work.time === 0 || work.perBatch > 0) return null;
  if (work.kind === "cpu" && rationed(expected)) return null;
  if (mode === "sync") return 1;
  if (source.latency.max > 0 || MODE_TRAITS[mode].remote) return null;
  if (mode === "async") return async.offload === "none" ? 1 : null;
  return work.kind === "cpu" && workers <= cores ? workers : null;
}

/** CPU used by the Workers, in threads; null where the system does not report it. */
function workersBusy(threads: CaseResult["process"]["threads"]): number | null {
  const workers = workersIn(threads);
  return workers.some(({ utilization }) => utilization === null)
    ? null
    : workers.reduce((sum, { utilization }) => sum + (utilization ?? 0), 0);
}
