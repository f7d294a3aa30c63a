import { countTerm, durationTerm, equation, rateTerm } from "../../kernel/equation.ts";
import { formatCount, formatMs, formatShare } from "../../kernel/units.ts";
import { agreeing, counted, listed } from "../../kernel/wording.ts";
import { coresFor, shareUsed, theCores } from "../../telemetry/allowance.ts";
import { typical } from "../../telemetry/percentiles.ts";
import { FULLY, type RequestFacts } from "./request-facts.ts";

/** What can hold requests back. Each looks for one cause; the first that finds its own speaks. */
type Look = (facts: RequestFacts) => string | null;

/** Share of all requests that a breaker refuses, or of attempts that a server has no connection for, from which on that is what decides. */
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

/** Share of a core from which on a loop is the limit where requests wait, and of all cores where those that wait take longer. */
const BUSY = 0.9;
/** Share of all cores that is all of them, and requests that are computed or wait for that which are no chance then. */
const FULL = 0.95;
const SEVERAL = 3;
/** Times what an attempt takes by itself that it takes then. */
const NEARLY = 1.15;
/** Times what an attempt takes by itself from which on most of it is computing, and waiting for that. */
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

/** Where attempts take far longer than the server is told to, it is computing that they wait for, and more at once would as well. */
function computing(facts: RequestFacts): string | null {
  const { result, rate, underWay, state, halfOfAttempts: half, coresTaken } = facts;
  if (half === null || facts.inTime) return null;
  const used = shareUsed(result);
  // Where all cores are its own a smaller difference tells as much.
  const nearly = !coresTaken && used >= FULL && facts.computing >= SEVERAL && facts.slowed >= NEARLY;
  const full = used >= BUSY && (facts.strained || nearly);
  if (!full && !(facts.strained && facts.slowed >= MOSTLY)) return null;
  const took = `half of the attempts took ${formatMs(half.took)} and more, of which the server was told to take ${formatMs(half.asked)}`;
  const through = `${rate} went through, ${formatCount(underWay)} ${state} on average`;
  if (!full)
    return `Computing is the limit: ${took}; the rest is what client and server compute${coresTaken ? ", and waiting for a core" : ""}. ${through}.`;
  return `The cores are the limit: ${coresUsed(facts)}; ${took}, and the rest is computing and waiting for a core. ${through}; more at once would wait for the same cores.`;
}

/** The rate that the client keeps to, whether it was set, or is still on its way up, or a server's that it found. */
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

function oneAtATime({ result, fetch, main, inTime, underWay, rate }: RequestFacts): string | null {
  if (result.mode !== "sync") return null;
  const each = fetch.itemMs;
  if (inTime && underWay < FULLY) {
    return `The arrivals are the limit: ${rate} at ${formatMs(each)} each kept the one thread waiting ${formatShare(underWay)} of the time.`;
  }
  const sum = equation(countTerm(1), [["÷", durationTerm(each)]], rateTerm, "is");
  return `One request at a time: each takes ${formatMs(each)} with its attempts and waits, and ${sum}; ${rate} went through while the thread was computing ${formatShare(main)} of the time.`;
}

function waves(facts: RequestFacts): string | null {
  const { settings, fetch, places, connections, underWay, rate } = facts;
  if (settings.concurrency.window !== "waves" || !Number.isFinite(places) || places === 1 || facts.used >= 0.95 || facts.inTime)
    return null;
  // A limit that adapts is what keeps a wave small.
  if (settings.concurrency.adaptive !== "none" || fetch.peakConcurrency < FULLY * Math.min(places, connections)) return null;
  // What waits for the next wave does so for a place, not for a connection.
  if ((connections < places && facts.connectionsFull) || facts.placeMs < Math.max(0.1 * fetch.itemMs, facts.lineMs)) return null;
  return `Waves: a wave ends with its slowest request, so of ${formatCount(places)} places ${formatCount(underWay)} were in use on average; ${rate} went through. A window that slides (fetch.concurrency.window) would help.`;
}

function manyAttempts({ fetch, settings }: RequestFacts): string | null {
  if (fetch.attempts <= 3 * fetch.requests) return null;
  const what = (settings.target?.mock?.outages.length ?? 0) > 0 ? "Waiting for the server to come back" : "What has to be tried again";
  return `${what} is the limit: an item took ${formatMs(fetch.itemMs)}, of ${counted(fetch.attempts, "attempt")} ${formatCount(fetch.ok)} ${agreeing(fetch.ok, "was", "were")} answered well.`;
}

/** What is under way on average, by Little's law, as an equation. */
function needed({ sent, fetch, state }: RequestFacts): string {
  return equation(rateTerm(sent), [["×", durationTerm(fetch.itemMs)]], (value) => countTerm(value, `${state} on average`));
}

function ofPlaces({ places }: RequestFacts): string {
  return Number.isFinite(places) ? ` of ${formatCount(places)} allowed` : "";
}

function arrivals(facts: RequestFacts): string | null {
  return facts.inTime ? `The arrivals are the limit: ${facts.rate} needed, by Little's law, ${needed(facts)}${ofPlaces(facts)}.` : null;
}

