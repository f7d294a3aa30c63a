import { countTerm, equation, rateTerm } from "../../kernel/equation.ts";
import { formatBytes, formatCount } from "../../kernel/units.ts";
import { agreeing, counted, listed, outOf, sentenceCase } from "../../kernel/wording.ts";
import { GROW_BY, SHRINK_BY } from "../../resilience/rate-limiter.ts";
import type { FetchSettings, Scenario } from "../../scenario/schema.ts";
import type { FetchFigures } from "../../telemetry/fetch-figures.ts";
import { droppedTotal } from "../../telemetry/ledger.ts";
import type { CaseResult, MeasuredCase } from "../../telemetry/result.ts";
import { limitsOf, requestDemand, sawtoothMean } from "../../theory/fetch.ts";
import { RequestFacts, sendersOf } from "./request-facts.ts";
import { REFUSED, requestLimit } from "./requests.ts";

export { sentPerSecond } from "./request-facts.ts";

export type Explained = Omit<MeasuredCase, "explanation" | "series" | "params"> & {
  /** Samples, which show what averages hide; absent where they were not kept. */
  readonly series?: CaseResult["series"];
};

/**
 * What limited a case of requests, and the effects of its retries, limits and breakers, in sentences with its own numbers. `coresTaken`:
 * other programs used the cores.
 */
export function explainFetch(result: Explained, scenario: Scenario, coresTaken = false): string {
  const { fetch } = result;
  if (fetch === undefined || scenario.fetch === undefined) return "There were no requests, so there is nothing to explain.";
  const settings = limitsOf(scenario.fetch, sendersOf(result));
  const facts = new RequestFacts(result, scenario, fetch, settings, coresTaken);
  const sentences = [
    requestLimit(facts),
    retries(fetch, settings),
    beside(fetch),
    limiter(facts),
    breaker(fetch),
    held(result, fetch, settings),
    rest(result, fetch),
    together(facts),
  ];
  return sentences.filter((sentence) => sentence !== null).join(" ");
}

/**
 * Outcomes of attempts beside what the rules alone make of the server's configured failures. Counts have all their digits, so that readers
 * can divide them.
 */
function retries(fetch: FetchFigures, settings: FetchSettings): string | null {
  if (fetch.retries === 0 || fetch.sent === 0) return null;
  const around = fetch.byCause?.parents ?? fetch.attempts - fetch.retries - fetch.sent;
  const parents = around > 0 ? ` (${around} more for the tiles around)` : "";
  const { sent } = fetch;
  const tried = sent + fetch.retries;
  const went = `${tried} attempts for the ${sent === 1 ? "one request that was" : `${sent} requests that were`} sent${parents}`;
  return `Retries: ${went}, ${attemptsEach(tried / sent)} each${series(settings)}; ${outOf(fetch.ok, fetch.requests)} ended well.`;
}

function series(settings: FetchSettings): string {
  const demand = requestDemand(settings);
  if (demand === null || demand.failing === 0) return "";
  const aside = (settings.target?.mock?.outages.length ?? 0) > 0 ? ", its outages aside" : "";
  return `; as the server is described${aside}, ${shareOf(demand.failing)} of attempts fail, of which the geometric series up to ${counted(settings.retry.max, "retry", "retries")} makes ${attemptsEach(demand.attempts)}`;
}

/** With as many digits as show the retries, which many attempts do without. */
function attemptsEach(attempts: number): string {
  return attempts < 10 ? attempts.toFixed(3) : formatCount(attempts);
}

/** A share with as many digits as calculations need. */
function shareOf(share: number): string {
  return `${Number((share * 100).toPrecision(4))} %`;
}

/** Requests sent beside the first of each item and its retries. */
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

/** Effects of the limiter: its turns, and the mean of the sawtooth through them. */
function limiter(facts: RequestFacts): string | null {
  const { fetch, settings, inTime, paced, clients } = facts;
  const { rateLimit } = settings;
  if (rateLimit === false)
    return fetch.rateLimited > 0
      ? `${counted(fetch.rateLimited, "attempt")} ${agreeing(fetch.rateLimited, "was", "were")} answered 429.`
      : null;
  const turns = fetch.rateTurns;
  if (turns.length === 0) return `The rate limiter was never told to slow down.`;
  const mean = turns.reduce((sum, turn) => sum + turn, 0) / turns.length;
  const server = settings.target?.mock?.rateLimit ?? 0;
  const against = server > 0 ? ` (the server allows ${formatCount(server)}/s)` : "";
  // More are not kept.
  const times = turns.length >= MOST_TURNS ? `its first ${MOST_TURNS} times` : counted(turns.length, "time");
  const climbed = `${clients > 1 ? "A worker's rate" : "The rate"} climbed ×${GROW_BY} after every 10 successes and was cut ×${SHRINK_BY} ${times}, at ${formatCount(mean)}/s on average${against}.`;
  // A rate that is not cut, or that no request waits for, has no sawtooth.
  const free = mean * SHRINK_BY > rateLimit.min && mean < 0.95 * rateLimit.max && turns.length > 1;
  if (!free || inTime || !paced || clients > 1) return climbed;
  const share = sawtoothMean(SHRINK_BY);
  const sum = equation(rateTerm(mean), [["×", countTerm(share)]], rateTerm);
  return `${climbed} A sawtooth from ×${SHRINK_BY} of its peak spends its time at ${formatCount(share)} of it (ln 2): ${sum}.${betweenTurns(facts)} Cut ×0.9 it would be ${formatCount(sawtoothMean(0.9))}.`;
}

