import { count, duration, equation, perSecond, seconds } from "../kernel/equation.ts";
import { formatBytes, formatCount, formatMs, formatShare } from "../kernel/units.ts";
import { agreeing, counted, sentenceCase } from "../kernel/wording.ts";
import type { FetchSettings, Scenario } from "../scenario/schema.ts";
import { droppedTotal } from "../telemetry/ledger.ts";
import { keepsPace } from "../telemetry/pace.ts";
import { crowding } from "../telemetry/phases.ts";
import type { CaseResult, FetchFigures } from "../telemetry/result.ts";
import { requestDemand, sawtoothMean } from "./fetch.ts";

export type Explained = Omit<CaseResult, "explanation" | "series" | "params"> & {
  /** What averages over the whole run hide; absent where nobody kept it. */
  readonly series?: CaseResult["series"];
};

/** What held a case of requests back, and what its retries, limits and breakers did, in sentences made of its own numbers. */
export function explainFetch(result: Explained, scenario: Scenario): string {
  const { fetch } = result;
  const settings = scenario.fetch;
  if (fetch === undefined || settings === undefined) return "There were no requests, so there is nothing to explain.";
  const sentences = [
    limit(result, fetch, scenario, settings),
    retries(fetch, settings),
    beside(fetch),
    limiter(fetch, settings),
    breaker(fetch),
    held(result, fetch, settings),
    rest(result, fetch),
  ];
  return sentences.filter((sentence) => sentence !== null).join(" ");
}

/** Requests per second that took a place of those in flight: what was refused, or was there already, went nowhere. */
export function sentPerSecond({ throughput, durationMs }: Pick<CaseResult, "throughput" | "durationMs">, fetch: FetchFigures): number {
  const well = fetch.ok + fetch.degraded - fetch.resumed;
  return well > 0 ? (throughput * fetch.sent) / well : durationMs > 0 ? (fetch.sent * 1000) / durationMs : 0;
}

/** Share of all requests that a breaker refuses, or of attempts that a server has no connection for, from which on that is what decides. */
const REFUSED = 0.2;

