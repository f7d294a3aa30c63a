import { formatCount, formatMs } from "../../kernel/units.ts";
import { counted, listed, sentenceCase } from "../../kernel/wording.ts";
import { loadsDiffer, throughputDiffers } from "../../telemetry/noise.ts";
import { valueText } from "../../telemetry/params.ts";
import { percentileText, slowest, tailOf, typical } from "../../telemetry/percentiles.ts";
import type { CaseResult } from "../../telemetry/result.ts";
import { workersIn } from "../../telemetry/threads.ts";

/** Compares modes. */

/** The same list in each mode, as multiples of one request at a time. */
export function enginesCompared(cases: readonly CaseResult[], fields: readonly string[]): string[] {
  const sync = cases.find(({ mode, fetch }) => mode === "sync" && fetch !== undefined);
  if (sync === undefined || fields.length > 0 || loadsDiffer(cases)) return [];
  // A mode with more failures does more in the same time.
  const shares = cases.map(({ ledger }) => ledger.processed / Math.max(1, ledger.scheduled));
  if (Math.max(...shares) - Math.min(...shares) > 0.05) return [];
  // Modes with spare time are not comparable.
  const rates = cases.map(({ throughput }) => throughput);
  if (Math.max(...rates) < 1.1 * Math.min(...rates)) return [];
  const megabytes = ({ process }: CaseResult) => `${Math.round(process.peakRssBytes / 1e6)} MB`;
  const told = cases
    .filter((one) => one !== sync)
    .map((one) => {
      const threads = one.mode === "parallel" ? `parallel (${counted(workersIn(one.process.threads).length, "thread")})` : one.mode;
      return `${threads} ${(one.throughput / sync.throughput).toFixed(1)} × at ${megabytes(one)}`;
    });
  if (told.length === 0) return [];
  const base = `${formatCount(sync.throughput)}/s at ${megabytes(sync)}`;
  const of = (mode: string) => cases.find((one) => one.mode === mode);
  const [loop, threads] = [of("async"), of("parallel")];
  // Where threads do more than the loop, the gain is not from waiting alone.
  const waits = loop !== undefined && (threads === undefined || throughputDiffers(loop, threads) <= 0);
  const lesson = waits ? " What waits for a server needs no core, so it needs no thread either." : "";
  return [`Against one request at a time (${base}): ${told.join(", ")}.${lesson}`];
}

export function queriesCompared(cases: readonly CaseResult[]): string[] {
  const asked = cases.filter(({ queries }) => queries.answered > 0);
  if (asked.length === 0) return [];
  const tail = tailOf(asked.map(({ queries }) => queries.latency));
  const told = asked.map(({ mode, params, queries }) => {
    const where = Object.entries(params).map(([field, value]) => `${field} ${valueText(value)}`);
    return `${mode}${where.length === 0 ? "" : ` at ${listed(where)}`} ${tail === null ? formatMs(queries.latency.max) : percentileText(queries.latency, tail)} (${formatCount(queries.answered)} of ${formatCount(queries.sent)} answered)`;
  });
  const why = sentenceCase([...behindMessages(asked), ...ofWorkers(asked)].join(", "));
  return [`A query's ${tail ?? "longest wait"}: ${told.join("; ")}.${why === "" ? "" : ` ${why}.`}`];
}

/** The modes in which one thread answers queries and works, and the slowest answers take as long as a good part of a message. */
function behindMessages(asked: readonly CaseResult[]): string[] {
  const modes = [...new Set(asked.map(({ mode }) => mode))].filter((mode) => !["parallel", "distributed"].includes(mode));
  const waiting = modes.filter((mode) => asked.filter((one) => one.mode === mode).every(answersBetween));
  return waiting.length === 0 ? [] : [`in ${listed(waiting)} it waits for the messages before it`];
}

/** True where work does not delay queries: it is handed over, or leaves the loop free while it waits. */
function answersBetween({ process, queries, latency }: CaseResult): boolean {
  const handedOver = workersIn(process.threads).length > 0;
  return !handedOver && process.eventLoop.busy >= 0.3 && slowest(queries.latency).ms >= 0.5 * typical(latency.service).ms;
}

function ofWorkers(asked: readonly CaseResult[]): string[] {
  const parallel = asked.filter(({ mode }) => mode === "parallel");
  if (parallel.length === 0) return [];
  const snapshots = parallel.filter(({ queries }) => queries.staleness !== undefined);
  if (snapshots.length === 0) return ["in parallel it goes to the Worker that owns its key"];
  return snapshots.length === parallel.length ? ["in parallel a snapshot answers it, without its Worker"] : [];
}
