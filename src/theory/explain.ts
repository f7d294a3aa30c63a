import { formatCount, formatMs, formatShare } from "../kernel/units.ts";
import { keyShares } from "../load/keys.ts";
import type { Scenario } from "../scenario/schema.ts";
import { droppedTotal } from "../telemetry/ledger.ts";
import { keepsPace } from "../telemetry/pace.ts";
import { attemptsGoneWrong, type Explained, explainFetch } from "./explain-fetch.ts";
import { explainFailures, explainHandlers } from "./explain-flow.ts";
import { explainMachine } from "./explain-machine.ts";
import { mg1Sojourn } from "./queues.ts";

const BUSY = 0.9;
/** A Worker shares its core with the source and with whatever else runs; from here on it is the limit. */
const WORKER_BUSY = 0.8;
/** Below this a run is over before shares of its time mean anything. */
const SHORTEST_MS = 50;
/** Share of what was scheduled that may be undone at the end, as what was at work just then. */
const UNDONE = 0.01;

/** What held a case back, named from measured utilisation and the split of latency, the number that shows it, and what would help. */
export function explain(result: Explained, scenario: Scenario): string {
  if (result.status === "failed") return result.problems[0] ?? "The case failed.";
  const machine = explainMachine(result);
  if (scenario.workload === "fetch" && result.throughput > 0) return said(machine?.sentence, explainFetch(result, scenario));
  if (result.ledger.processed === 0) return said(machine?.sentence, nothing(result));
  if (result.throughput === 0) return "Too little was done before the end to say what held it back.";
  const facts = new Facts(result, scenario);
  const coresTaken = machine?.coresTaken ?? false;
  const looks = coresTaken ? EVIDENT : BOTTLENECKS;
  const found = looks.map((look) => look(facts)).find((sentence) => sentence !== null) ?? null;
  const limit = found ?? (coresTaken ? null : facts.arrivals());
  const counted = found === null && !coresTaken;
  return said(machine?.sentence, limit, facts.aftermath(counted), explainFailures(result.flow), facts.againstTheory());
}

function said(...sentences: readonly (string | null | undefined)[]): string {
  return sentences.filter(Boolean).join(" ");
}

function nothing({ ledger, failures, fetch }: Explained): string {
  const most = failures.reduce((a, b) => (b.count > a.count ? b : a), { reason: "", count: 0 });
  if (most.count === 0) return "Nothing was processed, so there is nothing to explain.";
  return `Nothing was processed: ${formatCount(ledger.failed)} failed, ${formatCount(most.count)} of them with "${most.reason}"${fetch === undefined ? "" : attemptsGoneWrong(fetch)}.`;
}

/** A case with the figures that the sentences are made of. */
class Facts {
  readonly rate: string;
  /** Share of its time that the source's thread computed. */
  readonly main: number;
  readonly workers: readonly number[];
  readonly busyWorkers: number;
  readonly longEnough: boolean;
  readonly cores: number;
  readonly coresUsed: number;
  /** How long reading one message takes on average, in milliseconds. */
  readonly readMs: number;

  constructor(
    readonly result: Explained,
    readonly scenario: Scenario,
  ) {
    const { process, cores } = result;
    this.rate = `${formatCount(result.throughput)} ${scenario.workload === "flow" ? "items" : "messages"}/s`;
    this.main = process.threads.find(({ name }) => name === "main")?.utilization ?? 0;
    this.workers = process.threads.filter(({ name }) => name !== "main").map(({ utilization }) => utilization ?? 0);
    this.busyWorkers = this.workers.filter((share) => share >= WORKER_BUSY).length;
    this.longEnough = result.durationMs > SHORTEST_MS;
    this.cores = cores.length;
    this.readMs = (scenario.source.latency.min + scenario.source.latency.max) / 2000;
    this.coresUsed = mean(cores.map(({ utilization }) => utilization));
  }

  /** Share of the run that something took. */
  shareOf(ms: number): number {
    return this.result.durationMs > 0 ? ms / this.result.durationMs : 0;
  }

