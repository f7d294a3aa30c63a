import {
  among,
  average,
  busiest,
  type Claim,
  cameInTheLongRun,
  claim,
  crowded,
  doneInCrowd,
  dropped,
  figure,
  grewAllAlong,
  growingMs,
  holdMs,
  inUse,
  keyParts,
  lanesOf,
  latestGo,
  mainOf,
  mostCame,
  must,
  percentile,
  programsOf,
  rate,
  ruleOf,
  slowOf,
  type Told,
  waited,
  workersOf,
} from "./claim.ts";
import { printed, says } from "./template.ts";

/** What an explanation of messages or of a flow may say, and what each of it is held against. */

const ledger = (part: string, of: (ledger: Told["result"]["ledger"]) => number) => figure(part, ({ result }) => of(result.ledger));
const p50 = figure("p50", ({ result }, { rule }) => ruleOf(result.latency.sojourn, rule));
/** The work of a message, and its share of what its batch costs once, in milliseconds. */
const askedEach = ({ result, scenario }: Pick<Told, "result" | "scenario">) =>
  (scenario.work.time + scenario.work.perBatch / Math.max(1, result.batches.meanSize)) / 1000;
const service = figure("each", ({ result }) => result.latency.service.mean);
const busy = figure("busiest", ({ result }) => busiest(result));
const inTime = (printedSpan: string | undefined, ms: number) => printedSpan === undefined || printed(printedSpan).low <= ms;
const crowd = [
  must("messages are said to have waited, and in no samples did they", (told) => crowded(told).length > 1),
  among("median", (told) => crowded(told).flatMap(({ p50 }) => p50 ?? [])),
  must("a span longer than the run", ({ result }, { span }) => inTime(span, result.series.at(-1)?.t ?? 0)),
  must("no more came than was done", (_, { came, done }) => came === undefined || printed(came).high > printed(done ?? "0").low),
  must("so much came at no time", (told, { came }) => came === undefined || mostCame(told, ({ offered }) => offered) >= printed(came).low),
  must(
    "more was done than at any time",
    (told, { done }) => done === undefined || mostCame(told, ({ processed }) => processed) >= printed(done).low,
  ),
  must("more came for a shorter time", (told, { grew }) => inTime(grew, growingMs(told.result.series))),
] as const;
const SINCE = "[[, since for {grew:D} {came:N}/s came and {done:N}/s {w:was|were} done]]";
const waiting = must("something is said to be the limit, and nothing waited", waited);
const ends = [
  ledger("processed", ({ processed }) => processed),
  ledger("failed", ({ failed }) => failed),
  ledger("rejected", ({ rejected }) => rejected),
  ledger("unfinished", ({ unfinished }) => unfinished),
  ledger("scheduled", ({ scheduled }) => scheduled),
  figure("dropped", ({ result }) => dropped(result)),
] as const;
const whole = must(
  "not all was processed",
  ({ result: { ledger: of } }, { all }) => all === undefined || (of.processed === of.scheduled && says(all, of.processed)),
);
const ENDS =
  "[[{failed:N} failed[[, ]]]][[{rejected:N} {r:was|were} rejected[[, ]]]][[{dropped:N} {d:was|were} dropped[[, ]]]][[{unfinished:N} {u:was|were} still undone at the end]]";
const HOW = `[[all {all:N} {things:messages|items} were processed]][[{processed:N} {thing:message|messages|item|items} {p:was|were} processed, ${ENDS},]] at {rate:N} {noun:messages|items}/s, with a {rule:median|mean} sojourn time of {p50:D}`;
const prompt = must("half of the messages took many times what they take alone", (told) => {
  const { sojourn, service: own, batch } = told.result.latency;
  return sojourn.p50 <= Math.max(1, 10 * (Math.max(own.mean, own.p50) + batch.p50 + told.scenario.source.latency.max / 1000));
});
// That nothing was done in a sample is no sign by itself: a helper ends many at once. One sample is not told of, nor is so small a share of them; the first and the last may be shorter than the others.
const settled = must(
  "for a part of the run messages waited long",
  (told) => crowded(told).filter(({ p50 }) => p50 !== null).length <= Math.max(2, 1 + 0.02 * told.result.series.length),
);
const few = must(
  "part of it was left or dropped",
  ({ result }) => dropped(result) === 0 && result.ledger.unfinished <= 0.01 * result.ledger.scheduled + 1,
);
const steady = must("what waited became more all along", (told) => !grewAllAlong(told));
const open = must("the load waits for answers", ({ scenario }) => !("vus" in scenario.load));
const several = must("a rate of one", ({ result }) => result.ledger.processed > 1);
const alike = (most: number) =>
  must("Workers are busy unlike", ({ result }) => Math.max(...workersOf(result)) - Math.min(...workersOf(result)) < most);