/** Turning points that the limiter keeps. */
const MOST_TURNS = 200;

/** Requests sent between the first cut and the last, where both are in the series, beside the rate over the whole run. */
function betweenTurns({ result, fetch, settings }: RequestFacts): string {
  const { series = [], throughput } = result;
  const cuts = series.filter(({ fetch: now }, i) => (now?.rate ?? 0) < (series[i - 1]?.fetch?.rate ?? 0));
  const [first, last] = [cuts[0], cuts.at(-1)];
  if (cuts.length !== fetch.rateTurns.length || first?.fetch === undefined || last?.fetch === undefined || first === last) return "";
  const between = (1000 * (last.fetch.attempts - first.fetch.attempts)) / (last.t - first.t);
  if (settings.rateLimit === false || throughput > 0.98 * between)
    return ` From the first cut to the last ${formatCount(between)}/s went out.`;
  return ` From the first cut to the last ${formatCount(between)}/s went out; the climb from ${formatCount(settings.rateLimit.initial)}/s before it and what waited after it make that ${formatCount(throughput)}/s over the whole run.`;
}

/** Requests refused by the breaker, and those without any attempt. */
function breaker(fetch: FetchFigures): string | null {
  const { refusedByBreaker, refusedUnsent, server } = fetch;
  if (refusedByBreaker === 0) return null;
  const retried = refusedUnsent === undefined ? 0 : refusedByBreaker - refusedUnsent;
  const unsent =
    refusedUnsent === undefined
      ? ""
      : retried === 0
        ? ", before anything went out"
        : `, ${formatCount(refusedUnsent)} before anything went out and ${formatCount(retried)} at a retry`;
  const refused = `While the circuit was open ${counted(refusedByBreaker, "request")} ${agreeing(refusedByBreaker, "was", "were")} refused at once${unsent}.`;
  if (server === null) return refused;
  const more = server.requests - fetch.attempts;
  const again =
    more > 0 && (fetch.carriedByFetch ?? 0) > 0
      ? ` The ${formatCount(more)} more are those of Bun's fetch, which asks once more when a kept connection breaks.`
      : "";
  return `${refused} The server itself counted ${counted(server.requests, "request")}, and ${formatCount(fetch.attempts)} went out.${again}`;
}

/** Resources that requests took without a limit, or that the server refused. */
function held(
  { process }: Explained,
  { server, connectionsOpened, attempts }: FetchFigures,
  { concurrency, target }: FetchSettings,
): string | null {
  const refused = server?.refused ?? 0;
  if (concurrency.max !== "unlimited" && refused === 0) return null;
  const { peakOpenFiles, peakRssBytes } = process;
  const files = peakOpenFiles === null ? [] : [`${counted(peakOpenFiles, "open file")} at most`];
  // Connections that were closed at once had been opened, too.
  const connections = server === null ? connectionsOpened : server.connections + refused;
  const opened = connections === null ? [] : [`${counted(connections, "connection")} opened in all`];
  const taken = listed([...files, ...opened, `${formatBytes(peakRssBytes)} of memory`]);
  const most = target?.mock?.maxConnections ?? 0;
  const beyond =
    refused === 0 || refused > REFUSED * attempts
      ? ""
      : ` The server, which holds ${formatCount(most)} at once, broke off ${formatCount(refused)} more.`;
  return `It took ${taken}.${beyond}`;
}

/** Whose limits those were. */
function together({ clients }: RequestFacts): string | null {
  return clients === 1 ? null : `Limits are those of all ${formatCount(clients)} workers: each keeps to the scenario's by itself.`;
}

/** Items that did not end well. */
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

/** Failed attempts, the most frequent first: errors and statuses. */
export function attemptsGoneWrong({ byError, byStatus }: FetchFigures): string {
  const refusals = Object.entries(byStatus).filter(([status]) => Number(status) >= 300);
  const all = [...Object.entries(byError), ...refusals].sort(([, a], [, b]) => b - a);
  const named = all.slice(0, 3).map(([name, count]) => `${name} ${formatCount(count)}×`);
  return named.length > 0 ? ` (attempts that went wrong: ${named.join(", ")})` : "";
}