  /** More was there to be done than was done: it was left, or as a rule some of it waited. */
  get overrun(): boolean {
    const { ledger, latency, throughput } = this.result;
    if (this.closedLoop) return this.saturated && this.clients > this.slots;
    const { load } = this.scenario;
    if (load.executor === "bursts" && load.count === 1 && load.size > this.slots) return true;
    const behind = !keepsPace(this.result);
    // Little's law: how many wait on average. While it is read nothing waits.
    const waiting = (throughput * (latency.sojourn.mean - latency.service.mean - this.readMs)) / 1000;
    const waits = waiting >= 1 && latency.sojourn.p99 - this.longestRead > 10 * latency.service.p99;
    return behind || waits || droppedTotal(ledger) > 0 || ledger.unfinished > UNDONE * ledger.scheduled;
  }

  /** Share of its time that the thread, or the Workers on average, had something in hand, computing or not. */
  get held(): number {
    const { mode, process, throughput, latency } = this.result;
    return mode === "parallel" ? (throughput * latency.service.mean) / 1000 / Math.max(1, this.workers.length) : process.eventLoop.busy;
  }

  get batched(): boolean {
    const { size, timeout } = this.scenario.batch;
    return this.result.mode !== "sync" && size !== 1 && (size !== undefined || timeout !== undefined);
  }

  private get longestRead(): number {
    return this.scenario.source.latency.max / 1000;
  }

  get closedLoop(): boolean {
    return "vus" in this.scenario.load;
  }

  private get clients(): number {
    const { load } = this.scenario;
    return "vus" in load ? load.vus : 0;
  }

  /** False where an item holds its thread as long as it takes. */
  get waits(): boolean {
    const { workload, work } = this.scenario;
    return workload !== "message" || !["none", "cpu", "sleep"].includes(work.kind);
  }

  /** Messages that can be at work at once. */
  get slots(): number {
    const { mode } = this.result;
    if (mode === "sync") return 1;
    // Work that never waits leaves its thread nothing else to do.
    const each = this.waits ? this.scenario.async.concurrency : 1;
    return each * Math.max(1, mode === "parallel" ? this.workers.length : 1);
  }

  /** What one message holds its slot for, in milliseconds: in `sync` the one thread reads it, too. */
  get each(): number {
    return this.result.latency.service.mean + (this.result.mode === "sync" ? this.readMs : 0);
  }

  /** Nearly all of those were in use (Little's law). */
  get saturated(): boolean {
    return this.longEnough && (this.result.throughput * this.each) / 1000 >= 0.8 * this.slots;
  }

  arrivals(): string {
    const { ledger, latency } = this.result;
    const others = this.unprocessed("").map(([count, what]) => `${formatCount(count)} ${what}`);
    const all =
      others.length === 0 ? "all of them were processed" : `${formatCount(ledger.processed)} were processed, ${others.join(", ")},`;
    const who = this.closedLoop
      ? `The clients are the limit: each of the ${formatCount(this.clients)} waits for its answer before it sends again;`
      : "The arrivals are the limit:";
    return `${who} ${all} at ${this.rate}, with a median sojourn time of ${formatMs(latency.sojourn.p50)}.`;
  }

  /** How many ended in another way than processed, and in which. */
  private unprocessed(where: string): (readonly [count: number, what: string])[] {
    const { failed, rejected, unfinished } = this.result.ledger;
    const ends = [
      [failed, "failed"],
      [rejected, "were rejected"],
      [droppedTotal(this.result.ledger), `were dropped${where}`],
      [unfinished, "were still undone at the end"],
    ] as const;
    return ends.filter(([count]) => count > 0);
  }

  /** What the limit led to. `counted`: what became of all has been said. */
  aftermath(counted: boolean): string {
    const { ledger, latency } = this.result;
    const of = ` of ${formatCount(ledger.scheduled)}`;
    const told = this.unprocessed(" at the full queue").map(([count, what], i) => `${formatCount(count)}${i === 0 ? of : ""} ${what}`);
    if (told.length > 0 && !counted) return `${listed(told)}.`;
    const little = Math.max(10 * latency.service.p99, this.longestRead);
    if (droppedTotal(ledger) > 0 || ledger.unfinished > 0 || latency.sojourn.p99 - this.longestRead <= little) return "";
    return `Waiting made the 99th percentile ${formatMs(latency.sojourn.p99)}.`;
  }