const cores = figure("cores", ({ result }) => result.cores.length);
const workerCount = figure("workers", ({ result }) => workersOf(result).length);
const more = must("there is no core for more Workers", ({ result }) => workersOf(result).length < result.cores.length);
// What counts as taken is 0.8 of them; figures are not rounded here, so that nothing is to be made good for.
const saturated = must("slots were free", (told) => inUse(told) >= 0.799);
// The explainer joins the last sample with the one before where it is short; here it is left out, which is a sample's difference.
const IN_CROWD = 0.76;
const noPerBatch = must("smaller batches cost more", ({ scenario }) => scenario.work.perBatch === 0);
/** Who waits for an answer before the next is back no sooner for a quicker read, where most of the wait is for something else. */
const readsAreWaitedFor = must("clients waited for something else most of the time", ({ result, scenario }) => {
  const { schedule, sojourn } = result.latency;
  return !("vus" in scenario.load) || schedule.mean >= 0.45 * sojourn.mean;
});
const fullBatches = must(
  "batches were not full, so a smaller size changes nothing",
  ({ result, scenario }, { size }) =>
    size === undefined || result.batches.meanSize >= 0.94 * (scenario.batch.size ?? Number.POSITIVE_INFINITY),
);
const timedBatches = must(
  "batches went full, not by their timeout",
  ({ result, scenario }, { timeout }) =>
    timeout === undefined || result.batches.meanSize < (scenario.batch.size ?? Number.POSITIVE_INFINITY),
);
const heavy = ({ result, scenario }: Told) => {
  const { mean, stddev } = result.latency.service;
  const asked =
    scenario.work.distribution === "lognormal" && ["cpu", "sleep", "io", "mixed"].includes(scenario.work.kind) ? scenario.work.cv : 0;
  return asked >= 3 || (mean > 1 && stddev / mean >= 3);
};
const settles = must("a mean of what does not settle", (told) => !heavy(told));

