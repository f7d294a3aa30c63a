import { formatCount } from "../../kernel/units.ts";
import type { Scenario } from "../../scenario/schema.ts";
import { coresFor, shareUsed } from "../../telemetry/allowance.ts";
import { droppedTotal } from "../../telemetry/ledger.ts";
import { growsAllAlong, keepsPace, lineGrowth } from "../../telemetry/pace.ts";
import { type Crowding, crowding } from "../../telemetry/phases.ts";
import type { Explained } from "../explain-fetch.ts";
import { flowDemand } from "../flow.ts";

export const BUSY = 0.9;
/** A Worker shares its core with the source and with whatever else runs; from here on it is the limit. */
export const WORKER_BUSY = 0.8;
/** A thread that computes this much of its time is a limit, whether or not anything waits yet. */
export const FULL = 0.95;
/** Below this a run is over before shares of its time mean anything. */
const SHORTEST_MS = 50;
/** Share of what was scheduled that may be undone at the end, as what was at work just then. */
const UNDONE = 0.01;
/** Times what a message takes by itself from which on it waited. */
const LONG = 10;
/** So many that wait for each place at work, on average, are a line, whatever the slowest took. */
const QUEUED = 5;
/** Milliseconds a second by which messages that come in bursts take longer with each of them, from which on that is no chance. */
const GROWING = 50;
/** Share of the run that messages have to wait for it to be said. */
const AT_TIMES = 0.02;

/** A case with the figures that the sentences are made of. */
export class Facts {
  readonly rate: string;
  /** Share of its time that the source's thread computed. */
  readonly main: number;
  readonly workers: readonly number[];
  readonly busyWorkers: number;
  readonly longEnough: boolean;
  /** Cores' worth of time that it might use, and the share of it that was used. */
  readonly cores: number;
  readonly coresUsed: number;
  /** How long reading one message takes on average, in milliseconds. */
  readonly readMs: number;
  /** When messages waited; null: at no time worth a word, or there is no series. */
  readonly crowd: Crowding | null;

  constructor(
    readonly result: Explained,
    readonly scenario: Scenario,
  ) {
    const { process, latency, series } = result;
    this.rate = `${formatCount(result.throughput)} ${this.noun}s/s`;
    this.main = process.threads.find(({ name }) => name === "main")?.utilization ?? 0;
    this.workers = process.threads.filter(({ name }) => name !== "main").map(({ utilization }) => utilization ?? 0);
    this.busyWorkers = this.workers.filter((share) => share >= WORKER_BUSY).length;
    this.longEnough = result.durationMs > SHORTEST_MS;
    this.cores = coresFor(result);
    this.readMs = (scenario.source.latency.min + scenario.source.latency.max) / 2000;
    this.coresUsed = shareUsed(result);
    const crowd = crowding(series, Math.max(1, this.longestRead + latency.batch.p99 + LONG * this.own));
    this.crowd = crowd !== null && crowd.share >= AT_TIMES ? crowd : null;
  }

  /** Share of the run that something took. */
  shareOf(ms: number): number {
    return this.result.durationMs > 0 ? ms / this.result.durationMs : 0;
  }

  /** More was there to be done than was done: it was left, or at times, or as a rule, some of it waited. */
  get overrun(): boolean {
    const { ledger } = this.result;
    if (this.batchesGrow) return false;
    // Those that wait for an answer come in batches, too: what is in one batch is worked in turn.
    if (this.closedLoop)
      return this.saturated && this.clients > this.slots * Math.max(1, this.batched ? 1.5 * this.result.batches.meanSize : 1);
    if (this.allAtOnce) return true;
    return this.behind || this.waits || this.crowd !== null || droppedTotal(ledger) > 0 || ledger.unfinished > UNDONE * ledger.scheduled;
  }

  /** Less was done than came: what waited became more and more, or, where there are too few samples to see that, on average over the run. */
  get behind(): boolean {
    const { result, scenario } = this;
    const { p99 } = result.latency.service;
    const own = { p50: Math.max(this.own, this.turn), p99: Math.max(this.own, this.turn, scenario.workload === "flow" ? 0 : p99) };
    if (scenario.load.executor !== "bursts") return growsAllAlong(result.series ?? [], own) ?? !keepsPace(result);
    // The line of each burst grows and shrinks.
    const growth = lineGrowth(result.series ?? []);
    return growth === null ? !keepsPace(result) : growth > GROWING;
  }

  /** What an item takes that nothing is in the way of, in milliseconds; in a flow it may wait for its turn while it is at work. */
  get own(): number {
    const { service } = this.result.latency;
    return askedOfFlow(this.scenario, this.result.mode)?.mean ?? Math.max(service.mean, service.p50);
  }