  /** Measured beside predicted, where theory says anything of the sojourn time. */
  againstTheory(): string {
    const { predicted, latency, throughput } = this.result;
    // What theory expects is of the whole load.
    const whole = this.result.status !== "aborted" && this.longEnough;
    if (predicted.sojournMean === null || predicted.throughput === null || !whole) return "";
    const model = { simulation: "The simulation", capacity: "Theory" }[predicted.model] ?? predicted.model;
    const expected = `${formatCount(predicted.throughput)}/s and a mean sojourn time of ${formatMs(predicted.sojournMean)}`;
    const served = asServed(this.result);
    const drift =
      served === null || Math.abs(served / predicted.sojournMean - 1) < TOLD
        ? ""
        : ` Work took ${formatMs(latency.service.mean)} (± ${formatMs(latency.service.stddev)}); of that the model expects ${formatMs(served)}.`;
    return `${model} expects ${expected}; measured: ${formatCount(throughput)}/s and ${formatMs(latency.sojourn.mean)}.${drift}`;
  }
}

/** What a difference to the prediction is to be before the service times that were measured are told. */
const TOLD = 0.03;

/**
 * Mean sojourn time in milliseconds of M/G/1 with the rate and the service times as they were (Pollaczek–Khinchine): what
 * still differs from it is queueing, not a core that was faster or slower than asked. null: no Poisson arrivals at one server.
 */
export function asServed({ predicted, latency, offeredRate }: Pick<Explained, "predicted" | "latency" | "offeredRate">): number | null {
  if (!/^M\/[DMG]\/1$/.test(predicted.model) || offeredRate === null || latency.service.mean === 0) return null;
  const { mean, stddev } = latency.service;
  const sojourn = mg1Sojourn(offeredRate, mean / 1000, (stddev / mean) ** 2);
  return sojourn === null ? null : sojourn * 1000;
}

type Look = (facts: Facts) => string | null;

/** Each looks for one cause; the first that finds its own speaks. */
const BOTTLENECKS: readonly Look[] = [
  queryStorm,
  neverEnding,
  slowSource,
  busyThread,
  waitingBatch,
  busyWorkers,
  busyKeys,
  otherPrograms,
  heldThread,
  slowHandlers,
  processors,
  shortQueue,
  bursts,
  turnInBatch,
  slowWork,
];

/** Those that go by what was seen at work, and so hold beside other programs too; the rest conclude it from nothing else being busy. */
const EVIDENT: readonly Look[] = [queryStorm, neverEnding, slowSource, busyThread, busyWorkers];

function queryStorm(facts: Facts): string | null {
  const { answered, latency } = facts.result.queries;
  const relayed = facts.result.mode === "parallel" && facts.overrun && facts.main >= BUSY && answered > facts.result.ledger.processed;
  if (relayed)
    return `Queries are the limit: passing ${formatCount(answered)} of them on kept the source's thread computing ${formatShare(facts.main)} of the time (p99 of a query ${formatMs(latency.p99)}), at ${facts.rate}. Snapshots would be answered without the Workers; fewer queries would help.`;
  const share = facts.shareOf(facts.result.sourceBlocked.queryMs);
  if (share < 0.3) return null;
  return `Queries are the limit: answering ${formatCount(answered)} of them kept messages waiting ${formatShare(share)} of the time (p99 of a query ${formatMs(latency.p99)}). Snapshots, or parallel mode, take them off this thread.`;
}

