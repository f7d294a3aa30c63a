import type { CaseResult } from "../../../src/telemetry/result.ts";
import {
  among,
  average,
  type Claim,
  cameInTheLongRun,
  claim,
  dropped,
  figure,
  mainOf,
  must,
  rate,
  ruleOf,
  type Told,
  workersOf,
} from "./claim.ts";
import { printed, says } from "./template.ts";

/** What an explanation of requests may say, and what each of it is held against. */

const fetchOf = ({ result }: Told) => {
  if (result.fetch === undefined) throw new Error("no requests");
  return result.fetch;
};
const settingsOf = ({ scenario }: Told) => {
  if (scenario.fetch === undefined) throw new Error("no requests");
  return scenario.fetch;
};
const mockOf = (told: Told) => settingsOf(told).target?.mock;
const of = (part: string, read: (figures: NonNullable<CaseResult["fetch"]>) => number | null) =>
  figure(part, (told) => read(fetchOf(told)));

// Levels and times, each worked out from the figures alone.

/** Requests that went out at all, per second. */
const sent = (told: Told) => {
  const { ok, degraded, resumed, sent: out } = fetchOf(told);
  const well = ok + degraded - resumed;
  return well > 0 ? (told.result.throughput * out) / well : (out * 1000) / told.result.durationMs;
};
const attempted = (told: Told) => (sent(told) * fetchOf(told).attempts) / Math.max(1, fetchOf(told).sent);
/** Items that had a place, on average: to their end, whatever they waited for. */
const underWay = (told: Told) => (sent(told) * fetchOf(told).itemMs) / 1000;
const attemptMs = (told: Told) => fetchOf(told).phases?.attempt.mean ?? null;
/** Requests that were out, on average; where nobody measured how long, as many as there may have been. */
const flying = (told: Told) => {
  const each = attemptMs(told);
  return each === null ? Math.min(underWay(told), connections(told)) : (attempted(told) * each) / 1000;
};
/** Workers of mode `distributed`, each of which has the limits by itself. */
const clients = ({ result: { hosts = [] } }: Told) => Math.max(1, hosts.length);
const connections = (told: Told) => clients(told) * settingsOf(told).connections.max;
const places = (told: Told) => {
  const { max } = settingsOf(told).concurrency;
  return max === "unlimited" ? Number.POSITIVE_INFINITY : clients(told) * max;
};
/** How long an item stood in the client's own lines, for its turn and for a connection, and what it takes with nobody before it. */
const ofSent = (told: Told, ms: number) => {
  const { itemMs, requests, sent: items } = fetchOf(told);
  return items === 0 ? 0 : Math.min(itemMs, (ms * requests) / items);
};
const lined = (told: Told) => ofSent(told, (fetchOf(told).turnMs ?? 0) + (fetchOf(told).lineMs ?? 0));
const own = (told: Told) => fetchOf(told).itemMs - lined(told);
/** The same without the waits between attempts. */
const flown = (told: Told) => {
  const [each, { attempts, sent: items }] = [attemptMs(told), fetchOf(told)];
  return each === null || items === 0 ? own(told) : Math.min(own(told), (each * attempts) / items);
};
const meanTurn = ({ rateTurns }: NonNullable<CaseResult["fetch"]>) => rateTurns.reduce((sum, turn) => sum + turn, 0) / rateTurns.length;

const item = of("each", ({ itemMs }) => itemMs);
const mean = figure("mean", underWay);
const out = figure("out", sent);
const RATE = "{rate:N}[[ of {out:N}]] requests/s";
const STATE = "{state:in flight|under way}";
const UNTIL =
  "[[as long as the server keeps its pace]][[up to ]][[the {holds:N} connections that the server holds]][[ and ]][[the {allows:N}/s that it allows]]";

// What has to be so.