  /** One burst of more than can be at work at once: it waits for itself, whatever is done. */
  get allAtOnce(): boolean {
    const { load } = this.scenario;
    return load.executor === "bursts" && load.count === 1 && load.size > this.slots;
  }

  /**
   * By Little's law at least one waited on average, and the slowest far longer than they took; or several for each place at work,
   * half of the messages and more, and nearly all places were taken. While it is read nothing waits.
   */
  private get waits(): boolean {
    const { latency, throughput } = this.result;
    const asked = askedOfFlow(this.scenario, this.result.mode);
    // In a flow the time at work holds the waits in the flow's own lines.
    const service = asked === null ? latency.service : { mean: asked.mean, p99: asked.slowest };
    const waiting = (throughput * (latency.sojourn.mean - service.mean - this.readMs)) / 1000;
    const before = latency.schedule.p50 + latency.queue.p50;
    if (this.saturated && waiting >= QUEUED * this.slots && before > QUEUED * this.turn) return true;
    const together = this.batched ? latency.batch.p99 + this.turn : 0;
    return waiting >= 1 && latency.sojourn.p99 - this.longestRead - together > LONG * service.p99;
  }

  /** How long what is at work keeps those from it that come next: the loop takes nothing in until a batch that computes is done. */
  private get turn(): number {
    const { latency, batches } = this.result;
    const held = askedOfFlow(this.scenario, this.result.mode)?.mean ?? latency.service.mean;
    return held * (this.batched && !this.waitsOutside ? Math.max(1, batches.meanSize) : 1);
  }

  /** Half of the messages took little longer than they take by themselves. */
  get prompt(): boolean {
    const { latency } = this.result;
    // A Worker's line, and a helper's, is part of the time in the batch.
    const together = Math.min(Math.max(0, latency.batch.p50), this.gathering + this.turnInBatch);
    const alone = this.own + together + this.longestRead;
    return latency.sojourn.p50 <= Math.max(1, LONG * alone);
  }