/** Long before the load was over nothing was done any more. */
function neverEnding({ result, scenario }: Facts): string | null {
  const { ledger, durationMs, status } = result;
  const load = "duration" in scenario.load ? scenario.load.duration / 1000 : 0;
  // One that was not stopped had all of gracefulStop as well.
  const still = status === "completed" ? durationMs < 0.9 * load : ledger.unfinished >= ledger.scheduled / 2 && durationMs <= load / 2;
  if (scenario.work.kind !== "handler" || ledger.unfinished === 0 || !still) return null;
  return `A handler that does not end is the limit: nothing was done any more after the first ${formatMs(durationMs)}, and what waited behind it was never begun.`;
}

function slowHandlers(facts: Facts): string | null {
  return facts.overrun ? explainHandlers(facts.result, facts.scenario, facts.cores) : null;
}

function slowSource(facts: Facts): string | null {
  const { result, scenario } = facts;
  const share = Math.min(1, facts.shareOf(result.sourceBlocked.readMs));
  // Where the queue is full it is not for want of reads that more is not done.
  const heldUp = droppedTotal(result.ledger) > 0 || result.sourceBlocked.queueFullMs > 0.2 * result.sourceBlocked.readMs;
  if (share < 0.5 || heldUp || !(facts.overrun || facts.closedLoop || share >= BUSY)) return null;
  const { min, max } = scenario.source.latency;
  const read = (min + max) / 2000;
  if (result.mode === "sync") {
    return `The source is the limit: reading held the one thread ${formatShare(share)} of the time, at ${facts.rate}; a read takes ${formatMs(read)}, and nothing else happens meanwhile. async overlaps reads.`;
  }
  const { connections } = scenario.source;
  const most = formatCount((connections * 1000) / read);
  return `The source is the limit: all ${formatCount(connections)} of its connections were reading ${formatShare(share)} of the time, at ${facts.rate}; ${formatCount(connections)} ÷ ${formatMs(read)} is ${most}/s. More connections would help, more computing would not.`;
}

function busyThread(facts: Facts): string | null {
  const { result } = facts;
  // A thread that spins until the next arrival uses its core too, and has nothing in hand.
  if (result.mode === "parallel" || !facts.longEnough || Math.min(facts.main, result.process.eventLoop.busy) < BUSY) return null;
  const idle = facts.cores > 1 ? ` while the machine's ${facts.cores} cores were ${formatShare(facts.coresUsed)} used in all` : "";
  const thread = result.mode === "sync" ? "its one thread" : "its one event loop";
  return `One core is the limit: ${thread} was computing ${formatShare(facts.main)} of the time${idle}, at ${facts.rate}. Less work per message or parallel mode would help; async would not.`;
}

/** A Worker that computes this much of its time is a limit, whether or not anything waits yet. */
const FULL = 0.95;

function busyWorkers({ workers, busyWorkers: busy, rate, result, cores, overrun }: Facts): string | null {
  // Busy as they are, nothing waits for them.
  if (!overrun && Math.max(...workers) < FULL) return null;
  const inAll = workers.reduce((sum, share) => sum + share, 0);
  if (result.mode === "parallel" && workers.length > cores && inAll >= WORKER_BUSY * cores) {
    return `All cores are the limit: the ${workers.length} Workers were computing ${formatShare(inAll / cores)} of what the machine's ${cores} ${cores === 1 ? "core has" : "cores have"}, at ${rate}. More Workers would not help; more cores, or less work per message, would.`;
  }
  if (busy === 0) return null;
  const computed = `was computing at least ${formatShare(WORKER_BUSY)} of the time`;
  if (result.mode === "async") return `The helper Worker is the limit: it ${computed}, at ${rate}, while the event loop was free.`;
  if (busy < workers.length) {
    const idle = formatShare(Math.min(...workers));
    return `${busy} of ${workers.length} Workers ${busy === 1 ? "is" : "are"} the limit: their keys keep them busy while another was computing only ${idle} of the time, at ${rate}. A key cannot be split; spreading its work over several keys would help.`;
  }
  if (workers.length < cores) {
    const who = workers.length === 1 ? "The one Worker is the limit: it" : `The Workers are the limit: each of the ${workers.length}`;
    return `${who} ${computed}, at ${rate}. More Workers would help: the machine has ${cores} cores.`;
  }
  return `All cores are the limit: each of the ${workers.length} Workers ${computed}, at ${rate}. Only more cores, or less work per message, would help.`;
}