/** Requests under way over time, by Little's law from what was measured. */
function limit(result: Explained, fetch: FetchFigures, { load }: Scenario, settings: FetchSettings): string {
  const { concurrency } = settings;
  const { mode, throughput, latency, ledger } = result;
  const sent = sentPerSecond(result, fetch);
  const each = fetch.itemMs;
  const meanInFlight = (sent * each) / 1000;
  const rate = `${formatCount(throughput)}${sent > 1.02 * throughput ? ` of ${formatCount(sent)}` : ""} requests/s`;
  const lost = ledger.unfinished + droppedTotal(ledger);
  const most = formatCount(fetch.requests);
  if (fetch.resumed > 0.5 * fetch.requests)
    return `Most was there already: ${formatCount(fetch.resumed)} of ${most} requests did not have to be sent.`;
  if (fetch.rateLimited > 0.1 * fetch.attempts && settings.rateLimit === false) {
    return `The server's rate limit is the limit: ${formatCount(fetch.rateLimited)} of ${counted(fetch.attempts, "attempt")} ${agreeing(fetch.rateLimited, "was", "were")} answered 429, and an item took ${formatMs(each)} with its waits; ${rate} went through. More at once would not help; a client that keeps to the rate (fetch.rateLimit) would.`;
  }
  const turnedAway = fetch.server?.refused ?? 0;
  if (turnedAway > REFUSED * fetch.attempts) {
    return `The server's connections are the limit: it holds ${formatCount(settings.target?.mock?.maxConnections ?? 0)} at once and broke off ${formatCount(turnedAway)} more, of ${counted(fetch.attempts, "attempt")}; ${rate} went through. Fewer requests in flight would help.`;
  }
  if (fetch.failed > 0.5 * fetch.requests && fetch.refusedByBreaker <= REFUSED * fetch.requests) {
    const worst = result.failures.reduce((a, b) => (b.count > a.count ? b : a), { reason: "", count: 0 });
    const why = worst.count === 0 ? "" : `, ${formatCount(worst.count)} of them with "${worst.reason}"`;
    return `What fails is the limit: ${formatCount(fetch.failed)} of ${most} requests did${why}; ${rate} went through.`;
  }
  const idle = latency.schedule.mean + latency.queue.mean < 0.5 * each && latency.sojourn.p50 <= Math.max(1, CROWDED * each);
  const inTime = !("vus" in load) && lost === 0 && keepsPace(result) && idle;
  if (fetch.refusedByBreaker > REFUSED * fetch.requests) {
    return `The open circuit breaker is the limit: it refused ${formatCount(fetch.refusedByBreaker)} of ${most} requests; ${rate} went through.`;
  }
  if (fetch.requests === 1) return `One request is all there was: it took ${formatMs(each)} with all its attempts and waits.`;
  if (mode === "sync" && inTime && meanInFlight < 0.8) {
    return `The arrivals are the limit: ${rate} at ${formatMs(each)} each kept the one thread waiting ${formatShare(meanInFlight)} of the time.`;
  }
  if (mode === "sync") {
    return `One request at a time: each waits ${formatMs(each)} for its answer and ${equation(count(1), [["÷", duration(each)]], perSecond, "is")}; ${rate} went through while the thread was computing ${formatShare(utilizations(result).main)} of the time.`;
  }
  const allowed = concurrency.max === "unlimited" ? Number.POSITIVE_INFINITY : concurrency.max;
  const slots = Math.min(allowed, settings.connections.max);
  const used = meanInFlight / slots;
  const { main, workers } = utilizations(result);
  if (mode === "async" && main >= 0.9) {
    return `The event loop is the limit: ${rate} took ${formatShare(main)} of one core, which is all that one loop has. More Workers would help.`;
  }
  const attempted = throughput * Math.max(1, fetch.amplification);
  if (settings.rateLimit !== false && attempted >= 0.9 * settings.rateLimit.max) {
    return `The rate limit set for the client (fetch.rateLimit.max, ${formatCount(settings.rateLimit.max)}/s) is the limit: ${rate} went through.`;
  }
  if (settings.rateLimit !== false && fetch.rateTurns.length === 0 && fetch.peakConcurrency < slots && !inTime) {
    return `The client's own rate is the limit: it begins at ${formatCount(settings.rateLimit.initial)}/s (fetch.rateLimit.initial) and climbs ×1.1 after every 10 successes; ${rate} went through, with ${formatCount(fetch.peakConcurrency)} in flight at most.`;
  }
  if (fetch.rateTurns.length > 0 && (used >= 0.5 || !inTime)) {
    return `The server's rate limit is the limit: ${rate} went through.`;
  }
  if (concurrency.window === "waves" && fetch.peakConcurrency >= slots) {
    const places = Number.isFinite(allowed) ? formatCount(allowed) : "any number of";
    return `Waves: a wave ends with its slowest request, so of ${places} places ${formatCount(meanInFlight)} were in use on average; ${rate} went through.`;
  }
  if (fetch.attempts > 3 * fetch.requests) {
    return `Waiting for the server to come back is the limit: an item took ${formatMs(each)}, of ${counted(fetch.attempts, "attempt")} ${formatCount(fetch.ok)} ${agreeing(fetch.ok, "was", "were")} answered well.`;
  }
  const where = mode === "parallel" ? ` over ${counted(workers, "Worker")}` : " on one loop";
  const needed = equation(perSecond(sent), [["×", duration(each)]], (value) => count(value, "in flight on average"));
  const of = Number.isFinite(slots) ? ` of ${formatCount(slots)} allowed` : "";
  const seen = { slots, meanInFlight, where, rate, needed, of };
  return (
    (inTime ? `The arrivals are the limit: ${rate} needed, by Little's law, ${needed}${of}.` : null) ??
    (concurrency.max === "unlimited" ? null : clients(result, fetch, load, seen)) ??
    places(result, fetch, settings, seen)
  );
}

interface Seen {
  readonly slots: number;
  readonly meanInFlight: number;
  readonly where: string;
  readonly rate: string;
  /** Little's law, as an equation. */
  readonly needed: string;
  readonly of: string;
}

/** Fewer ask at a time than may: with the places that are left nobody would ask sooner. */
function clients({ durationMs }: Explained, fetch: FetchFigures, load: Scenario["load"], { slots, rate, needed }: Seen): string | null {
  if (!("vus" in load) || load.vus >= slots) return null;
  const once = load.executor === "shared-iterations" && load.iterations <= load.vus;
  if (once) {
    return `The list is the limit: its ${counted(fetch.requests, "request")} all were under way at once and over after ${formatMs(durationMs)}, when the slowest was. More places would not help.`;
  }
  return `The clients are the limit: each of the ${formatCount(load.vus)} waits for its answer before it asks again; ${rate} needed, by Little's law, ${needed}.`;
}