/** Fewer ask at a time than may: with the places that are left nobody would ask sooner. */
function clients(facts: RequestFacts): string | null {
  const { load, places, connections, connectionsFull, result, fetch, rate } = facts;
  // A list has as many clients as there are places.
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

/** Share of the time of an item that it waits for a place from which on that is what takes time. */
const MOST = 0.5;

/** Beside another limit: what waits for one of the places of a limit that adapts, though not all that are allowed were taken. */
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
  // Of as many as there are connections nobody waits for one.
  if (connections >= places || !connectionsFull || underWay < 1.05 * connections) return null;
  const held = attemptMs ?? (1000 * connections) / Math.max(attempted, sent);
  const sum = equation(countTerm(connections), [["÷", durationTerm(held)]], rateTerm, "is");
  const for_ = `${formatCount(underWay)} requests that were under way on average`;
  return `The connections are the limit: there ${agreeing(connections, "is", "are")} ${counted(connections, "connection")}${where} for ${for_}, each attempt held one for ${formatMs(held)}, and ${sum}; ${rate} went through.${more(facts)}`;
}

function allPlaces(facts: RequestFacts): string | null {
  const { places, used, fetch, where, rate, underWay, state } = facts;
  // Of as many as there are places nobody waits for one.
  if (used < FULLY || fetch.requests <= places) return null;
  const sum = equation(countTerm(places, `${state}${where}`), [["÷", durationTerm(fetch.itemMs)]], rateTerm, "is");
  return `Concurrency is the limit: ${sum}; ${rate} went through, ${formatCount(underWay)} ${state} on average.${more(facts)}`;
}

/** As many as may be were under way, or in flight, while most came: over the whole run there was room. */
function fullAtTimes(facts: RequestFacts): string | null {
  const { crowd, places, connections, rate } = facts;
  // What is worked off when no more comes is told by nothing that can be seen of that time.
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

/** What would have helped at such times; a place that is held by who waits for his next attempt is no sooner free for that. */
function moreThen(facts: RequestFacts, flying: number): string {
  return facts.fetch.retries > 0 ? "" : more(facts, flying);
}

function unclear(facts: RequestFacts): string {
  const took = typical(facts.result.latency.sojourn);
  return `No single limit shows: ${facts.rate} went through, ${needed(facts)}${ofPlaces(facts)}, with a ${took.word} sojourn time of ${formatMs(took.ms)}.`;
}

/** What of it more of would help, and as long as what; where it is computing that takes the time, that. `flying`: requests in flight by then. */
function more(facts: RequestFacts, flying = facts.flying ?? Math.min(facts.underWay, facts.connections)): string {
  const { fetch, settings, places, connections, halfOfAttempts: half } = facts;
  if (facts.strained && half !== null) {
    // Where others had the cores it is they.
    if (facts.coresTaken) return "";
    // While cores have time to spare, more at once may still do more.
    return ` Half of the attempts took ${formatMs(half.took)} and more, of which the server was told to take ${formatMs(half.asked)}: the rest is what client and server compute.`;
  }
  // A server that tells some to come later, or that is waited for to come back, has its own pace.
  const away = fetch.retries > 0 && (settings.target?.mock?.outages.length ?? 0) > 0;
  // A wave that is larger waits the longer for the slowest of its retries.
  const waves = fetch.retries > 0 && settings.concurrency.window === "waves";
  if (fetch.rateLimited > 0 || away || waves || facts.slowOnAverage) return "";
  const holds = settings.target?.mock?.maxConnections ?? 0;
  // Where connections are full it is those that are to grow, else places.
  const full = connections < places && flying >= FULLY * connections;
  if (holds > 0 && (full ? connections : places) >= holds) return "";
  const allowed = settings.target?.mock?.rateLimit ?? 0;
  // What it takes at most it is asked for as it is.
  if (allowed > 0 && facts.attempted >= 0.9 * allowed) return "";
  const bounds = [
    ...(holds > 0 ? [`the ${formatCount(holds)} connections that the server holds`] : []),
    ...(allowed > 0 ? [`the ${formatCount(allowed)}/s that it allows`] : []),
  ];
  const until = bounds.length > 0 ? `up to ${listed(bounds)}` : "as long as the server keeps its pace";
  if (full) return ` A larger fetch.connections.max would help ${until}.`;
  // Twice as many under way would hold twice as many connections.
  const short = 2 * flying > connections;
  return short
    ? ` Larger fetch.concurrency.max and fetch.connections.max would help ${until}.`
    : ` A larger fetch.concurrency.max would help ${until}.`;
}

const LIMITS: readonly Look[] = [
  thereAlready,
  answered429,
  serverConnections,
  failures,
  openBreaker,
  oneRequest,
  eventLoop,
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

/** What held requests back, the number that shows it, and what would help. */
export function requestLimit(facts: RequestFacts): string {
  for (const look of LIMITS) {
    const found = look(facts);
    if (found !== null) return look === adaptiveLimit ? found : `${found}${adaptiveWait(facts)}`;
  }
  return unclear(facts);
}
