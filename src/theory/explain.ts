import { formatCount, formatMs, formatShare } from "../kernel/units.ts";
import { droppedTotal } from "../telemetry/ledger.ts";
import type { CaseResult } from "../telemetry/result.ts";

type Explained = Omit<CaseResult, "explanation" | "series" | "params">;

const BUSY = 0.9;
/** A Worker shares its core with the source and with whatever else runs; from here on it is the limit. */
const WORKER_BUSY = 0.8;

/** What held the case back, named from measured utilisation, with the number that shows it. */
export function explain(result: Explained): string {
  if (result.status === "failed") return result.problems[0] ?? "The case failed.";
  if (result.ledger.processed === 0) return "Nothing was processed, so there is nothing to explain.";
  const main = result.process.threads.find(({ name }) => name === "main")?.utilization ?? null;
  const workers = result.process.threads.filter(({ name }) => name.startsWith("worker-"));
  const busyWorkers = workers.filter(({ utilization }) => (utilization ?? 0) >= WORKER_BUSY).length;
  const meanCore = mean(result.cores.map(({ utilization }) => utilization));
  const rate = `${formatCount(result.throughput)} messages/s`;
  const lost = aftermath(result);
  if (result.mode !== "parallel" && (main ?? 0) >= BUSY) {
    const cores = result.cores.length;
    const idle = cores > 1 ? ` while the machine's ${cores} cores were ${formatShare(meanCore)} used in all` : "";
    const thread = result.mode === "sync" ? "its one thread" : "its one event loop";
    return `One core is the limit: ${thread} was computing ${formatShare(main ?? 0)} of the time${idle}, at ${rate}.${lost}`;
  }
  if (workers.length > 0 && busyWorkers === workers.length) {
    return `All cores are the limit: each of the ${workers.length} Workers was computing at least ${formatShare(WORKER_BUSY)} of the time, at ${rate}.${lost}`;
  }
  if (busyWorkers > 0) {
    return `${busyWorkers} of ${workers.length} Workers ${busyWorkers === 1 ? "is" : "are"} the limit: their keys keep them busy while the others wait, at ${rate}.${lost}`;
  }
  if (result.process.eventLoop.busy >= BUSY && result.mode !== "parallel" && result.durationMs > 50) {
    return `The thread is the limit: it was held ${formatShare(result.process.eventLoop.busy)} of the time, mostly by waiting that blocks it, at ${rate}.${lost}`;
  }
  if (droppedTotal(result.ledger) > 0 && result.queue.capacity !== null) {
    const busiest = Math.max(...result.process.threads.map(({ utilization }) => utilization ?? 0));
    return `The queue is the limit: its ${formatCount(result.queue.capacity)} places overflowed when arrivals came close together, though no thread was computing more than ${formatShare(busiest)} of the time.${lost}`;
  }
  if (lost !== "" && result.durationMs > 50) return `The work itself is the limit, not a core: ${rate} went through.${lost}`;
  return `The arrivals are the limit: all of them were processed at ${rate}, with a median sojourn time of ${formatMs(result.latency.sojourn.p50)}.`;
}

function aftermath({ ledger, latency }: Explained): string {
  const dropped = droppedTotal(ledger);
  if (dropped > 0) return ` ${formatCount(dropped)} of ${formatCount(ledger.scheduled)} were dropped at the full queue.`;
  if (ledger.unfinished > 0) return ` ${formatCount(ledger.unfinished)} of ${formatCount(ledger.scheduled)} were still undone at the end.`;
  if (latency.sojourn.p99 > 10 * latency.service.p99) return ` Waiting made the 99th percentile ${formatMs(latency.sojourn.p99)}.`;
  return "";
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