/** As many under way as there may be: all along, or while most came. */
function places(
  result: Explained,
  fetch: FetchFigures,
  settings: FetchSettings,
  { slots, meanInFlight, where, rate, needed, of }: Seen,
): string {
  const { concurrency, connections } = settings;
  const each = fetch.itemMs;
  const used = meanInFlight / slots;
  const allowed = concurrency.max === "unlimited" ? Number.POSITIVE_INFINITY : concurrency.max;
  if (!Number.isFinite(allowed) && fetch.peakConcurrency < slots) {
    return `Nothing limits the requests in flight: ${agreeing(fetch.peakConcurrency, "there was", "there were")} ${formatCount(fetch.peakConcurrency)} at once, each took ${formatMs(each)}, and ${rate} went through.`;
  }
  if (concurrency.adaptive === "aimd" && used < 0.9) {
    return `The adaptive limit (fetch.concurrency.adaptive) is the limit: ${formatCount(meanInFlight)} were in flight on average and ${formatCount(fetch.peakConcurrency)} at most, of ${formatCount(slots)}; it grows by one for each round of answers that come well and in time, and shrinks ×${concurrency.decrease} at a refusal, a failure or a late one. ${formatMs(each)} each; ${rate} went through.`;
  }
  // What waits for a connection is in flight as far as the client goes: how long each holds one follows from how many go through.
  if (connections.max < allowed && used >= FULLY) {
    const through = equation(count(connections.max), [["÷", perSecond(sentPerSecond(result, fetch))]], seconds, "is");
    return `The connections are the limit: ${counted(connections.max, "connection")}${where} for ${formatCount(meanInFlight)} in flight on average; ${through}, which is how long a request holds one. ${rate} went through, with ${Number.isFinite(allowed) ? formatCount(allowed) : "any number of"} requests allowed at once. A larger fetch.connections.max would help as long as the server keeps its pace.`;
  }
  if (used >= FULLY) {
    const sum = equation(count(slots, `in flight${where}`), [["÷", duration(each)]], perSecond, "is");
    return `Concurrency is the limit: ${sum}; ${rate} went through, ${formatCount(meanInFlight)} in flight on average. A larger fetch.concurrency.max would help as long as the server keeps its pace.`;
  }
  const crowd = crowding(result.series, CROWDED * each);
  if (crowd !== null && crowd.inFlight >= FULLY * slots) {
    return `Concurrency is the limit at times: for ${formatMs(crowd.ms)} ${slots === 1 ? "the one place was" : `all ${formatCount(slots)} places were`} taken while up to ${formatCount(crowd.depth)} waited, ${formatMs(crowd.p50)} at the median; ${formatCount(crowd.offered)}/s came then and ${formatCount(crowd.processed)}/s were done. ${rate} went through in all: ${needed}${of}. A larger fetch.concurrency.max would help as long as the server keeps its pace.`;
  }
  return `No single limit shows: ${rate} went through, ${needed}${of}, with a median sojourn time of ${formatMs(result.latency.sojourn.p50)}.`;
}

/** Share of the places that is as good as all. */
const FULLY = 0.8;
/** Times what a request takes by itself from which on it waited. */
const CROWDED = 3;

function utilizations({ process }: Explained): { main: number; workers: number } {
  const main = process.threads.find(({ name }) => name === "main")?.utilization ?? 0;
  return { main, workers: process.threads.length - 1 };
}

function retries(fetch: FetchFigures, settings: FetchSettings): string | null {
  if (fetch.retries === 0) return null;
  const demand = requestDemand(settings);
  const series =
    demand === null || demand.failing === 0
      ? ""
      : `; the geometric series for a failure rate of ${formatShare(demand.failing)} and ${counted(settings.retry.max, "retry", "retries")} gives ${demand.attempts.toFixed(3)}`;
  const around = fetch.byCause?.parents ?? fetch.attempts - fetch.retries - fetch.sent;
  const parents = around > 0 ? ` (${formatCount(around)} more for the tiles around)` : "";
  const well = `${formatCount(fetch.ok)} of ${formatCount(fetch.requests)} ended well`;
  return `Retries: ${counted(fetch.sent + fetch.retries, "attempt")} for the ${counted(fetch.sent, "request")} that ${agreeing(fetch.sent, "was", "were")} sent${parents}, ${fetch.amplification.toFixed(3)} each${series}; ${well}.`;
}

/** Requests that went out beside the first of each item and its retries. */
function beside({ attempts, byCause, unread = 0 }: FetchFigures): string | null {
  if (byCause === undefined || byCause.redirects + byCause.resent === 0) return null;
  const { redirects, resent } = byCause;
  const known = unread === 0 ? "" : `, ${formatCount(unread)} of them after one that no server had read and that is no attempt`;
  const parts = [
    ...(redirects > 0 ? [`${formatCount(redirects)} followed redirects`] : []),
    ...(resent > 0
      ? [
          `${formatCount(resent)} ${agreeing(resent, "was", "were")} sent anew because a kept connection was over before a byte of the answer${known}`,
        ]
      : []),
  ];
  return `Of ${counted(attempts, "request")} that went out, ${parts.join(", ")}.`;
}