/** As good as all of them: a little less than what the explanations take for it, since a Worker's share is rounded. */
const FULL = 0.78;
const state = must("not all that was under way was in flight", (told, { state: said }) => {
  if (said !== "in flight") return true;
  return attemptMs(told) !== null && Math.abs(flying(told) - underWay(told)) <= 0.06 * underWay(told);
});
const allTaken = must("places were free", (told) => underWay(told) >= FULL * places(told));
const allConnected = must(
  "connections were free, or nobody wanted another",
  (told) => flying(told) >= FULL * connections(told) && underWay(told) >= 1.04 * connections(told) && connections(told) < places(told),
);
/** On average, or while requests waited, if that was only then. */
const flyingMost = (told: Told) => {
  const then = crowd(told).length > 1 ? levelOf(told, crowd(told)) : 0;
  return Math.max(flying(told), then * Math.min(1, flying(told) / Math.max(1e-9, underWay(told))));
};
const fullOnAverage = (told: Told) => underWay(told) >= FULL * places(told);
const connectionsLeft = must(
  "there are no connections for more",
  (told) => 1.9 * (fullOnAverage(told) ? flying(told) : flyingMost(told)) <= connections(told),
);
const finite = must("there is no bound", (told) => Number.isFinite(places(told)));
/**
 * A server that takes as long as it is told to, and not many times that, and tells nobody to come later: what is computed is not done sooner by
 * asking for more of it.
 */
const keepsItsPace = must("the server did not keep its pace", (told) => fetchOf(told).rateLimited === 0 && inPace(told));
const inPace = (told: Told) => {
  const [mock, took] = [mockOf(told), fetchOf(told).phases?.attempt.p50];
  if (mock === undefined || took === undefined || took === null) return true;
  const waiting = (attempted(told) * (took - (mock.latency.min + mock.latency.max) / 2000)) / 1000;
  const alone = aloneMs(told);
  return (waiting <= 1.25 || took <= 1.45 * alone) && (waiting <= 3.1 || took <= 1.3 * alone);
};
const coresLeft = must("the cores were used up, and attempts waited for them", (told) => coresUsed(told) < 0.91 || inPace(told));
const holdsMore = must("the server takes no more", (told, { holds, allows }) => {
  const { maxConnections = 0, rateLimit = 0 } = mockOf(told) ?? {};
  const held =
    maxConnections === 0 ? holds === undefined : says(holds, maxConnections) && Math.min(places(told), connections(told)) < maxConnections;
  return held && (rateLimit === 0 ? allows === undefined : says(allows, rateLimit) && attempted(told) < 0.95 * rateLimit);
});
const inLine = must("what stood in line stood there for something else than its turn by the rate", (told) => {
  const { itemMs, turnMs, lineMs = 0 } = fetchOf(told);
  if (turnMs === undefined) return true;
  const { rateLimit } = settingsOf(told);
  if (rateLimit !== false && attempted(told) >= 0.94 * rateLimit.max) return true;
  return ofSent(told, turnMs) >= 0.29 * itemMs && turnMs >= 0.99 * lineMs && flying(told) <= 0.82 * connections(told);
});
const prompt = must("requests waited long before they were sent", (told) => {
  const { schedule, queue, batch, sojourn } = told.result.latency;
  const before = schedule.mean + queue.mean + batch.mean + lined(told);
  return before <= 0.26 * flown(told) + 0.01 && sojourn.p50 <= Math.max(1, 3.1 * own(told));
});
const allDone = must("less was done than came", (told) => {
  const { result } = told;
  const { processed, failed, rejected } = result.ledger;
  const settled = processed === 0 ? Number.POSITIVE_INFINITY : (result.throughput * (processed + failed + rejected)) / processed;
  // The last to come is done its own time after the last arrival, and may be the slowest.
  const arriving = Math.max(1, result.durationMs - (result.latency.service.max ?? 0));
  return settled >= (0.94 * Math.min(result.offeredRate ?? 0, cameInTheLongRun(told) ?? 0) * arriving) / result.durationMs;
});
const undropped = must("some were dropped or left", ({ result }) => dropped(result) === 0 && result.ledger.unfinished === 0);
const open = must("the load waits for answers", ({ scenario }) => !("vus" in scenario.load));
const waited = must("next to nobody waited", (told) => {
  const { schedule, queue, batch, sojourn } = told.result.latency;
  const { ledger, throughput, offeredRate } = told.result;
  const closed = "vus" in told.scenario.load;
  const lost = dropped(told.result) + ledger.unfinished > 0 || throughput < (offeredRate ?? 0);
  const before = schedule.mean + queue.mean + batch.mean + lined(told);
  return closed || lost || before > 0.24 * flown(told) || sojourn.p50 > 2.8 * own(told);
});

