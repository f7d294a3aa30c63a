import { countTerm, durationTerm, equation, rateTerm } from "../../kernel/equation.ts";
import { formatCount, formatMs, formatShare } from "../../kernel/units.ts";
import { agreeing, counted, listed } from "../../kernel/wording.ts";
import { coresFor, shareUsed, theCores } from "../../telemetry/allowance.ts";
import { typical } from "../../telemetry/percentiles.ts";
import { FULLY, type RequestFacts } from "./request-facts.ts";

/** Limits of requests. Each look searches for one cause; the first that finds its own is reported. */
type Look = (facts: RequestFacts) => string | null;

/** Share of requests refused by a breaker, or of attempts refused a connection, from which that is the limit. */
export const REFUSED = 0.2;

function thereAlready({ fetch }: RequestFacts): string | null {
  if (fetch.resumed <= 0.5 * fetch.requests) return null;
  return `Most was there already: ${formatCount(fetch.resumed)} of ${formatCount(fetch.requests)} requests did not have to be sent.`;
}

function answered429({ fetch, settings, rate }: RequestFacts): string | null {
  if (fetch.rateLimited <= 0.1 * fetch.attempts) return null;
  const { rateLimited, attempts, itemMs } = fetch;
  return `The server's rate limit is the limit: ${formatCount(rateLimited)} of ${counted(attempts, "attempt")} ${agreeing(rateLimited, "was", "were")} answered 429, and an item took ${formatMs(itemMs)} with its waits; ${rate} went through. More at once would not help${settings.rateLimit === false ? "; a client that keeps to the rate (fetch.rateLimit) would" : ""}.`;
}

function serverConnections({ fetch, settings, rate }: RequestFacts): string | null {
  const refused = fetch.server?.refused ?? 0;
  if (refused <= REFUSED * fetch.attempts) return null;
  return `The server's connections are the limit: it holds ${formatCount(settings.target?.mock?.maxConnections ?? 0)} at once and broke off ${formatCount(refused)} more, of ${counted(fetch.attempts, "attempt")}; ${rate} went through. Fewer requests in flight would help.`;
}

function failures({ result, fetch, rate }: RequestFacts): string | null {
  if (fetch.failed <= 0.5 * fetch.requests || fetch.refusedByBreaker > REFUSED * fetch.requests) return null;
  const worst = result.failures.reduce((a, b) => (b.count > a.count ? b : a), { reason: "", count: 0 });
  const why = worst.count === 0 ? "" : `, ${formatCount(worst.count)} of them with "${worst.reason}"`;
  return `What fails is the limit: ${formatCount(fetch.failed)} of ${formatCount(fetch.requests)} requests did${why}; ${rate} went through.`;
}

function openBreaker({ fetch, rate }: RequestFacts): string | null {
  if (fetch.refusedByBreaker <= REFUSED * fetch.requests) return null;
  return `What the server fails at is the limit: for it the open circuit breaker refused ${formatCount(fetch.refusedByBreaker)} of ${formatCount(fetch.requests)} requests; ${rate} went through.`;
}

function oneRequest({ fetch }: RequestFacts): string | null {
  return fetch.requests === 1 ? `One request is all there was: it took ${formatMs(fetch.itemMs)} with all its attempts and waits.` : null;
}

/** Share of a core from which a loop is the limit where requests wait, and of all cores where requests that wait take longer. */
const BUSY = 0.9;
/** Share of all cores that counts as all, and the number of requests computing or waiting to compute that is beyond chance then. */
const FULL = 0.95;
const SEVERAL = 3;
/** Multiple of an attempt's own time with which this is evident. */
const NEARLY = 1.15;
/** Multiple of an attempt's own time from which most of it is computing, and waiting to compute. */
const MOSTLY = 2;

function eventLoop(facts: RequestFacts): string | null {
  const { result, main, inTime, rate } = facts;
  if (result.mode !== "async" || main < BUSY || inTime) return null;
  const help = shareUsed(result) < BUSY ? "More Workers would help." : `More Workers would find no core free: ${coresUsed(facts)}.`;
  return `The event loop is the limit: ${rate} took ${formatShare(main)} of one core, which is all that one loop has. ${help}`;
}