export const MESSAGE_CLAIMS: readonly Claim[] = [
  // Nothing to explain.
  claim(
    "Nothing was processed, so there is nothing to explain.",
    must("something was", ({ result }) => result.ledger.processed === 0),
  ),
  claim(
    'Nothing was processed: {failed:N} failed, {most:N} of them with "{why:*}"{attempts:*}.',
    ...ends,
    must("something was", ({ result }) => result.ledger.processed === 0),
  ),
  claim(
    "Too little was done before the end to say what held it back.",
    must("there is a rate", ({ result }) => result.throughput === 0),
  ),
  claim(
    "One {noun:message|item} is all there was: it took {took:D}, of it {each:D} {how:work|in the flow}.",
    ledger("one", ({ scheduled }) => scheduled),
    must("there were more", ({ result }) => result.ledger.scheduled === 1),
    figure("took", ({ result }) => result.latency.sojourn.mean),
    service,
  ),
  claim(
    "Only one {noun:message|item} of {scheduled:N} was processed: it took {took:D}, of it {each:D} {how:work|in the flow}.",
    ...ends,
    must("there were more", ({ result }) => result.ledger.processed === 1),
    figure("took", ({ result }) => result.latency.sojourn.mean),
    service,
  ),
  claim(
    `The run was too short to say what held it back: ${HOW}.`,
    rate,
    p50,
    ...ends,
    whole,
    several,
    must("it was long", ({ result }) => result.durationMs < 100),
  ),
  // Arrivals and clients.
  claim(`The arrivals are the limit: ${HOW}.`, rate, p50, ...ends, whole, prompt, settled, few, open, several, steady),
  claim(
    `The clients are the limit: {who:*} its answer before it sends again; ${HOW}.`,
    rate,
    p50,
    ...ends,
    whole,
    several,
    must("no client waits", ({ scenario }, { who = "" }) => {
      const { load } = scenario;
      if (!("vus" in load)) return false;
      return load.vus === 1 ? who === "the one client waits for" : says(/^each of the (.*) waits for$/.exec(who)?.[1], load.vus);
    }),
  ),
  claim(
    `No single limit shows: ${HOW}, {how:of the work|in the flow} {work:D}.`,
    rate,
    p50,
    ...ends,
    whole,
    figure("work", ({ result }) => percentile(result.latency.service, "p50") ?? result.latency.service.mean),
  ),
  claim(
    "The arrivals are the limit: {size:N} come at once, and each waits for those before it, {p50:D} {rule:at the median|on average}; {rate:N} {noun:messages|items}/s went through, and between the bursts there is nothing to do.",
    rate,
    p50,
    figure("size", ({ scenario }) => ("size" in scenario.load ? scenario.load.size : null)),
    must("the next burst came before all was done", ({ result, scenario }) => {
      const { load } = scenario;
      if (load.executor !== "bursts") return false;
      return (
        result.ledger.unfinished === 0 &&
        (result.series.length < 4 || load.size * (result.latency.service.mean / 1000) < (load.every / 1e6) * 1e3)
      );
    }),
  ),
  // Queries.
  claim(
    "Queries are the limit: passing {answered:N} of them on kept the source's thread computing {main:P} of the time ({slow:p99|longest} of a query {p99:D}), at {rate:N} {noun:messages|items}/s.",
    rate,
    figure("answered", ({ result }) => result.queries.answered),
    figure("main", ({ result }) => mainOf(result)),
    figure("p99", ({ result }, { slow }) => slowOf(result.queries.latency, slow)),
    must("the thread had time to spare", ({ result }) => mainOf(result) >= 0.9),
  ),
  claim(
    "Queries are the limit: answering {answered:N} of them kept messages waiting {share:P} of the time ({slow:p99|longest} of a query {p99:D}).",
    figure("answered", ({ result }) => result.queries.answered),
    figure("share", ({ result }) => result.sourceBlocked.queryMs / result.durationMs),
    figure("p99", ({ result }, { slow }) => slowOf(result.queries.latency, slow)),
    must("it is a small share", ({ result }) => result.sourceBlocked.queryMs >= 0.3 * result.durationMs),
  ),
  claim(
    "Snapshots would be answered without the Workers; fewer queries would help.",
    must("there are no Workers", ({ result }) => result.mode === "parallel"),
  ),
  claim(
    "Snapshots, or parallel mode, take them off this thread.",
    must("there are none", ({ result }) => result.queries.answered > 0),
  ),
  // The source.
  claim(
    "The source is the limit: reading held the one thread {share:P} of the time, at {rate:N} {noun:messages|items}/s; a read is asked to take {read:D} (source.latency), and nothing else happens meanwhile.",
    rate,
    figure("share", ({ result }) => Math.min(1, result.sourceBlocked.readMs / result.durationMs)),
    figure("read", ({ scenario }) => (scenario.source.latency.min + scenario.source.latency.max) / 2000),
    must("it read less than half of the time", ({ result }) => result.sourceBlocked.readMs >= 0.5 * result.durationMs),
    readsAreWaitedFor,
  ),
  claim(
    "async overlaps reads.",
    must("it does already", ({ result }) => result.mode === "sync"),
  ),
  claim(
    "The source is the limit: {who:*} reading {share:P} of the time, at {rate:N} {noun:messages|items}/s; by source.latency {connections:N} ÷ {read:D} is {most:N}/s.",
    rate,
    figure("share", ({ result }) => Math.min(1, result.sourceBlocked.readMs / result.durationMs)),
    figure("connections", ({ scenario }) => scenario.source.connections),
    figure("read", ({ scenario }) => (scenario.source.latency.min + scenario.source.latency.max) / 2000),
    must("it read less than half of the time", ({ result }) => result.sourceBlocked.readMs >= 0.5 * result.durationMs),
    readsAreWaitedFor,
  ),
  claim(
    "More connections would help, more computing would not.",
    must("computing is at its limit", ({ result }) => busiest(result) < 0.97),
  ),
  // Threads and cores.
  claim(
    "One core is the limit: its one {who:thread|event loop} was computing {main:P} of the time[[ while the machine's {cores:N} cores were {used:P} used in all]], at {rate:N} {noun:messages|items}/s.",
    rate,
    figure("main", ({ result }) => mainOf(result)),
    cores,
    figure("used", ({ result }) => average(result.cores.map(({ utilization }) => utilization))),
    must("the thread had time to spare", ({ result }) => mainOf(result) >= 0.9 && result.process.eventLoop.busy >= 0.9),
    must("nothing waited, and the thread is not full", (told) => waited(told) || mainOf(told.result) >= 0.95),
    must("the mode has more threads", ({ result }, { who }) => result.mode === (who === "thread" ? "sync" : "async")),
  ),
  claim(
    "Less work per {what:message|item} or parallel mode would help[[; {other:async} would not]].",
    must("it is async", ({ result }, { other }) => other === undefined || result.mode === "sync"),
    must("the thread had time to spare", ({ result }) => Math.max(mainOf(result), result.process.eventLoop.busy) >= 0.9),
  ),
  claim(
    "All cores are the limit: the {workers:N} Workers were computing {share:P} of what the machine's {cores:N} {c:core has|cores have}, at {rate:N} {noun:messages|items}/s.",
    rate,
    workerCount,
    cores,
    figure("share", ({ result }) => workersOf(result).reduce((sum, one) => sum + one, 0) / result.cores.length),
    must("the cores had time to spare", ({ result }) => workersOf(result).reduce((sum, one) => sum + one, 0) >= 0.8 * result.cores.length),
  ),
  claim(
    "More Workers would not help; more cores, or less work per {what:message|item}, would.",
    must("there are cores for more", ({ result }) => workersOf(result).length > result.cores.length),
  ),
  claim(
    "All cores are the limit: the {who:*} computing {share:P} of the time, at {rate:N} {noun:messages|items}/s.",
    rate,
    figure("share", ({ result }) => average(workersOf(result))),
    must("Workers had time to spare", ({ result }) => average(workersOf(result)) >= 0.8),
    must("there is a core for more", ({ result }) => workersOf(result).length >= result.cores.length),
    alike(0.201),
  ),
  claim("Only more cores, or less work per {what:message|item}, would help."),
  claim(
    "The {who:one Worker is the limit: it was|Workers are the limit: the} [[{workers:N} of them were ]]computing {share:P} of the time, at {rate:N} {noun:messages|items}/s.",
    rate,
    workerCount,
    figure("share", ({ result }) => average(workersOf(result))),
    must("Workers had time to spare", ({ result }) => average(workersOf(result)) >= 0.8),
    more,
  ),
  claim(
    "The {who:program is|programs are} the limit: the {whose:*} computing {share:P} of the time, at {rate:N} {noun:messages|items}/s.",
    rate,
    figure("share", ({ result }) => average(programsOf(result))),
    must("the programs had time to spare", ({ result }) => average(programsOf(result)) >= 0.8),
  ),
  claim("More Workers would help: the machine has {cores:N} cores.", cores, more),
  claim(
    "The helper Worker is the limit: it was computing {share:P} of the time, at {rate:N} {noun:messages|items}/s, while the event loop was held {held:P} of it.",
    rate,
    figure("share", ({ result }) => Math.max(...workersOf(result))),
    figure("held", ({ result }) => result.process.eventLoop.busy),
    must("the helper had time to spare", ({ result }) => Math.max(...workersOf(result)) >= 0.8),
  ),
  claim(
    "{busy:N} of {workers:N} Workers {is:is|are} the limit: {whose:its keys keep it|their keys keep them} busy {most:P} of the time while another was computing only {least:P} of it, at {rate:N} {noun:messages|items}/s.",
    rate,
    workerCount,
    figure("busy", ({ result }) => workersOf(result).filter((share) => share >= 0.8).length),
    figure("most", ({ result }) => Math.max(...workersOf(result))),
    figure("least", ({ result }) => Math.min(...workersOf(result))),
    must("items go to whoever has the least to do", ({ scenario }) => scenario.workload === "message"),
    must("the Workers are used alike", ({ result }) => Math.max(...workersOf(result)) - Math.min(...workersOf(result)) >= 0.2),
  ),
  claim("The messages of a key keep their order: only several keys in its place would help."),
  claim(
    "The event loop is the limit: it was held {held:P} of the time, computing for {main:P} of it, at {rate:N} {noun:messages|items}/s.",
    rate,
    figure("held", ({ result }) => result.process.eventLoop.busy),
    figure("main", ({ result }) => mainOf(result)),
    must("the loop was free", ({ result }) => result.process.eventLoop.busy >= 0.9),
  ),
  claim(
    "The event loop is the limit: it was held {held:P} of the time, mostly by waiting that blocks it, at {rate:N} {noun:messages|items}/s.",
    rate,
    figure("held", ({ result }) => result.process.eventLoop.busy),
    must("the loop was free", ({ result }) => result.process.eventLoop.busy >= 0.9),
    must("it computed", ({ result }) => mainOf(result) < 0.5),
  ),
  claim("Waiting that leaves it free (`await`), or more threads, would help."),
  claim(
    "The one thread is close to its limit: it was computing {main:P} of the time, {each:D} {one:a message|an item}, and what comes meanwhile waits its turn; {rate:N} {noun:messages|items}/s went through.",
    rate,
    service,
    figure("main", ({ result }) => mainOf(result)),
    must("it computed less than half of the time", ({ result }) => mainOf(result) >= 0.5),
    saturated,
    waiting,
  ),
  claim(
    "One {one:message|item} at a time is the limit: each takes {each:D}[[ and by source.latency {read:D} to read]], the one thread was computing[[ {only:only}]] {main:P} of the time and does nothing else meanwhile; {rate:N} {noun:messages|items}/s went through.",
    rate,
    service,
    figure("read", ({ scenario }) => (scenario.source.latency.min + scenario.source.latency.max) / 2000),
    figure("main", ({ result }) => mainOf(result)),
    saturated,
    waiting,
  ),
  claim(
    "Threads of their own (parallel) would help.",
    must("it is parallel", ({ result }) => result.mode === "sync"),
  ),
  claim(
    "async overlaps what waits.",
    must("nothing waits", ({ scenario }) => {
      const { workload, flow, work } = scenario;
      return !["none", "cpu", "sleep"].includes((workload === "flow" ? flow?.work?.kind : work.kind) ?? "io");
    }),
  ),
  claim(
    "The thread is the limit: work that holds it is done one {one:message|item} at a time, each {each:D}; {rate:N} {noun:messages|items}/s went through.",
    rate,
    service,
    saturated,
    waiting,
  ),
  claim(
    "Mode parallel, with several Workers, would help.",
    must("it is parallel", ({ result }) => result.mode === "async"),
  ),
  claim(
    "The number of Workers is the limit: work that holds its thread is done by {who:*}, one {one:message|item} at a time, each {each:D}; {rate:N} {noun:messages|items}/s went through.",
    rate,
    service,
    saturated,
    waiting,
  ),
  claim(
    "Only less work, or more cores, would help.",
    must("there is a core", ({ result }) => result.cores.length === 1),
  ),
  claim(
    "More cores, or less work, would help.",
    must("there is a core", ({ result }) => workersOf(result).length >= result.cores.length),
  ),
  claim(
    "More Workers would help.",
    must("there are none", ({ result }) => result.mode === "parallel"),
    must(
      "there is no core for them",
      ({ result, scenario }) => scenario.work.kind !== "cpu" || workersOf(result).length < result.cores.length,
    ),
  ),
  claim(
    "Mode parallel, with more Workers, would help.",
    must("it is parallel", ({ result }) => result.mode === "async"),
  ),
  claim(
    `{who:The Workers were|The one Worker was|The one thread was|One core was} the limit at times: for {span:D} messages waited, {median:D} at the median${SINCE}, each [[with {each:D} of {computing:computing}]][[of which takes it for {takes:D}]]; over the whole run no thread was computing more than {busiest:P} of the time.`,
    service,
    figure("takes", holdMs),
    must("it is no computing", ({ scenario }, { computing }) => (computing === undefined) === (scenario.work.kind !== "cpu")),
    must("it does not take the thread", ({ result, scenario }) => result.mode === "sync" || ["cpu", "sleep"].includes(scenario.work.kind)),
    must(
      "there are as many Workers",
      ({ result }, { who = "" }) => !/Worker/.test(who) || (who === "The one Worker was") === (workersOf(result).length === 1),
    ),
    busy,
    ...crowd,
    must("slots were free then, too", (told) => inUse(told, doneInCrowd(told)) >= IN_CROWD),
  ),
  claim(
    "Less work per message, or more Workers, would help.",
    must("there are none", ({ result }) => result.mode === "parallel"),
  ),
  claim(
    "Less work per {what:message|item} or parallel mode would help.",
    must("it is parallel", ({ result }) => result.mode !== "parallel"),
  ),
  claim(
    `The number of processors is the limit[[ {at:at times}]]: {slots:N} at a time ÷ {each:D} is {sum:N}/s; [[for {span:D} messages waited${SINCE}; ]]{rate:N} {noun:messages|items}/s went through[[ in all]].`,
    rate,
    service,
    ...crowd.slice(2),
    must("slots were free", (told, { at }) => (at === undefined ? inUse(told) >= 0.799 : inUse(told, doneInCrowd(told)) >= IN_CROWD)),
    must("what is said of a time is of none", (told, { span }) => span === undefined || crowded(told).length > 1),
    waiting,
  ),
  claim(
    "A larger async.concurrency would help.",
    must("the thread is full", ({ result }) => mainOf(result) < 0.9),
  ),
  // Keys, queue, batches.
  claim(
    "The keys are the limit: messages of one key are worked one after another, 1 ÷ {each:D} is {sum:N}/s, and there {how:*}, at {rate:N} {noun:messages|items}/s.",
    rate,
    service,
    waiting,
    must("they may overlap", ({ scenario }) => scenario.keys.order && scenario.load.executor !== "replay"),
    must("those are not the keys", ({ scenario: { keys } }, { how = "" }) => {
      if (keys.count === 1) return how === "is one key";
      const [, count, share] = /^are (.*?) keys(?:, the busiest with (.*) of the messages)?$/.exec(how) ?? [];
      return says(count, keys.count) && (share === undefined ? keys.distribution !== "zipf" : says(share, keyParts(keys)[0] ?? 1));
    }),
    must("the busiest key had time to spare", ({ result, scenario }) => {
      const use = (result.throughput * (keyParts(scenario.keys)[0] ?? 1) * result.latency.service.mean) / 1000;
      return use >= (/^(?:hot|few) keys?$/.test(result.predicted.bottleneck) ? 0.7 : 0.9);
    }),
  ),
  claim(
    "The keys are the limit: a Worker takes one message after another, 1 ÷ {each:D} is {sum:N}/s, and one of the {workers:N} Workers has {share:P} of the [[{work:work} by its keys, computing {most:P} of the time while another computes {least:P} of it]][[messages by its keys]], at {rate:N} {noun:messages|items}/s.",
    rate,
    service,
    workerCount,
    waiting,
    figure("most", ({ result }) => Math.max(...workersOf(result))),
    figure("least", ({ result }) => Math.min(...workersOf(result))),
    must("it is another share", (told, { share, work }) => {
      const workers = workersOf(told.result);
      return says(share, work === undefined ? Math.max(...lanesOf(told)) : Math.max(...workers) / (average(workers) * workers.length));
    }),
    must("keys are spread evenly", (told) => Math.max(...lanesOf(told)) * workersOf(told.result).length >= 1.05),
    must("the Worker had time to spare", (told, { most }) =>
      most === undefined
        ? (told.result.throughput * Math.max(...lanesOf(told)) * told.result.latency.service.mean) / 1000 >= 0.9
        : printed(most).high >= 0.9,
    ),
    must("all cores are used up", ({ result }, { most }) => {
      const workers = workersOf(result);
      return most === undefined || average(workers) * workers.length < 0.95 * Math.min(result.cores.length, workers.length);
    }),
  ),
  claim(
    "Spreading the work over more keys would help.",
    must("they need not be one after another", ({ result, scenario }) => scenario.keys.order || result.mode === "parallel"),
  ),
  claim(
    "The messages of a key keep their order: only several keys in place of the busiest would help.",
    must("no key is busier than others", ({ scenario: { keys } }) => {
      const [first = 1, second = 0] = keyParts(keys);
      return first >= 0.03 && first > 1.05 * second;
    }),
  ),
  claim(
    "The keys are what takes time: of {mean:D} on average, about {held:D} was waiting for a state machine that another message was at[[, its own or that of one before it in its batch (batches went with {size:N} on average)]], and {each:D} was work, at {rate:N} {noun:messages|items}/s.",
    rate,
    service,
    figure("mean", ({ result }) => result.latency.sojourn.mean),
    figure("size", ({ result }) => result.batches.meanSize),
    must("several may be at one", ({ scenario }) => scenario.keys.order && scenario.async.concurrency > 1),
    must("most of it was something else", ({ result }, { held = "0", size }) => {
      const { batch, sojourn, service: own } = result.latency;
      const turn = size === undefined ? 0 : ((result.batches.meanSize - 1) / 2) * own.mean;
      return printed(held).low <= batch.mean - turn && printed(held).high >= 0.5 * sojourn.mean;
    }),
    settles,
  ),
  claim(
    "A batch.order of key would help.",
    must("it is that already", ({ scenario }) => scenario.batch.order !== "key"),
  ),
  claim(
    "The queue is the limit: its {capacity:N} {n:place|places} overflowed when arrivals came close together, though no thread was computing more than {busiest:P} of the time.",
    busy,
    figure("capacity", ({ result }) => result.queue.capacity),
    must("nothing was dropped", ({ result }) => dropped(result) > 0),
    must(
      "a thread was full, and a longer queue is only longer",
      (told) => busiest(told.result) < 0.8 && inUse(told, cameInTheLongRun(told) ?? 0) < 0.951,
    ),
  ),
  claim("A larger queue.capacity would help."),
  claim(
    "The batch is what takes time: of {mean:D} on average, {filling:D} was waiting for it to go [[(]][[{turn:and for its turn within it} (]]batches went with {size:N} on average), at {rate:N} {noun:messages|items}/s.",
    rate,
    figure("mean", ({ result }) => result.latency.sojourn.mean),
    figure("size", ({ result }) => result.batches.meanSize),
    must(
      "most of it was something else",
      ({ result }, { filling = "0", mean = "0", turn }) =>
        printed(filling).high >= (turn === undefined ? 0.5 : 0.4) * printed(mean).low &&
        printed(filling).low <= result.latency.batch.mean * (1 + 1e-9),
    ),
    must("more of it was something else", ({ result: { latency } }, { filling = "0" }) => {
      const { schedule, queue, service: work, batch } = latency;
      const { high } = printed(filling);
      return high >= Math.max(schedule.mean + queue.mean, work.mean, batch.mean - high);
    }),
    must("it goes sooner", (told, { filling = "0", turn }) => turn !== undefined || printed(filling).low <= latestGo(told)),
    settles,
  ),
  claim(
    "[[{size:A smaller batch.size}]][[{timeout:A batch.timeout|A shorter batch.timeout}]] would help.",
    noPerBatch,
    fullBatches,
    timedBatches,
  ),
  claim(
    "A batch.size would help.",
    must("there is one", ({ scenario }) => scenario.batch.size === undefined),
    noPerBatch,
  ),
  claim(
    "A handler that does not end is the limit: nothing was done any more after the first {span:D}, and what waited behind it was never begun.",
    figure("span", ({ result }) => result.durationMs),
    must("all was done", ({ result }) => result.ledger.unfinished > 0),
  ),
  // Where no limit shows.
  claim(
    "The format is {what:the limit|a part of that}: a message is written as {codec:ring|json|messagepack|structured-clone} in {encode:D} and read in {decode:D}, which at {rate:N} {noun:messages|items}/s takes {writing:P} of the time of the source's thread and {reading:P} of that of [[the one Worker]][[each of the {workers:N} Workers]].",
    rate,
    workerCount,
    figure("encode", ({ result }) => (result.serialization?.encodeNs ?? Number.NaN) / 1e6),
    figure("decode", ({ result }) => (result.serialization?.decodeNs ?? Number.NaN) / 1e6),
    must("it is another format", ({ result }, { codec }) => result.serialization?.codec === codec),
    must("work is asked", ({ scenario }) => scenario.work.kind === "none"),
    must("it takes another part of the time", ({ result }, { encode = "0", decode = "0", writing = "0", reading = "0" }) => {
      const share = (time: string, threads: number) => (printed(time).value * result.throughput) / 1000 / threads;
      const near = (text: string, value: number) => Math.abs(printed(text).value - value) <= 0.01 + 0.01 * value;
      return near(writing, share(encode, 1)) && near(reading, share(decode, workersOf(result).length));
    }),
    must("neither takes half of a thread's time", (_, { what, writing = "0", reading = "0" }) =>
      [writing, reading].some((text) => printed(text).high >= (what === "the limit" ? 0.5 : 0.1) && printed(text).low <= 1),
    ),
    must(
      "one takes half of a thread's time",
      (_, { what, writing = "0", reading = "0" }) => what === "the limit" || [writing, reading].every((text) => printed(text).low <= 0.5),
    ),
  ),
  claim(
    "The lab's own format (parallel.codec: ring) would help.",
    must("it is that already", ({ result }) => result.serialization !== undefined && result.serialization.codec !== "ring"),
  ),
  claim(
    "What the lab itself costs is the limit, since no work is asked: reading, queueing, handing over and recording; no thread was computing more than {busiest:P} of the time, and {rate:N} {noun:messages|items}/s went through.",
    rate,
    busy,
    must("work is asked", ({ scenario }) => scenario.work.kind === "none"),
  ),
  claim(
    "No single limit shows: {one:messages|items} waited ({slow:99th percentile of the sojourn time|longest sojourn time} {p99:D}, {how:of the work|in the flow} {work:D}), no thread was computing more than {busiest:P} of the time, and {rate:N} {noun:messages|items}/s went through.",
    rate,
    busy,
    figure("p99", ({ result }, { slow }) => slowOf(result.latency.sojourn, slow)),
    figure("work", ({ result }) => percentile(result.latency.service, "p99") ?? result.latency.service.max),
    waiting,
  ),
  claim(`They did for {span:D} of the run, each {median:D} at the median${SINCE}.`, ...crowd),
  // What came of it.
  claim(
    "[[{failed:N}[[ of {scheduled:N}]] failed[[, ]][[ and ]]]][[{rejected:N}[[ of {s2:N}]] {r:was|were} rejected[[, ]][[ and ]]]][[{dropped:N}[[ of {s3:N}]] {d:was|were} dropped at the full queue[[, ]][[ and ]]]][[{unfinished:N}[[ of {s4:N}]] {u:was|were} still undone at the end]].",
    ...ends,
  ),
  claim(
    "Waiting made the 99th percentile {p99:D}.",
    figure("p99", ({ result }) => percentile(result.latency.sojourn, "p99")),
    must("it is no longer than the work and the batch", (told) => told.result.latency.sojourn.p99 > 10 * told.result.latency.service.p99),
  ),
  // Beside theory.
  claim(
    "{model:*} expects {expected:N}/s and a mean sojourn time of {sojourn:D}; measured: {rate:N}/s and {mean:D}.",
    rate,
    figure("expected", ({ result }) => result.predicted.throughput),
    figure("sojourn", ({ result }) => result.predicted.sojournMean),
    figure("mean", ({ result }) => result.latency.sojourn.mean),
    settles,
  ),
  claim(
    "{model:*} expects {expected:N}/s; measured: {rate:N}/s.",
    rate,
    figure("expected", ({ result }) => result.predicted.throughput),
  ),
  claim(
    "Service times vary so much[[ (here by {cv:N} times their mean)]] that the mean sojourn time of one run says nothing.",
    figure("cv", ({ result }) => result.latency.service.stddev / result.latency.service.mean),
    must("they do not", heavy),
  ),
  claim(
    "{model:*} settles at {mean:D}[[; nine of ten runs of this length lie between {low:D} and {high:D}, and this one {does:does|does not}]].",
    figure("mean", ({ result }) => result.predicted.steadyState?.sojournMean ?? null),
    figure("low", ({ result }) => result.predicted.steadyState?.band[0] ?? null),
    figure("high", ({ result }) => result.predicted.steadyState?.band[1] ?? null),
    must("it is the other way", ({ result }, { does }) => {
      const [low = 0, high = 0] = result.predicted.steadyState?.band ?? [];
      const { mean } = result.latency.sojourn;
      return does === undefined || (mean >= low && mean <= high) === (does === "does");
    }),
    settles,
  ),
  claim(
    "Work took {each:D} (± {sd:D}); with that it settles at {served:D}.",
    service,
    figure("sd", ({ result }) => result.latency.service.stddev),
    settles,
  ),
  claim(
    "Work took {longer:P} longer than asked[[: {slower:P} on a core slower than when it was calibrated, the rest {part:waiting for a core}]][[, {mostly:mostly waiting for a core}]][[, {core:on a core slower than when it was calibrated}]][[, which the {who:Workers|workers} share with {beside:the source's thread|Redis and the runner}]].",
    figure("longer", ({ result, scenario }) => (1000 * result.latency.service.mean) / scenario.work.time - 1),
    figure("slower", ({ result }) => result.process.work?.slowerBy ?? null),
    must("as much was done as was predicted", ({ result }) => result.throughput < 0.96 * (result.predicted.throughput ?? 0)),
    must("work waits, or a batch costs", ({ scenario }) => scenario.work.kind === "cpu" && scenario.work.perBatch === 0),
    must("it hardly waited", ({ result: { process } }, { part, mostly }) => {
      const { askedMs = 1, takenAwayMs = 0 } = process.work ?? {};
      return (part ?? mostly) === undefined || (takenAwayMs ?? 0) > 0.01 * askedMs;
    }),
    must("the core was no slower", ({ result }, { core }) => core === undefined || (result.process.work?.slowerBy ?? 0) > 0.005),
    must("they have cores left", ({ result }, { who }) => {
      const workers = result.process.threads.filter(({ name }) => name.startsWith("worker")).length;
      return who === undefined || (workers === result.cores.length && (who === "Workers") === (result.hosts === undefined));
    }),
  ),
  claim(
    "Receiving, queueing and holding messages took {share:P} of what the work could have had.",
    figure("share", ({ result: { shortfall } }) => (shortfall == null ? null : shortfall.causes.overhead / shortfall.capacity)),
    must("as much was done as was predicted", ({ result }) => result.throughput < 0.96 * (result.predicted.throughput ?? 0)),
  ),
  claim(
    "{n:N} waiting messages of {size:*} held {held:*} at most, of the {rss:*} that the case took[[; the line grew by {growth:*} a second]].",
    figure("n", ({ result }) => result.queue.highWater),
    figure("size", ({ scenario }) => scenario.message.size),
    figure("held", ({ result, scenario }) => result.queue.highWater * scenario.message.size),
    figure("rss", ({ result }) => result.process.peakRssBytes),
    figure("growth", ({ result, scenario }) => result.queue.growthPerSecond * scenario.message.size),
  ),
  claim(
    "Predicted was {a:a|another} limit ({which:*}), which takes queries for cheap.",
    figure("none", () => null),
    must("not that", ({ result }, { which }) => result.predicted.bottleneck === which),
  ),
  claim(
    "Predicted was {a:a|another} limit ({which:*}): it goes by {asked:D} of work a message, and here it took {each:D}.",
    service,
    figure("asked", askedEach),
    must("not that", ({ result }, { which }) => result.predicted.bottleneck === which),
    must("it took as long", ({ result, scenario }) => Math.abs(result.latency.service.mean / askedEach({ result, scenario }) - 1) > 0.05),
  ),
  claim(
    "Predicted was {a:a|another} limit ({which:*})[[, at {use:P} of what can be done]][[: {came:N}/s came and {rate:N}/s were done]][[, and {all:all that came was done}]].",
    rate,
    figure("use", ({ result }) => result.predicted.utilization),
    figure("came", cameInTheLongRun),
    must("part of it was not", ({ result }, { all }) => all === undefined || result.ledger.processed === result.ledger.scheduled),
    must("not that", ({ result }, { which }) => result.predicted.bottleneck === which),
  ),
  claim(
    "Predicted was {a:a|another} limit ({which:*}), of which {expected:N}/s were to be expected; measured: {rate:N}/s.",
    rate,
    figure("expected", ({ result }) => result.predicted.throughput),
    must("not that", ({ result }, { which }) => result.predicted.bottleneck === which),
  ),
  claim(
    "Predicted was {a:a|another} limit ({which:*}), at {capacity:N}/s; measured: {rate:N}/s.",
    rate,
    figure("capacity", ({ result }) => result.predicted.capacity),
    must("not that", ({ result }, { which }) => result.predicted.bottleneck === which),
  ),
];