/** How long an item waited for a place. */
const placed = ({ result: { latency } }: Told) => latency.schedule.mean + latency.queue.mean + latency.batch.mean;
const coresUsed = ({ result }: Told) => average(result.cores.map(({ utilization }) => utilization));
const half = must("it is another half", (told, { took, asked }) => {
  const { latency = { min: Number.NaN, max: Number.NaN } } = mockOf(told) ?? {};
  return says(took, fetchOf(told).phases?.attempt.p50 ?? null) && says(asked, (latency.min + latency.max) / 2000);
});
/** What an attempt takes by itself: as the server was told, and a round trip. */
const aloneMs = (told: Told) => {
  const { min, max } = mockOf(told)?.latency ?? { min: 0, max: 0 };
  return (min + max) / 2000 + (settingsOf(told).connections.keepAlive ? 0.1 : 0.25);
};
const slowed = must("hardly any of them waits for computing", (told, { took = "0", asked = "0" }) => {
  return (attempted(told) * (printed(took).high - printed(asked).low)) / 1000 >= 1;
});

// What the series shows.

const crowd = (told: Told) =>
  told.result.series.filter(({ p50, processed, depth }) => (p50 === null ? processed === 0 && depth > 0.5 : p50 > 3 * own(told)));
const near = (told: Told) => [...crowd(told), ...told.result.series.slice(-2)];
/** Mean level over some samples, each for as long as it stands for. */
function levelOf({ result: { series } }: Told, samples: CaseResult["series"]): number {
  const spanOf = (sample: CaseResult["series"][number]) => {
    const i = series.indexOf(sample);
    const before = i > 0 ? series[i - 1]?.t : 2 * sample.t - (series[i + 1]?.t ?? 2 * sample.t);
    return sample.t - (before ?? 0);
  };
  const whole = samples.reduce((sum, sample) => sum + spanOf(sample), 0);
  return samples.reduce((sum, sample) => sum + sample.inFlight * spanOf(sample), 0) / whole;
}
/** Attempts per second from the first cut of the rate to the last. */
function betweenCuts({ result: { series } }: Told): number | null {
  const at = series.flatMap(({ fetch }, i) => ((fetch?.rate ?? 0) < (series[i - 1]?.fetch?.rate ?? 0) ? [i] : []));
  const [from, to] = [series[at[0] ?? -1], series[at.at(-1) ?? -1]];
  if (from?.fetch === undefined || to?.fetch === undefined || from === to) return null;
  return ((to.fetch.attempts - from.fetch.attempts) * 1000) / (to.t - from.t);
}

const where = must("other threads", ({ result }, { where = "" }) => {
  const workers = / over (.*) Workers?$/.exec(where)?.[1];
  return workers === undefined ? result.mode !== "parallel" : says(workers, workersOf(result).length);
});
const WHERE =
  "{where: on one loop| over 1 worker| over 2 workers| over 3 workers| over 1 Worker| over 2 Workers| over 3 Workers| over 4 Workers| over 8 Workers| over 10 Workers}";