function coresUsed({ result }: RequestFacts): string {
  return `${theCores(result)} ${agreeing(coresFor(result), "was", "were")} ${formatShare(shareUsed(result))} used in all`;
}

/** Attempts take far longer than the server's configured time: they wait for computing, and more of them at once would, too. */
function computing(facts: RequestFacts): string | null {
  const { result, rate, underWay, state, halfOfAttempts: half, coresTaken } = facts;
  if (half === null || facts.inTime) return null;
  const used = shareUsed(result);
  // With all cores to itself, a smaller difference is significant.
  const nearly = !coresTaken && used >= FULL && facts.computing >= SEVERAL && facts.slowed >= NEARLY;
  const full = used >= BUSY && (facts.strained || nearly);
  if (!full && !(facts.strained && facts.slowed >= MOSTLY)) return null;
  const took = `half of the attempts took ${formatMs(half.took)} and more, of which the server was told to take ${formatMs(half.asked)}`;
  const through = `${rate} went through, ${formatCount(underWay)} ${state} on average`;
  if (!full)
    return `Computing is the limit: ${took}; the rest is what client and server compute${coresTaken ? ", and waiting for a core" : ""}. ${through}.`;
  return `The cores are the limit: ${coresUsed(facts)}; ${took}, and the rest is computing and waiting for a core. ${through}; more at once would wait for the same cores.`;
}

/** The client's rate: a fixed one, one still rising, or the server's limit that it found. */
function clientRate(facts: RequestFacts): string | null {
  const { settings, fetch, attempted, rate, inTime, paced, strained, slowOnAverage } = facts;
  const { rateLimit } = settings;
  if (rateLimit === false || inTime || !paced || strained || slowOnAverage) return null;
  const allowed = settings.target?.mock?.rateLimit ?? 0;
  const more = `would help ${allowed > 0 ? `up to the ${formatCount(allowed)}/s that the server allows` : "as long as the server takes it"}`;
  if (attempted >= 0.9 * rateLimit.max || (rateLimit.initial >= rateLimit.max && fetch.rateTurns.length === 0)) {
    return `The rate limit set for the client (fetch.rateLimit.max, ${formatCount(rateLimit.max)}/s) is the limit: ${rate} went through. A larger one ${more}.`;
  }
  if (fetch.rateTurns.length > 0) return `The server's rate limit is the limit: ${rate} went through.`;
  return `The client's own rate is the limit: it begins at ${formatCount(rateLimit.initial)}/s (fetch.rateLimit.initial) and climbs ×1.1 after every 10 successes; ${rate} went through, with ${formatCount(fetch.peakConcurrency)} in flight at most. A higher start ${more}.`;
}

/** Share of its time from which the one thread of Redis is the limit. */
const REDIS_BUSY = 0.8;

/** What all requests of mode `distributed` pass: the runner, and Redis. */
function passedByAll({ result: { distributed }, main, inTime, rate }: RequestFacts): string | null {
  if (distributed === undefined || inTime) return null;
  if (main >= BUSY)
    return `The runner is the limit: it was computing ${formatShare(main)} of the time, sending addresses and recording what became of them; ${rate} went through. More workers would not help.`;
  const use = distributed.serverUse ?? 0;
  if (use < REDIS_BUSY) return null;
  return `Redis is the limit: its one thread was computing ${formatShare(use)} of the time; ${rate} went through. More workers would not help.`;
}

function oneAtATime({ result, fetch, main, inTime, underWay, rate }: RequestFacts): string | null {
  if (result.mode !== "sync") return null;
  const each = fetch.itemMs;
  if (inTime && underWay < FULLY) {
    return `The arrivals are the limit: ${rate} at ${formatMs(each)} each kept the one thread waiting ${formatShare(underWay)} of the time.`;
  }
  const sum = equation(countTerm(1), [["÷", durationTerm(each)]], rateTerm, "is");
  return `One request at a time: each takes ${formatMs(each)} with its attempts and waits, and ${sum}; ${rate} went through while the thread was computing ${formatShare(main)} of the time.`;
}