/** Theory says the keys keep the rate down, and messages wait. */
function busyKeys(facts: Facts): string | null {
  const { result, scenario, rate } = facts;
  const { sojourn, service } = result.latency;
  // Who waits for an answer sends no more meanwhile: that they wait for each other shows in how long they do.
  const inLine = facts.overrun || (facts.closedLoop && sojourn.mean - facts.readMs > 2 * service.mean);
  if (!inLine || result.mode === "sync" || facts.saturated) return null;
  const { count, distribution } = scenario.keys;
  const each = formatMs(result.latency.service.mean);
  switch (result.predicted.bottleneck) {
    case "hot key":
    case "few keys": {
      const share = distribution === "zipf" ? `, the busiest with ${formatShare(keyShares(scenario.keys)[0] ?? 1)} of the messages` : "";
      const keys = count === 1 ? "there is one key" : `there are ${formatCount(count)} keys${share}`;
      return `The keys are the limit: messages of one key are worked one after another, each ${each}, and ${keys}, at ${rate}. Spreading the work over more keys would help.`;
    }
    case "uneven keys":
      return `The keys are the limit: more of them belong to one of the ${facts.workers.length} Workers than to others, at ${rate}. More keys, or another number of Workers, would help.`;
    default:
      return null;
  }
}

/** Work that never waits held its threads all the time, and yet they computed less: something else had their cores meanwhile. */
function otherPrograms(facts: Facts): string | null {
  const { result, scenario, workers } = facts;
  const waitless = !facts.waits && scenario.work.kind !== "sleep";
  if (!waitless || !facts.longEnough || facts.held < BUSY) return null;
  const [threads, computed] =
    result.mode === "parallel" ? [`its ${workers.length} Workers were`, mean(workers)] : ["its one thread was", facts.main];
  return `Other programs had part of the cores: ${threads} at work ${formatShare(facts.held)} of the time but computing only ${formatShare(computed)} of it, at ${facts.rate}. On a quieter machine it would do more.`;
}

/** Of what should leave the loop free while it waits, and does not. */
function heldThread(facts: Facts): string | null {
  const { busy } = facts.result.process.eventLoop;
  if (facts.result.mode !== "async" || !facts.waits || busy < BUSY || !facts.longEnough) return null;
  if (facts.main >= busy / 2)
    return `The event loop is the limit: it was held ${formatShare(busy)} of the time, computing for ${formatShare(facts.main)} of it, at ${facts.rate}. Less work per message or parallel mode would help; async would not.`;
  return `The event loop is the limit: it was held ${formatShare(busy)} of the time, mostly by waiting that blocks it, at ${facts.rate}. Waiting that leaves it free (\`await\`), or more threads, would help.`;
}

function waitingBatch({ result, scenario, batched, rate }: Facts): string | null {
  const { batch, sojourn } = result.latency;
  const { timeout } = scenario.batch;
  // The rest of it is the turn within the batch.
  const filling = batch.mean - (Math.max(0, result.batches.meanSize - 1) / 2) * result.latency.service.mean;
  if (!batched || filling < 0.5 * sojourn.mean || filling < 0.5) return null;
  const how = `batches went with ${formatCount(result.batches.meanSize)} on average`;
  const help = timeout === undefined ? "A smaller batch.size, or a batch.timeout," : "A shorter batch.timeout or a smaller batch.size";
  return `The batch is what takes time: of ${formatMs(sojourn.mean)} on average, ${formatMs(filling)} was waiting for it to go (${how}), at ${rate}. ${help} would help.`;
}

/** Waiting for the batch to go and for those before it in the batch, together: less work per message would not shorten the first. */
function turnInBatch({ result, batched, rate, overrun }: Facts): string | null {
  const { batch, sojourn } = result.latency;
  if (!batched || !overrun || batch.mean < 0.5 * sojourn.mean || batch.mean < 0.5) return null;
  return `The batch is what takes time: of ${formatMs(sojourn.mean)} on average, ${formatMs(batch.mean)} was waiting for it to go and for its turn within it (batches went with ${formatCount(result.batches.meanSize)} on average), at ${rate}. A smaller batch.size would help.`;
}

