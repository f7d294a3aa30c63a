import type { CaseResult } from "../../../src/telemetry/result.ts";
import { among, average, type Claim, claim, dropped, figure, mainOf, must, rate, type Told, workersOf } from "./claim.ts";
import { printed, says } from "./template.ts";

/** What an explanation of requests may say, and what each of it is held against. */

const fetchOf = ({ result }: Told) => {
  if (result.fetch === undefined) throw new Error("no requests");
  return result.fetch;
};
const of = (part: string, read: (figures: NonNullable<CaseResult["fetch"]>) => number | null) =>
  figure(part, (told) => read(fetchOf(told)));
const item = of("each", ({ itemMs }) => itemMs);
/** Requests that went out at all, per second. */
const sent = (told: Told) => {
  const { ok, degraded, resumed, sent: out } = fetchOf(told);
  const well = ok + degraded - resumed;
  return well > 0 ? (told.result.throughput * out) / well : (out * 1000) / told.result.durationMs;
};
const inFlight = (told: Told) => (sent(told) * fetchOf(told).itemMs) / 1000;
const places = ({ scenario }: Told) => {
  const { concurrency, connections } = scenario.fetch ?? { concurrency: { max: 1 }, connections: { max: 1 } };
  return Math.min(connections.max, concurrency.max === "unlimited" ? Number.POSITIVE_INFINITY : concurrency.max);
};
const allTaken = must("places were free", (told) => inFlight(told) >= 0.75 * places(told));
const mean = figure("mean", inFlight);
const prompt = must("requests waited long before they were sent", (told) => {
  const { schedule, queue, sojourn } = told.result.latency;
  return schedule.mean + queue.mean <= 0.55 * fetchOf(told).itemMs + 0.1 && sojourn.p50 <= Math.max(1, 4 * fetchOf(told).itemMs);
});
const undropped = must("some were dropped or left", ({ result }) => dropped(result) === 0 && result.ledger.unfinished === 0);
const RATE = "{rate:N}[[ of {out:N}]] requests/s";
const out = figure("out", sent);
const crowd = (told: Told) =>
  told.result.series.filter(({ p50, processed, depth }) => (processed > 0 && p50 !== null ? p50 > 3 * fetchOf(told).itemMs : depth > 0));
const near = (told: Told) => [...crowd(told), ...told.result.series.slice(-2)];
const where = must("other threads", ({ result }, { where = "" }) => {
  const workers = / over (.*) Workers?$/.exec(where)?.[1];
  return workers === undefined ? result.mode !== "parallel" : says(workers, workersOf(result).length);
});
const WHERE = "{where: on one loop| over 1 Worker| over 2 Workers| over 3 Workers| over 4 Workers| over 8 Workers| over 10 Workers}";