/** Times the mean that the slowest request takes for a wave to be longer than its requests. */
const VARIED = 1.1;

function waves(facts: RequestFacts): string | null {
  const { settings, fetch, places, connections, underWay, rate } = facts;
  const { mean, max } = facts.result.latency.service;
  if (max < VARIED * mean) return null;
  if (settings.concurrency.window !== "waves" || !Number.isFinite(places) || places === 1 || facts.used >= 0.95 || facts.inTime)
    return null;
  // An adaptive limit is what keeps a wave small.
  if (settings.concurrency.adaptive !== "none" || fetch.peakConcurrency < FULLY * Math.min(places, connections)) return null;
  // Requests that wait for the next wave wait for a slot, not for a connection.
  if ((connections < places && facts.connectionsFull) || facts.placeMs < Math.max(0.1 * fetch.itemMs, facts.lineMs)) return null;
  return `Waves: a wave ends with its slowest request, so of ${formatCount(places)} places ${formatCount(underWay)} were in use on average; ${rate} went through. A window that slides (fetch.concurrency.window) would help.`;
}

function manyAttempts({ fetch, settings }: RequestFacts): string | null {
  if (fetch.attempts <= 3 * fetch.requests) return null;
  const what = (settings.target?.mock?.outages.length ?? 0) > 0 ? "Waiting for the server to come back" : "What has to be tried again";
  return `${what} is the limit: an item took ${formatMs(fetch.itemMs)}, of ${counted(fetch.attempts, "attempt")} ${formatCount(fetch.ok)} ${agreeing(fetch.ok, "was", "were")} answered well.`;
}

/** Mean items in progress, by Little's law, as an equation. */
function needed({ sent, fetch, state }: RequestFacts): string {
  return equation(rateTerm(sent), [["×", durationTerm(fetch.itemMs)]], (value) => countTerm(value, `${state} on average`));
}

function ofPlaces({ places }: RequestFacts): string {
  return Number.isFinite(places) ? ` of ${formatCount(places)} allowed` : "";
}

function arrivals(facts: RequestFacts): string | null {
  return facts.inTime ? `The arrivals are the limit: ${facts.rate} needed, by Little's law, ${needed(facts)}${ofPlaces(facts)}.` : null;
}

/** Fewer clients than slots: more slots would not help. */
function clients(facts: RequestFacts): string | null {
  const { load, places, connections, connectionsFull, result, fetch, rate } = facts;
  // A list has as many clients as slots.
  if (
    !("vus" in load) ||
    load.vus > places ||
    (load.executor === "shared-iterations" && !Number.isFinite(places)) ||
    (load.executor === "shared-iterations" && load.vus === places)
  )
    return null;
  if (load.vus > connections && connectionsFull) return null;
  if (load.executor === "shared-iterations" && load.iterations <= load.vus) {
    return `The list is the limit: its ${counted(fetch.requests, "request")} all were under way at once and over after ${formatMs(result.durationMs)}, when the slowest was. More places would not help.`;
  }
  const who = load.vus === 1 ? "the one client" : `each of the ${formatCount(load.vus)}`;
  return `The clients are the limit: ${who} waits for its answer before it asks again; ${rate} needed, by Little's law, ${needed(facts)}.`;
}

function unlimited({ places, connections, fetch, rate }: RequestFacts): string | null {
  if (Number.isFinite(places) || fetch.peakConcurrency >= connections) return null;
  return `Nothing limits the requests in flight: ${agreeing(fetch.peakConcurrency, "there was", "there were")} ${formatCount(fetch.peakConcurrency)} at once, each took ${formatMs(fetch.itemMs)}, and ${rate} went through.`;
}

function adaptiveLimit({ settings, fetch, places, underWay, used, rate, state }: RequestFacts): string | null {
  const { adaptive, decrease } = settings.concurrency;
  if (adaptive !== "aimd" || !Number.isFinite(places) || used >= 0.9) return null;
  return `The adaptive limit (fetch.concurrency.adaptive) is the limit: ${formatCount(underWay)} were ${state} on average and ${formatCount(fetch.peakConcurrency)} in flight at most, of ${formatCount(places)} allowed; it grows by one for each round of answers that come well and in time, and shrinks ×${decrease} at a refusal, a failure or a late one. ${formatMs(fetch.itemMs)} each; ${rate} went through.`;
}