  /**
   * What a batch costs once is shared by the more messages the more have come, and there is room for more of them in it: the thread
   * computes all the time, and yet all is done that comes, and would be of more.
   */
  get batchesGrow(): boolean {
    const { result, scenario } = this;
    const { size } = scenario.batch;
    const room = size === undefined || result.batches.meanSize < 0.95 * size;
    const all = droppedTotal(result.ledger) === 0 && result.ledger.unfinished <= UNDONE * result.ledger.scheduled;
    // What waits longer than its batch takes, for a time at least, is more than the batches grew by.
    const kept = !this.behind && this.crowd === null;
    return this.batched && scenario.work.perBatch > 0 && room && all && kept && !this.closedLoop && !this.allAtOnce;
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

  /** How long a message waits on average for those before it in its batch, where each of them only takes its time. */
  get turnInBatch(): number {
    const { latency, batches } = this.result;
    return this.batched ? (Math.max(0, batches.meanSize - 1) / 2) * latency.service.mean : 0;
  }

  /**
   * How long a message waits on average for its batch to go: what its turn in it does not explain, and no longer than by its size and its
   * timeout a batch takes to fill where messages come evenly. What is left of the time in the batch is spent on others' account.
   */
  get gathering(): number {
    if (!this.batched) return 0;
    const { latency, batches, intakeRate } = this.result;
    const { size, timeout } = this.scenario.batch;
    // Each Worker's batches are filled by what comes for it.
    const rate = intakeRate / (this.result.mode === "parallel" ? Math.max(1, this.workers.length) : 1);
    const comes = rate > 0 ? ((Math.max(1, batches.meanSize) - 1) * 1000) / rate : 0;
    const full = size !== undefined && batches.meanSize >= 0.95 * size;
    const fills = full || timeout === undefined ? comes / 2 : Math.max(timeout / 2000, timeout / 1000 - comes / 2);
    const others = this.overlaps && this.scenario.keys.order;
    const waited = Math.max(0, latency.batch.mean - this.turnInBatch);
    // A Worker's line, and a helper's, is part of the time in the batch.
    const until = timeout === undefined ? fills : Math.min(fills, timeout / 1000);
    return others || this.result.mode === "parallel" || this.handedOver ? Math.min(waited, until) : waited;
  }

  /** A helper does the work. */
  private get handedOver(): boolean {
    return this.result.mode === "async" && this.scenario.async.offload !== "none";
  }

  get longestRead(): number {
    return this.scenario.source.latency.max / 1000;
  }

  get closedLoop(): boolean {
    return "vus" in this.scenario.load;
  }

  get clients(): number {
    const { load } = this.scenario;
    return "vus" in load ? load.vus : 0;
  }

  /** False where an item holds its thread as long as it takes. */
  get waitsOutside(): boolean {
    const kinds = kindsOf(this.scenario);
    return kinds === null || kinds.some((kind) => !["none", "cpu", "sleep"].includes(kind));
  }

  /** Several may be at work at once on one thread. */
  get overlaps(): boolean {
    return this.result.mode !== "sync" && this.waitsOutside && this.scenario.async.concurrency > 1;
  }

  /**
   * Batches at hand at once on average (Little's law), those that wait for others included; a message that is in no batch is one. 0: no batch
   * was done whole, and how large they were is not known.
   */
  get batchesAtOnce(): number {
    const { throughput, latency, batches } = this.result;
    if (this.batched && batches.count === 0) return 0;
    return (throughput * (latency.batch.mean + latency.service.mean)) / 1000 / Math.max(1, this.batched ? batches.meanSize : 1);
  }

  /** What is worked on. */
  get noun(): string {
    return this.scenario.workload === "flow" ? "item" : "message";
  }

  /** What the time is called from when an item has its turn to its end. */
  get whereWorked(): string {
    return this.scenario.workload === "flow" ? "in the flow" : "of the work";
  }

  /** Work that computes: more threads than cores do no more of it. */
  get computes(): boolean {
    return kindsOf(this.scenario)?.every((kind) => kind === "cpu" || kind === "none") ?? false;
  }

  /** Messages that can be at work at once. */
  get slots(): number {
    const { mode } = this.result;
    if (mode === "sync") return 1;
    // Work that never waits leaves its thread nothing else to do.
    const each = this.waitsOutside ? this.scenario.async.concurrency : 1;
    return each * Math.max(1, mode === "parallel" ? this.workers.length : 1);
  }

  /** What one message holds its slot for, in milliseconds: in `sync` the one thread reads it, too. */
  get each(): number {
    return this.result.latency.service.mean + (this.result.mode === "sync" ? this.readMs : 0);
  }

  /** Slots in use on average (Little's law), of those there are. */
  get used(): number {
    return (this.result.throughput * this.each) / 1000 / this.slots;
  }

  /** Nearly all of those were in use. */
  get saturated(): boolean {
    return this.longEnough && this.used >= 0.8;
  }

  /** The same while messages waited. */
  get saturatedAtTimes(): boolean {
    return this.crowd !== null && (this.crowd.processed * this.each) / 1000 / this.slots >= 0.8;
  }

  /** A thread computes nearly all the time, or all of them together nearly all that the cores can. */
  get computesAll(): boolean {
    const inAll = this.workers.reduce((sum, share) => sum + share, 0);
    return this.busiest >= BUSY || (this.cores > 0 && inAll >= BUSY * this.cores);
  }

  /** The busiest thread of all. */
  get busiest(): number {
    return Math.max(this.main, ...this.workers);
  }
}

/**
 * Milliseconds of the handlers that an item has to pass one after another, and with all the waits of its retries; null: no flow, or one that
 * nobody knows the times of.
 */
function askedOfFlow({ workload, flow }: Scenario, mode: string): { readonly mean: number; readonly slowest: number } | null {
  if (workload !== "flow" || flow === undefined || flow.module !== undefined) return null;
  const { kind } = flow;
  const parts = kind === "orchestrator" ? Object.values(flow.parts ?? {}) : [{ ...flow, kind }];
  const times = parts.map((part) => {
    const work = part.work ?? flow.work;
    const { calls, inTurn } = flowDemand(part);
    // What waits outside does so for all handlers of an item at once, but in `sync`.
    const mean = ((work?.kind === "io" && mode !== "sync" ? inTurn : calls) * (work?.time ?? 0)) / 1000;
    const { failureRate, retry } = part;
    // Each wait is twice the one before.
    return { mean, slowest: mean + (failureRate > 0 ? ((2 ** retry.max - 1) * retry.baseDelay) / 1000 : 0) };
  });
  const mean = Math.max(...times.map((time) => time.mean));
  return mean > 0 ? { mean, slowest: Math.max(...times.map(({ slowest }) => slowest)) } : null;
}

/** The kinds of work that there are; null: code that nobody knows, or requests. */
function kindsOf({ workload, work, flow }: Scenario): readonly string[] | null {
  if (workload === "message") return [work.kind];
  if (flow === undefined || flow.module !== undefined) return null;
  const parts = flow.kind === "orchestrator" ? Object.values(flow.parts ?? {}) : [flow];
  return parts.map((part) => (part.work ?? flow.work)?.kind ?? "none");
}