/** Of limits, and of what would help. */
const LIMIT_CLAIMS: readonly Claim[] = [
  claim(
    "One request is all there was: it took {each:D} with all its attempts and waits.",
    item,
    must("there were more", (told) => fetchOf(told).requests === 1),
  ),
  claim(
    `The arrivals are the limit: ${RATE} needed, by Little's law, {in:N}/s × {each:D} = {mean:N} ${STATE} on average[[ of {places:N} allowed]].`,
    rate,
    out,
    item,
    figure("places", places),
    state,
    prompt,
    allDone,
    undropped,
    open,
  ),
  claim(
    `The arrivals are the limit: ${RATE} at {each:D} each kept the one thread waiting {share:P} of the time.`,
    rate,
    out,
    item,
    figure("share", underWay),
    prompt,
    allDone,
    undropped,
    open,
  ),
  claim(
    `One request at a time: each takes {each:D} with its attempts and waits, and 1 ÷ {e2:D} is {sum:N}/s; ${RATE} went through while the thread was computing {main:P} of the time.`,
    rate,
    out,
    item,
    figure("main", ({ result }) => mainOf(result)),
    must("several at a time", ({ result }) => result.mode === "sync"),
  ),
  claim(
    `The clients are the limit: [[each of the {clients:N} waits]][[the one client waits]] for its answer before it asks again; ${RATE} needed, by Little's law, {in:N}/s × {each:D} = {mean:N} ${STATE} on average.`,
    rate,
    out,
    item,
    state,
    figure("clients", ({ scenario }) => ("vus" in scenario.load ? scenario.load.vus : null)),
    must("there are no places for them", (told) => "vus" in told.scenario.load && told.scenario.load.vus <= places(told)),
    must("connections are what they wait for", (told) => {
      const asking = "vus" in told.scenario.load ? told.scenario.load.vus : 0;
      return asking <= connections(told) || flying(told) <= 0.82 * connections(told);
    }),
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
    waited,
    figure("main", ({ result }) => mainOf(result)),
    must("it had time to spare", ({ result }) => mainOf(result) >= 0.9),
  ),
  claim(
    "More Workers would help.",
    must("no core is free for them", (told) => coresUsed(told) < 0.91),
  ),
  claim(
    "More Workers would find no core free: the machine's {cores:N} {c:core was|cores were} {used:P} used in all.",
    figure("cores", ({ result }) => result.cores.length),
    figure("used", coresUsed),
    must("one is", (told) => coresUsed(told) >= 0.89),
  ),
  claim(
    "The cores are the limit: the machine's {cores:N} {c:core was|cores were} {used:P} used in all; half of the attempts took {took:D} and more, of which the server was told to take {asked:D}, and the rest is computing and waiting for a core.",
    figure("cores", ({ result }) => result.cores.length),
    figure("used", coresUsed),
    must("one had time to spare", (told) => coresUsed(told) >= 0.89),
    half,
    slowed,
    waited,
  ),
  claim(
    "Computing is the limit: half of the attempts took {took:D} and more, of which the server was told to take {asked:D}; the rest is what client and server compute[[, and waiting for a {core:core}]].",
    must(
      "nobody else had the cores",
      ({ result }, { core }) => core === undefined || result.disturbed != null || result.process.work != null,
    ),
    half,
    must("most of it is what it was told to take", (told, { took = "0" }) => printed(took).high >= 1.95 * aloneMs(told)),
    slowed,
    waited,
  ),
  claim(
    `${RATE} went through, {mean:N} ${STATE} on average[[; more at once would wait for the {same:same} cores]].`,
    rate,
    out,
    mean,
    state,
    must("a core had time to spare", (told, { same }) => same === undefined || coresUsed(told) >= 0.89),
  ),
  claim(
    `Nothing limits the requests in flight: {t:there was|there were} {peak:N} at once, each took {each:D}, and ${RATE} went through.`,
    rate,
    out,
    item,
    of("peak", ({ peakConcurrency }) => peakConcurrency),
    must("there is a limit", (told) => !Number.isFinite(places(told)) && fetchOf(told).peakConcurrency < connections(told)),
  ),
  claim(
    `Concurrency is the limit: {places:N} ${STATE}${WHERE} ÷ {each:D} is {sum:N}/s; ${RATE} went through, {mean:N} {again:in flight|under way} on average[[, {ending:fewer at the end of the list}]].`,
    rate,
    out,
    item,
    figure("places", places),
    must("there is no list, or it did not matter", (told, { ending, mean: under }) => {
      return (
        ending === undefined || (told.scenario.load.executor === "shared-iterations" && printed(under ?? "").low < 0.975 * places(told))
      );
    }),
    mean,
    state,
    allTaken,
    where,
    must("there are more than requests", (told) => fetchOf(told).requests >= places(told)),
    coresLeft,
  ),
  claim(
    `The runner is the limit: it was computing {main:P} of the time, sending addresses and recording what became of them; ${RATE} went through.`,
    rate,
    out,
    figure("main", ({ result }) => mainOf(result)),
    must("it had time to spare", ({ result }) => mainOf(result) >= 0.9 && result.distributed !== undefined),
  ),
  claim(
    `Redis is the limit: its one thread was computing {use:P} of the time; ${RATE} went through.`,
    rate,
    out,
    figure("use", ({ result }) => result.distributed?.serverUse ?? null),
    must("it had time to spare", ({ result }) => (result.distributed?.serverUse ?? 0) >= 0.8),
  ),
  claim("More workers would not help."),
  claim(
    "Limits are those of all {n:N} workers: each keeps to the scenario's by itself.",
    figure("n", clients),
    must("there is one", (told) => clients(told) > 1),
  ),
  claim(
    `A larger fetch.concurrency.max, or more workers, would help ${UNTIL}.`,
    finite,
    connectionsLeft,
    keepsItsPace,
    holdsMore,
    must("there are none", ({ result }) => result.distributed !== undefined),
  ),
  claim(
    `Larger fetch.concurrency.max and fetch.connections.max, or more workers, would help ${UNTIL}.`,
    finite,
    keepsItsPace,
    holdsMore,
    must("there are none", ({ result }) => result.distributed !== undefined),
  ),
  claim(`A larger fetch.concurrency.max would help ${UNTIL}.`, finite, connectionsLeft, keepsItsPace, holdsMore),
  claim(`Larger fetch.concurrency.max and fetch.connections.max would help ${UNTIL}.`, finite, keepsItsPace, holdsMore),
  claim(
    `A larger fetch.connections.max would help ${UNTIL}.`,
    must(
      "connections were free, or nobody wanted another",
      (told) => connections(told) < places(told) && flyingMost(told) >= FULL * connections(told),
    ),
    keepsItsPace,
    holdsMore,
  ),
  claim(
    "Half of the attempts took {took:D} and more, of which the server was told to take {asked:D}: the rest is what client and server compute.",
    of("took", ({ phases }) => phases?.attempt.p50 ?? null),
    must("it took what it was told to", (_, { took = "0", asked = "0" }) => printed(took).high >= 1.2 * printed(asked).low),
    must(
      "the server was told otherwise",
      (told, { asked = "0" }) => printed(asked).high >= (mockOf(told)?.latency.min ?? Number.NaN) / 1000,
    ),
    must("others had the cores", ({ result }) => (result.disturbed?.otherCores ?? 0) <= 0.2),
  ),
  claim(
    `Concurrency is the limit at times: for {span:D} [[the one place was]][[all {places:N} places were]] taken while up to {depth:N} waited, {median:D} at the median; up to {came:N}/s came then and {done:N}/s were done.`,
    figure("places", places),
    among("depth", (told) => near(told).map(({ depth }) => depth)),
    among("came", (told) => near(told).map(({ offered }) => offered)),
    among("done", (told) => near(told).map(({ processed }) => processed)),
    among("median", (told) => near(told).flatMap(({ p50 }) => p50 ?? [])),
    must("places were free then", (told) => levelOf(told, crowd(told)) >= 0.75 * places(told)),
    must("a span longer than the run", ({ result }, { span = "0" }) => printed(span).low <= (result.series.at(-1)?.t ?? 0)),
  ),
  claim(
    "The connections are the limit at times: for {span:D} [[the one connection was]][[all {n:N} connections were]] in use, with a sojourn time of {median:D} at the median; up to {came:N}/s came then and {done:N}/s were done.",
    figure("n", connections),
    among("came", (told) => near(told).map(({ offered }) => offered)),
    among("done", (told) => near(told).map(({ processed }) => processed)),
    among("median", (told) => near(told).flatMap(({ p50 }) => p50 ?? [])),
    must(
      "nobody wanted another",
      (told) => lined(told) > 0 && connections(told) < places(told) && levelOf(told, crowd(told)) >= 0.75 * connections(told),
    ),
    must("a span longer than the run", ({ result }, { span = "0" }) => printed(span).low <= (result.series.at(-1)?.t ?? 0)),
  ),
  claim(
    `${RATE} went through in all: {in:N}/s × {each:D} = {mean:N} ${STATE} on average[[ of {places:N} allowed]].`,
    rate,
    out,
    item,
    state,
    figure("places", places),
  ),
  claim(
    `No single limit shows: ${RATE} went through, {in:N}/s × {each:D} = {mean:N} ${STATE} on average[[ of {places:N} allowed]], with a {rule:median|mean} sojourn time of {p50:D}.`,
    rate,
    out,
    item,
    state,
    figure("places", places),
    figure("p50", ({ result }, { rule }) => ruleOf(result.latency.sojourn, rule)),
  ),
  claim(
    `The connections are the limit: there {b:is|are} {n:N} {c:connection|connections}${WHERE} for {mean:N} requests that were under way on average, each attempt held one for {held:D}, and {k:N} ÷ {h2:D} is {sum:N}/s; ${RATE} went through.`,
    rate,
    out,
    mean,
    where,
    figure("n", connections),
    figure("held", (told) => attemptMs(told) ?? (1000 * connections(told)) / attempted(told)),
    allConnected,
    coresLeft,
    must("far less went out than that", (told, { sum = "0" }) => attempted(told) >= 0.75 * printed(sum).low),
  ),
  claim(
    `The adaptive limit (fetch.concurrency.adaptive) is the limit: {mean:N} were ${STATE} on average and {peak:N} in flight at most, of {places:N} allowed; it grows by one for each round of answers that come well and in time, and shrinks ×{cut:N} at a refusal, a failure or a late one.`,
    mean,
    state,
    waited,
    of("peak", ({ peakConcurrency }) => peakConcurrency),
    figure("places", places),
    figure("cut", (told) => settingsOf(told).concurrency.decrease),
  ),
  claim(`{each:D} each; ${RATE} went through.`, rate, out, item),
  claim(
    `The adaptive limit (fetch.concurrency.adaptive) is what takes time: of {took:D} on average, {place:D} was waiting for one of the places it gave, {mean:N} ${STATE} on average and {peak:N} in flight at most of {places:N} allowed.`,
    figure("took", ({ result }) => result.latency.sojourn.mean),
    figure("place", placed),
    mean,
    state,
    of("peak", ({ peakConcurrency }) => peakConcurrency),
    figure("places", places),
    must("it does not adapt", (told) => settingsOf(told).concurrency.adaptive === "aimd"),
    must("most of it was something else", (told) => placed(told) >= 0.49 * told.result.latency.sojourn.mean),
    must("all places were taken", (told) => underWay(told) < 0.91 * places(told)),
  ),
  claim(
    `Waves: a wave ends with its slowest request, so of {places:N} places {mean:N} were in use on average; ${RATE} went through.`,
    rate,
    out,
    mean,
    waited,
    figure("places", places),
    must("one place is no wave", (told) => places(told) > 1),
    must("all took as long", ({ result: { latency } }) => latency.service.max >= 1.05 * latency.service.mean),
    must("every connection was in use", (told) => connections(told) >= places(told) || flying(told) <= 0.82 * connections(told)),
    must("hardly anything waited for a wave", (told) => {
      const { schedule, queue, batch } = told.result.latency;
      return schedule.mean + queue.mean + batch.mean >= Math.max(0.09 * fetchOf(told).itemMs, 0.98 * lined(told));
    }),
    must("hardly a place was free", (told) => underWay(told) < 0.96 * places(told)),
  ),
  claim(
    "A window that slides (fetch.concurrency.window) would help.",
    must("it does", (told) => settingsOf(told).concurrency.window === "waves"),
  ),
  claim(
    `{what:Waiting for the server to come back|What has to be tried again} is the limit: an item took {each:D}, of {attempts:N} attempts {ok:N} {w:was|were} answered well.`,
    item,
    of("attempts", ({ attempts }) => attempts),
    of("ok", ({ ok }) => ok),
    must(
      "it was never gone",
      (told, { what }) => what !== "Waiting for the server to come back" || (mockOf(told)?.outages.length ?? 0) > 0,
    ),
  ),
  claim(
    `The rate limit set for the client (fetch.rateLimit.max, {max:N}/s) is the limit: ${RATE} went through.`,
    rate,
    out,
    waited,
    inLine,
    must("far less went out, and it may have gone up", (told, { max = "0" }) => {
      const { rateLimit } = settingsOf(told);
      return attempted(told) >= 0.88 * printed(max).low || (rateLimit !== false && rateLimit.initial >= rateLimit.max);
    }),
  ),
  claim(
    "{which:A larger one|A higher start} would help [[as long as the server takes it]][[up to the {allows:N}/s that the server allows]].",
    waited,
    inLine,
    figure("allows", (told) => mockOf(told)?.rateLimit ?? null),
    must("the server is known to allow no more", (told, { allows }) => allows !== undefined || (mockOf(told)?.rateLimit ?? 0) === 0),
  ),
  claim(
    `The client's own rate is the limit: it begins at {initial:N}/s (fetch.rateLimit.initial) and climbs ×1.1 after every 10 successes; ${RATE} went through, with {peak:N} in flight at most.`,
    rate,
    out,
    waited,
    inLine,
    of("peak", ({ peakConcurrency }) => peakConcurrency),
    must("it was told to slow down", (told) => fetchOf(told).rateTurns.length === 0),
    must("it cannot climb", (told) => {
      const { rateLimit } = settingsOf(told);
      return rateLimit !== false && rateLimit.initial < rateLimit.max;
    }),
  ),
  claim(
    `The server's rate limit is the limit: ${RATE} went through.`,
    rate,
    out,
    waited,
    inLine,
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
    "More at once would not help[[{own:; a client that keeps to the rate (fetch.rateLimit) would}]].",
    must("it keeps to one", (told, { own: advised }) => advised === undefined || settingsOf(told).rateLimit === false),
    must("hardly any was told to come later", (told) => fetchOf(told).rateLimited > 0.09 * fetchOf(told).attempts),
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
    `What the server fails at is the limit: for it the open circuit breaker refused {refused:N} of {requests:N} requests; ${RATE} went through.`,
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
];

/** The share that an attempt fails with by the server's description: of what is always waited for, and of what may be. */
function failing(told: Told): { readonly least: number; readonly most: number } | null {
  const mock = mockOf(told);
  if (mock === undefined) return null;
  const { errorRate, errorStatus, resetRate, truncateRate, stallRate, slowRate, latency } = mock;
  const sure = resetRate + truncateRate + stallRate + (errorStatus === 503 ? errorRate : 0);
  const late = latency.max > Math.min(settingsOf(told).timeout, settingsOf(told).deadline);
  return { least: late ? 0 : sure, most: late ? 1 : Math.min(1, resetRate + truncateRate + stallRate + errorRate + slowRate) };
}

/** Of retries, limiters and breakers, and of what became of all. */
const AFTERMATH_CLAIMS: readonly Claim[] = [
  claim(
    "Retries: {attempts:N} attempts for the [[one request that was]][[{sent:N} requests that were]] sent[[ ({around:N} more for the tiles around)]], {each:N} each[[; as the server is described[[{aside:, its outages aside}]], {p:P} of attempts fail, of which the geometric series up to {max:N} {t:retry|retries} makes {series:N}]]; {well:N} of {requests:N} ended well.",
    must("the parts are others", (told, { attempts, sent: items = "1" }) => {
      const figures = fetchOf(told);
      return Number(attempts) === figures.sent + figures.retries && Number(items) === figures.sent;
    }),
    must("they do not divide as told", (_, { attempts, sent: items = "1", each }) => says(each, Number(attempts) / Number(items))),
    of("well", ({ ok }) => ok),
    of("requests", ({ requests }) => requests),
    must("not all of them did", (told, { well, requests }) => well !== requests || fetchOf(told).ok === fetchOf(told).requests),
    figure("max", (told) => settingsOf(told).retry.max),
    must("the server is described otherwise", (told, { p, aside }) => {
      const share = failing(told);
      if (p === undefined || share === null) return p === undefined;
      const gone = (mockOf(told)?.outages.length ?? 0) > 0;
      return printed(p).high >= share.least && printed(p).low <= share.most && gone === (aside !== undefined);
    }),
    must("the series is another", (_, { p, max, series }) => {
      if (p === undefined || max === undefined || series === undefined) return true;
      const { low, high } = printed(p);
      const sum = (share: number) =>
        Array.from({ length: printed(max).value + 1 }, (__, k) => share ** k).reduce((total, term) => total + term, 0);
      return printed(series).high >= sum(low) - 1e-9 && printed(series).low <= sum(high) + 1e-9;
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
    "{whose:The rate|A worker's rate} climbed ×1.1 after every 10 successes and was cut ×0.5 [[its first {most:N} times]][[{n:N} {t:time|times}]], at {mean:N}/s on average[[ (the server allows {allows:N}/s)]].",
    of("n", ({ rateTurns }) => rateTurns.length),
    of("most", ({ rateTurns }) => rateTurns.length),
    of("mean", meanTurn),
    figure("allows", (told) => mockOf(told)?.rateLimit ?? null),
  ),
  claim(
    "A sawtooth from ×0.5 of its peak spends its time at 0.69 of it (ln 2): {peak:N}/s × 0.69 = {spent:N}/s.",
    of("peak", meanTurn),
    inLine,
  ),
  claim(
    "From the first cut to the last {between:N}/s went out[[; the climb from {initial:N}/s before it and what waited after it make that {whole:N}/s over the whole run]].",
    figure("between", betweenCuts),
    figure("whole", ({ result }) => result.throughput),
    must("it began elsewhere", (told, { initial }) => {
      const { rateLimit } = settingsOf(told);
      return initial === undefined || (rateLimit !== false && says(initial, rateLimit.initial));
    }),
    must("the whole run is no slower", (_, { between = "0", whole }) => whole === undefined || printed(whole).low < printed(between).high),
  ),
  claim(
    "Cut ×0.9 it would be {share:N}.",
    figure("share", () => (0.9 * Math.log(1 / 0.9)) / 0.1),
  ),
  claim(
    "While the circuit was open {n:N} {r:request|requests} {w:was|were} refused at once[[{all:, before anything went out}]][[, {first:N} before anything went out and {again:N} at a retry]].",
    of("n", ({ refusedByBreaker }) => refusedByBreaker),
    of("first", ({ refusedUnsent }) => refusedUnsent ?? null),
    of("again", ({ refusedByBreaker, refusedUnsent }) => (refusedUnsent === undefined ? null : refusedByBreaker - refusedUnsent)),
    must(
      "something of some had gone out",
      (told, { all }) => all === undefined || fetchOf(told).refusedUnsent === fetchOf(told).refusedByBreaker,
    ),
  ),
  claim(
    "The server itself counted {n:N} {r:request|requests}, and {attempts:N} went out.",
    of("n", ({ server }) => server?.requests ?? null),
    of("attempts", ({ attempts }) => attempts),
  ),
  claim(
    "The {n:N} more are those of Bun's fetch, which asks once more when a kept connection breaks.",
    must("it carried none", (told) => (fetchOf(told).carriedByFetch ?? 0) > 0),
  ),
  claim(
    "It took {what:*} of memory.",
    must("it was other than that", (told, { what = "" }) => {
      const { connectionsOpened, server } = fetchOf(told);
      // Who was broken off at once had opened a connection, too.
      const made = server === null ? connectionsOpened : server.connections + server.refused;
      const files = /(\S+(?: k)?) open files? at most/.exec(what)?.[1];
      const opened = /(\S+(?: k)?) connections? opened in all/.exec(what)?.[1];
      return (files === undefined || says(files, told.result.process.peakOpenFiles)) && (opened === undefined || says(opened, made));
    }),
  ),
  claim(
    "The server, which holds {most:N} at once, broke off {n:N} more.",
    of("n", ({ server }) => server?.refused ?? null),
  ),
  claim(
    "[[{degraded:N} got something else instead[[, ]]]][[{failed:N} failed[[ (attempts that went wrong: {errors:*})]][[, ]]]][[{rejected:N} could not be asked for, being no addresses[[, ]]]][[{dropped:N} {d:was|were} dropped because the queue was full[[, ]]]][[{unfinished:N} {u:was|were} still undone at the end]].",
    of("degraded", ({ degraded }) => degraded),
    of("failed", ({ failed }) => failed),
    figure("rejected", ({ result }) => result.ledger.rejected),
    figure("dropped", ({ result }) => dropped(result)),
    figure("unfinished", ({ result }) => result.ledger.unfinished),
  ),
];

export const FETCH_CLAIMS: readonly Claim[] = [...LIMIT_CLAIMS, ...AFTERMATH_CLAIMS];