/** Share of an item's time spent waiting for a slot from which that dominates. */
const MOST = 0.5;

/** Beside another limit: waiting for the slots of an adaptive limit, though not all allowed ones were taken. */
function adaptiveWait({ settings, result, places, used, placeMs, underWay, crowd, fetch, state }: RequestFacts): string {
  const { adaptive } = settings.concurrency;
  const { mean } = result.latency.sojourn;
  const free = Number.isFinite(places) && used < BUSY && (crowd === null || crowd.inFlight < FULLY * places);
  if (adaptive !== "aimd" || !free || placeMs < MOST * mean || placeMs < 1) return "";
  return ` The adaptive limit (fetch.concurrency.adaptive) is what takes time: of ${formatMs(mean)} on average, ${formatMs(placeMs)} was waiting for one of the places it gave, ${formatCount(underWay)} ${state} on average and ${formatCount(fetch.peakConcurrency)} in flight at most of ${formatCount(places)} allowed.`;
}

/** Every connection in use while others wait for one. */
function allConnections(facts: RequestFacts): string | null {
  const { connections, places, connectionsFull, where, sent, attempted, attemptMs, underWay, rate } = facts;
  // With as many requests as connections, none waits for one.
  if (connections >= places || !connectionsFull || underWay < 1.05 * connections) return null;
  const held = attemptMs ?? (1000 * connections) / Math.max(attempted, sent);
  const sum = equation(countTerm(connections), [["÷", durationTerm(held)]], rateTerm, "is");
  const for_ = `${formatCount(underWay)} requests that were under way on average`;
  return `The connections are the limit: there ${agreeing(connections, "is", "are")} ${counted(connections, "connection")}${where} for ${for_}, each attempt held one for ${formatMs(held)}, and ${sum}; ${rate} went through.${more(facts)}`;
}

/** Share of all slots below which their mean use shows that the list ended with fewer left than slots. */
const WHOLE = 0.97;

/** True where the end of a list leaves slots free for as long as its slowest item takes, and no longer. */
function listEnded({ load, places, used, result, fetch }: RequestFacts): boolean {
  if (load.executor !== "shared-iterations" || used >= WHOLE) return false;
  return places * result.durationMs - fetch.sent * fetch.itemMs <= places * result.latency.service.max;
}

function allPlaces(facts: RequestFacts): string | null {
  const { places, used, fetch, where, rate, underWay, state } = facts;
  // With as many requests as slots, none waits for one.
  if (used < FULLY || fetch.requests <= places) return null;
  const sum = equation(countTerm(places, `${state}${where}`), [["÷", durationTerm(fetch.itemMs)]], rateTerm, "is");
  const ending = listEnded(facts) ? ", fewer at the end of the list" : "";
  return `Concurrency is the limit: ${sum}; ${rate} went through, ${formatCount(underWay)} ${state} on average${ending}.${more(facts)}`;
}

/** All slots or connections were in use during the peak of arrivals, though not over the whole run. */
function fullAtTimes(facts: RequestFacts): string | null {
  const { crowd, places, connections, rate } = facts;
  // A backlog worked off after the arrivals has no visible cause in that time.
  if (crowd === null || crowd.offeredMost < crowd.processed) return null;
  const flying = facts.flyingOf(crowd.inFlight);
  if (connections < places && flying >= FULLY * connections && facts.lineMs > 2 * facts.turnMs) {
    const all = connections === 1 ? "the one connection was" : `all ${formatCount(connections)} connections were`;
    return `The connections are the limit at times: for ${formatMs(crowd.ms)} ${all} in use, with a sojourn time of ${formatMs(crowd.p50)} at the median; up to ${formatCount(crowd.offeredMost)}/s came then and ${formatCount(crowd.processed)}/s were done. ${rate} went through in all: ${needed(facts)}${ofPlaces(facts)}.${moreThen(facts, flying)}`;
  }
  if (crowd.inFlight < FULLY * places || crowd.depth < 1) return null;
  const all = places === 1 ? "the one place was" : `all ${formatCount(places)} places were`;
  const came = `up to ${formatCount(crowd.offeredMost)}/s came then and ${formatCount(crowd.processed)}/s were done`;
  return `Concurrency is the limit at times: for ${formatMs(crowd.ms)} ${all} taken while up to ${formatCount(crowd.depth)} waited, ${formatMs(crowd.p50)} at the median; ${came}. ${rate} went through in all: ${needed(facts)}${ofPlaces(facts)}.${moreThen(facts, flying)}`;
}