function limiter(fetch: FetchFigures, { rateLimit, target }: FetchSettings): string | null {
  if (rateLimit === false)
    return fetch.rateLimited > 0
      ? `${counted(fetch.rateLimited, "attempt")} ${agreeing(fetch.rateLimited, "was", "were")} answered 429.`
      : null;
  if (fetch.rateTurns.length === 0) return `The rate limiter was never told to slow down.`;
  const turns = fetch.rateTurns.slice(1);
  const mean =
    (turns.length > 0 ? turns : fetch.rateTurns).reduce((sum, turn) => sum + turn, 0) / Math.max(1, turns.length || fetch.rateTurns.length);
  const server = target?.mock?.rateLimit ?? 0;
  const against = server > 0 ? ` (the server allows ${formatCount(server)}/s)` : "";
  return `The rate climbed ×1.1 after 10 successes and was halved ${counted(fetch.rateTurns.length, "time")}, at ${formatCount(mean)}/s on average${against}: a sawtooth from half the peak spends its time at ln 2 = ${formatShare(sawtoothMean(0.5))} of it. Cut to 0.9 instead of 0.5 it would be ${formatShare(sawtoothMean(0.9))}.`;
}

function breaker(fetch: FetchFigures): string | null {
  if (fetch.refusedByBreaker === 0) return null;
  const server =
    fetch.server === null
      ? ""
      : ` The server itself counted ${counted(fetch.server.requests, "request")}, and ${formatCount(fetch.attempts)} went out.`;
  const more = (fetch.server?.requests ?? 0) - fetch.attempts;
  const again =
    more > 0 ? ` The ${formatCount(more)} more are the HTTP client's own: it asks once more when a kept connection breaks.` : "";
  const before = fetch.sent + fetch.refusedByBreaker + fetch.resumed - fetch.requests;
  const retried = before > 0 ? ` (${formatCount(before)} of them at a retry)` : "";
  return `While the circuit was open ${counted(fetch.refusedByBreaker, "request")} ${agreeing(fetch.refusedByBreaker, "was", "were")} refused at once, without touching the network${retried}.${server}${again}`;
}

/** What requests took hold of where nothing bounds them, or where the server did not give it. */
function held(
  { process }: Explained,
  { server, connectionsOpened, attempts }: FetchFigures,
  { concurrency, target }: FetchSettings,
): string | null {
  const refused = server?.refused ?? 0;
  if (concurrency.max !== "unlimited" && refused === 0) return null;
  const { peakOpenFiles, peakRssBytes } = process;
  const files = peakOpenFiles === null ? [] : [counted(peakOpenFiles, "open file")];
  const opened = connectionsOpened === null ? [] : [counted(connectionsOpened, "connection")];
  const taken = [...files, ...opened].join(", ");
  const most = target?.mock?.maxConnections ?? 0;
  const beyond =
    refused === 0 || refused > REFUSED * attempts
      ? ""
      : ` The server, which holds ${formatCount(most)} at once, broke off ${formatCount(refused)} more.`;
  return `It took ${taken}${taken === "" ? "" : " and "}${formatBytes(peakRssBytes)} of memory.${beyond}`;
}

/** What became of those that did not end well. */
function rest({ ledger }: Explained, fetch: FetchFigures): string | null {
  const parts: string[] = [];
  if (fetch.degraded > 0) parts.push(`${formatCount(fetch.degraded)} got something else instead`);
  if (fetch.failed > 0) parts.push(`${formatCount(fetch.failed)} failed${attemptsGoneWrong(fetch)}`);
  if (ledger.rejected > 0) parts.push(`${formatCount(ledger.rejected)} could not be asked for, being no addresses`);
  const dropped = droppedTotal(ledger);
  if (dropped > 0) parts.push(`${formatCount(dropped)} ${agreeing(dropped, "was", "were")} dropped because the queue was full`);
  if (ledger.unfinished > 0)
    parts.push(`${formatCount(ledger.unfinished)} ${agreeing(ledger.unfinished, "was", "were")} still undone at the end`);
  if (parts.length === 0) return null;
  return `${sentenceCase(parts.join(", "))}.`;
}

/** What went wrong with attempts, the most frequent first: errors and statuses. */
export function attemptsGoneWrong({ byError, byStatus }: FetchFigures): string {
  const refusals = Object.entries(byStatus).filter(([status]) => Number(status) >= 300);
  const all = [...Object.entries(byError), ...refusals].sort(([, a], [, b]) => b - a);
  const named = all.slice(0, 3).map(([name, count]) => `${name} ${formatCount(count)}×`);
  return named.length > 0 ? ` (attempts: ${named.join(", ")})` : "";
}