function processors(facts: Facts): string | null {
  const { result, scenario, slots } = facts;
  if (!facts.overrun || !facts.saturated) return null;
  if (result.mode === "sync") {
    const { kind } = scenario.work;
    if (facts.main >= 0.5)
      return `The one thread is close to its limit: it was computing ${formatShare(facts.main)} of the time, ${formatMs(result.latency.service.mean)} a message, and what comes meanwhile waits its turn; ${facts.rate} went through. Threads of their own (parallel) would help.`;
    const help =
      kind === "io" || kind === "mixed" || kind === "handler"
        ? "async overlaps what waits."
        : "Threads of their own (parallel) would help.";
    const read = facts.readMs > 0 ? ` and ${formatMs(facts.readMs)} to read` : "";
    return `One message at a time is the limit: each takes ${formatMs(result.latency.service.mean)}${read}, most of it waiting, and the one thread does nothing else meanwhile; ${facts.rate} went through. ${help}`;
  }
  if (!facts.waits && result.mode === "async" && scenario.async.offload === "none") {
    return `The thread is the limit: work that holds it is done one message at a time, each ${formatMs(result.latency.service.mean)}; ${facts.rate} went through. Mode parallel, with several Workers, would help.`;
  }
  if (!facts.waits) {
    const threads = result.mode === "parallel" ? formatCount(slots) + (slots === 1 ? " Worker" : " Workers") : "one helper Worker";
    const help = result.mode === "parallel" ? "More Workers would help." : "Mode parallel, with more Workers, would help.";
    return `The number of Workers is the limit: work that holds its thread is done by ${threads}, one message at a time, each ${formatMs(result.latency.service.mean)}; ${facts.rate} went through. ${help}`;
  }
  return `The number of processors is the limit: ${formatCount(slots)} at a time, each message ${formatMs(result.latency.service.mean)}, is ${formatCount((slots * 1000) / result.latency.service.mean)}/s at most; ${facts.rate} went through. A larger async.concurrency would help.`;
}

function shortQueue({ result, main, workers }: Facts): string | null {
  if (droppedTotal(result.ledger) === 0 || result.queue.capacity === null) return null;
  const busiest = Math.max(main, ...workers);
  return `The queue is the limit: its ${formatCount(result.queue.capacity)} places overflowed when arrivals came close together, though no thread was computing more than ${formatShare(busiest)} of the time. A larger queue.capacity would help.`;
}

/** What comes at once waits for itself, and is done before more comes; what comes once is as much as can be done. */
function bursts(facts: Facts): string | null {
  const { result, scenario } = facts;
  const { load } = scenario;
  if (load.executor !== "bursts" || load.count === 1 || !facts.overrun || result.ledger.unfinished > 0) return null;
  return `The arrivals are the limit: ${formatCount(load.size)} come at once, and each waits for those before it, ${formatMs(result.latency.sojourn.p50)} at the median; ${facts.rate} went through, and between the bursts there is nothing to do.`;
}

function slowWork(facts: Facts): string | null {
  if (!facts.overrun || !facts.longEnough) return null;
  const { service } = facts.result.latency;
  const busiest = formatShare(Math.max(facts.main, ...facts.workers));
  if (facts.scenario.workload === "message" && facts.scenario.work.kind === "cpu") {
    const who = facts.result.mode === "parallel" ? "The Workers were" : "One core was";
    return `${who} the limit at times: a message takes ${formatMs(service.mean)} of computing, ${facts.rate} went through, and over the whole run no thread was computing more than ${busiest} of the time. Less work per message${facts.result.mode === "parallel" ? ", or more Workers," : " or parallel mode"} would help.`;
  }
  return `The work itself is the limit, not a core: a message takes ${formatMs(service.mean)}, no thread was computing more than ${busiest} of the time, and ${facts.rate} went through.`;
}

/** "a, b and c" */
function listed(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