/** Advice for such times; none where requests were retried: a slot held during a retry's wait is not freed sooner. */
function moreThen(facts: RequestFacts, flying: number): string {
  return facts.fetch.retries > 0 ? "" : more(facts, flying);
}

function unclear(facts: RequestFacts): string {
  const took = typical(facts.result.latency.sojourn);
  return `No single limit shows: ${facts.rate} went through, ${needed(facts)}${ofPlaces(facts)}, with a ${took.word} sojourn time of ${formatMs(took.ms)}.`;
}

/** The resource that should grow, and until when; where computing takes the time, that. `flying`: requests in flight then. */
function more(facts: RequestFacts, flying = facts.flying ?? Math.min(facts.underWay, facts.connections)): string {
  const { fetch, settings, places, connections, halfOfAttempts: half } = facts;
  if (facts.strained && half !== null) {
    // Where other programs used the cores, they are the cause.
    if (facts.coresTaken) return "";
    // While cores have time to spare, more requests at once may still do more.
    return ` Half of the attempts took ${formatMs(half.took)} and more, of which the server was told to take ${formatMs(half.asked)}: the rest is what client and server compute.`;
  }
  // A server that rejects requests, or is down at times, has a pace of its own.
  const away = fetch.retries > 0 && (settings.target?.mock?.outages.length ?? 0) > 0;
  // A larger wave waits longer for the slowest of its retries.
  const waves = fetch.retries > 0 && settings.concurrency.window === "waves";
  if (fetch.rateLimited > 0 || away || waves || facts.slowOnAverage) return "";
  const holds = settings.target?.mock?.maxConnections ?? 0;
  // Where connections are full, they should grow, else slots.
  const full = connections < places && flying >= FULLY * connections;
  if (holds > 0 && (full ? connections : places) >= holds) return "";
  const allowed = settings.target?.mock?.rateLimit ?? 0;
  // The server already receives as much as it accepts.
  if (allowed > 0 && facts.attempted >= 0.9 * allowed) return "";
  const bounds = [
    ...(holds > 0 ? [`the ${formatCount(holds)} connections that the server holds`] : []),
    ...(allowed > 0 ? [`the ${formatCount(allowed)}/s that it allows`] : []),
  ];
  const until = bounds.length > 0 ? `up to ${listed(bounds)}` : "as long as the server keeps its pace";
  if (full) return ` A larger fetch.connections.max would help ${until}.`;
  // Twice as many in progress would need twice as many connections.
  const short = 2 * flying > connections;
  const workers = facts.remote ? ", or more workers," : "";
  return short
    ? ` Larger fetch.concurrency.max and fetch.connections.max${workers} would help ${until}.`
    : ` A larger fetch.concurrency.max${workers} would help ${until}.`;
}

const LIMITS: readonly Look[] = [
  thereAlready,
  answered429,
  serverConnections,
  failures,
  openBreaker,
  oneRequest,
  eventLoop,
  passedByAll,
  clientRate,
  computing,
  oneAtATime,
  waves,
  manyAttempts,
  arrivals,
  clients,
  unlimited,
  adaptiveLimit,
  allConnections,
  allPlaces,
  fullAtTimes,
];

/** What limited requests, the number that shows it, and what would help. */
export function requestLimit(facts: RequestFacts): string {
  for (const look of LIMITS) {
    const found = look(facts);
    if (found !== null) return look === adaptiveLimit ? found : `${found}${adaptiveWait(facts)}`;
  }
  return unclear(facts);
}