export const FETCH_CLAIMS: readonly Claim[] = [
  claim(
    "One request is all there was: it took {each:D} with all its attempts and waits.",
    item,
    must("there were more", (told) => fetchOf(told).requests === 1),
  ),
  claim(
    `The arrivals are the limit: ${RATE} needed, by Little's law, {in:N}/s × {each:D} = {mean:N} in flight on average[[ of {places:N} allowed]].`,
    rate,
    out,
    item,
    figure("places", places),
    prompt,
    undropped,
    must("the load waits for answers", ({ scenario }) => !("vus" in scenario.load)),
  ),
  claim(
    `The arrivals are the limit: ${RATE} at {each:D} each kept the one thread waiting {share:P} of the time.`,
    rate,
    out,
    item,
    figure("share", inFlight),
    prompt,
    undropped,
  ),
  claim(
    `One request at a time: each waits {each:D} for its answer and 1 ÷ {e2:D} is {sum:N}/s; ${RATE} went through while the thread was computing {main:P} of the time.`,
    rate,
    out,
    item,
    figure("main", ({ result }) => mainOf(result)),
    must("several at a time", ({ result }) => result.mode === "sync"),
  ),
  claim(
    `The clients are the limit: each of the {clients:N} waits for its answer before it asks again; ${RATE} needed, by Little's law, {in:N}/s × {each:D} = {mean:N} in flight on average.`,
    rate,
    out,
    item,
    must("as many as there are places", (told) => "vus" in told.scenario.load && told.scenario.load.vus < places(told)),
  ),
  claim(
    "The list is the limit: its {n:N} {r:request|requests} all were under way at once and over after {span:D}, when the slowest was.",
    of("n", ({ requests }) => requests),
    figure("span", ({ result }) => result.durationMs),
    must("there are no more places than requests", (told) => fetchOf(told).requests <= places(told)),
  ),
  claim(
    "More places would not help.",
    must("there are fewer than requests", (told) => fetchOf(told).requests <= places(told)),
  ),
  claim(
    `The event loop is the limit: ${RATE} took {main:P} of one core, which is all that one loop has.`,
    rate,
    out,
    figure("main", ({ result }) => mainOf(result)),
    must("it had time to spare", ({ result }) => mainOf(result) >= 0.9),
  ),
  claim("More Workers would help."),
  claim(
    `Nothing limits the requests in flight: {t:there was|there were} {peak:N} at once, each took {each:D}, and ${RATE} went through.`,
    rate,
    out,
    item,
    of("peak", ({ peakConcurrency }) => peakConcurrency),
    must("there is a limit", ({ scenario }) => scenario.fetch?.concurrency.max === "unlimited"),
  ),
  claim(
    `Concurrency is the limit: {places:N} in flight${WHERE} ÷ {each:D} is {sum:N}/s; ${RATE} went through, {mean:N} in flight on average.`,
    rate,
    out,
    item,
    figure("places", places),
    mean,
    allTaken,
    where,
  ),
  claim(
    "A larger fetch.concurrency.max would help as long as the server keeps its pace.",
    must("there is none", ({ scenario }) => scenario.fetch?.concurrency.max !== "unlimited"),
  ),
  claim(
    `Concurrency is the limit at times: for {span:D} [[the one place was]][[all {places:N} places were]] taken while up to {depth:N} waited, {median:D} at the median; {came:N}/s came then and {done:N}/s were done.`,
    figure("places", places),
    among("depth", (told) => near(told).map(({ depth }) => depth)),
    among("came", (told) => near(told).map(({ offered }) => offered)),
    among("done", (told) => near(told).map(({ processed }) => processed)),
    must("places were free then", (told) => average(crowd(told).map((sample) => sample.inFlight)) >= 0.5 * places(told)),
  ),
  claim(
    `${RATE} went through in all: {in:N}/s × {each:D} = {mean:N} in flight on average[[ of {places:N} allowed]].`,
    rate,
    out,
    item,
    figure("places", places),
  ),
  claim(
    `No single limit shows: ${RATE} went through, {in:N}/s × {each:D} = {mean:N} in flight on average[[ of {places:N} allowed]], with a median sojourn time of {p50:D}.`,
    rate,
    out,
    item,
    figure("places", places),
    figure("p50", ({ result }) => result.latency.sojourn.p50),
  ),
  claim(
    `The connections are the limit: {n:N} {c:connection|connections}${WHERE} for {mean:N} in flight on average; {k:N} ÷ {in:N}/s is {held:D}, which is how long a request holds one.`,
    mean,
    where,
    figure("n", ({ scenario }) => scenario.fetch?.connections.max ?? null),
    allTaken,
  ),
  claim(`${RATE} went through, with {most:*} requests allowed at once.`, rate, out),
  claim("A larger fetch.connections.max would help as long as the server keeps its pace."),
  claim(
    `The adaptive limit (fetch.concurrency.adaptive) is the limit: {mean:N} were in flight on average and {peak:N} at most, of {places:N}; it grows by one for each round of answers that come well and in time, and shrinks ×{cut:N} at a refusal, a failure or a late one.`,
    mean,
    of("peak", ({ peakConcurrency }) => peakConcurrency),
    figure("places", places),
  ),
  claim(`{each:D} each; ${RATE} went through.`, rate, out, item),
  claim(
    `Waves: a wave ends with its slowest request, so of {places:*} places {mean:N} were in use on average; ${RATE} went through.`,
    rate,
    out,
    mean,
  ),
  claim(
    `Waiting for the server to come back is the limit: an item took {each:D}, of {attempts:N} attempts {ok:N} {w:was|were} answered well.`,
    item,
    of("attempts", ({ attempts }) => attempts),
    of("ok", ({ ok }) => ok),
  ),
  claim(`The rate limit set for the client (fetch.rateLimit.max, {max:N}/s) is the limit: ${RATE} went through.`, rate, out),
  claim(
    `The client's own rate is the limit: it begins at {initial:N}/s (fetch.rateLimit.initial) and climbs ×1.1 after every 10 successes; ${RATE} went through, with {peak:N} in flight at most.`,
    rate,
    out,
    of("peak", ({ peakConcurrency }) => peakConcurrency),
  ),
  claim(
    `The server's rate limit is the limit: ${RATE} went through.`,
    rate,
    out,
    must("it was never told", (told) => fetchOf(told).rateTurns.length > 0),
  ),
  claim(
    `The server's rate limit is the limit: {refused:N} of {attempts:N} {a:attempt|attempts} {w:was|were} answered 429, and an item took {each:D} with its waits; ${RATE} went through.`,
    rate,
    out,
    item,
    of("refused", ({ rateLimited }) => rateLimited),
    of("attempts", ({ attempts }) => attempts),
  ),
  claim(
    "More at once would not help; a client that keeps to the rate (fetch.rateLimit) would.",
    must("it keeps to one", ({ scenario }) => scenario.fetch?.rateLimit === false),
  ),
  claim(
    `The server's connections are the limit: it holds {most:N} at once and broke off {refused:N} more, of {attempts:N} {a:attempt|attempts}; ${RATE} went through.`,
    rate,
    out,
    of("refused", ({ server }) => server?.refused ?? null),
    of("attempts", ({ attempts }) => attempts),
  ),
  claim("Fewer requests in flight would help."),
  claim(
    `What fails is the limit: {failed:N} of {requests:N} requests did[[, {most:N} of them with "{why:*}"]]; ${RATE} went through.`,
    rate,
    out,
    of("failed", ({ failed }) => failed),
    of("requests", ({ requests }) => requests),
    must("half of them did not", (told) => fetchOf(told).failed >= 0.5 * fetchOf(told).requests),
  ),
  claim(
    `The open circuit breaker is the limit: it refused {refused:N} of {requests:N} requests; ${RATE} went through.`,
    rate,
    out,
    of("refused", ({ refusedByBreaker }) => refusedByBreaker),
    of("requests", ({ requests }) => requests),
  ),
  claim(
    "Most was there already: {resumed:N} of {requests:N} requests did not have to be sent.",
    of("resumed", ({ resumed }) => resumed),
    of("requests", ({ requests }) => requests),
  ),
  claim(
    "Retries: {attempts:N} {a:attempt|attempts} for the {sent:N} {r:request|requests} that {w:was|were} sent[[ ({around:N} more for the tiles around)]], {each:N} each[[; the geometric series for a failure rate of {p:P} and {max:N} {t:retry|retries} gives {series:N}]]; {well:N} of {requests:N} ended well.",
    of("attempts", (figures) => figures.sent + figures.retries),
    of("sent", (figures) => figures.sent),
    of("each", ({ amplification }) => amplification),
    of("well", ({ ok }) => ok),
    of("requests", ({ requests }) => requests),
    figure("max", ({ scenario }) => scenario.fetch?.retry.max ?? null),
    must("the series is another", (_, { p, max, series }) => {
      if (p === undefined || max === undefined || series === undefined) return true;
      const { low, high } = printed(p);
      const sum = (share: number) =>
        Array.from({ length: printed(max).value + 1 }, (__, k) => share ** k).reduce((total, term) => total + term, 0);
      return printed(series).high >= sum(low) - 1e-3 && printed(series).low <= sum(high) + 1e-3;
    }),
  ),
  claim(
    "{n:N} {a:attempt|attempts} {w:was|were} answered 429.",
    of("n", ({ rateLimited }) => rateLimited),
  ),
  claim(
    "The rate limiter was never told to slow down.",
    must("it was", (told) => fetchOf(told).rateTurns.length === 0),
  ),
  claim(
    "The rate climbed ×1.1 after 10 successes and was halved {n:N} {t:time|times}, at {mean:N}/s on average{rest:*}.",
    of("n", ({ rateTurns }) => rateTurns.length),
  ),
  claim("Cut to 0.9 instead of 0.5 it would be {share:P}."),
  claim(
    "While the circuit was open {n:N} {r:request|requests} {w:was|were} refused at once, without touching the network[[ ({again:N} of them at a retry)]].",
    of("n", ({ refusedByBreaker }) => refusedByBreaker),
  ),
  claim(
    "The server itself counted {n:N} {r:request|requests}, and {attempts:N} went out.",
    of("n", ({ server }) => server?.requests ?? null),
    of("attempts", ({ attempts }) => attempts),
  ),
  claim("The {n:N} more are the HTTP client's own: it asks once more when a kept connection breaks."),
  claim("It took {what:*} of memory."),
  claim(
    "The server, which holds {most:N} at once, broke off {n:N} more.",
    of("n", ({ server }) => server?.refused ?? null),
  ),
  claim(
    "[[{degraded:N} got something else instead[[, ]]]][[{failed:N} failed[[ (attempts: {errors:*})]][[, ]]]][[{rejected:N} could not be asked for, being no addresses[[, ]]]][[{dropped:N} {d:was|were} dropped because the queue was full[[, ]]]][[{unfinished:N} {u:was|were} still undone at the end]].",
    of("degraded", ({ degraded }) => degraded),
    of("failed", ({ failed }) => failed),
    figure("rejected", ({ result }) => result.ledger.rejected),
    figure("dropped", ({ result }) => dropped(result)),
    figure("unfinished", ({ result }) => result.ledger.unfinished),
  ),
];
