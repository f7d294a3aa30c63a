import { formatCount } from "../../kernel/units.ts";
import type { Scenario } from "../../scenario/schema.ts";
import { coresFor, shareUsed } from "../../telemetry/allowance.ts";
import { droppedTotal } from "../../telemetry/ledger.ts";
import { growsAllAlong, keepsPace, lineGrowth } from "../../telemetry/pace.ts";
import { type Crowding, crowding } from "../../telemetry/phases.ts";
import { programsIn, workersIn } from "../../telemetry/threads.ts";
import { flowDemand } from "../../theory/flow.ts";
import type { Explained } from "./fetch.ts";

export const BUSY = 0.9;
/** Use from which a Worker is the limit: it shares its core with the source and other programs. */
export const WORKER_BUSY = 0.8;
/** Computing share of a thread from which it is a limit, whether or not anything waits yet. */
export const FULL = 0.95;
/** Duration below which shares of a run's time mean nothing. */
const SHORTEST_MS = 50;
/** Share of scheduled items that may be unfinished at the end, as those at work just then. */
const UNDONE = 0.01;
/** Multiple of an item's own time from which it has waited. */
const LONG = 10;
/** Items waiting per slot, on average, that make a queue, whatever the tail. */
const QUEUED = 5;
/** Growth of sojourn times from burst to burst, in milliseconds per second, beyond chance. */
const GROWING = 50;
/** Share of the run with waiting messages from which it is reported. */
const AT_TIMES = 0.02;

/** A case with the figures used in sentences. */
export class Facts {
  readonly rate: string;
  /** Share of its time in which the source's thread computed. */
  readonly main: number;
  /** Mode `distributed`: those who process are other processes, on any host. */
  readonly remote: boolean;
  /** Threads that process: one, or all Workers, or the slots of all hosts. */
  readonly threads: number;
  /** Shares of their time in which they computed. */
  readonly workers: readonly number[];
  /** Shares of their time in which the programs that work on messages computed. */
  readonly programs: readonly number[];
  readonly busyWorkers: number;
  readonly longEnough: boolean;
  /** Cores' worth of available time, and the used share of it. */
  readonly cores: number;
  readonly coresUsed: number;
  /** Mean duration of reading one message, in milliseconds. */
  readonly readMs: number;
  /** The part of the run in which messages waited; null: none worth mentioning, or no series. */
  readonly crowd: Crowding | null;

  constructor(
    readonly result: Explained,
    readonly scenario: Scenario,
  ) {
    const { process, latency, series } = result;
    this.rate = `${formatCount(result.throughput)} ${this.noun}s/s`;
    this.main = process.threads.find(({ name }) => name === "main")?.utilization ?? 0;
    this.remote = result.distributed !== undefined;
    this.workers = workersIn(process.threads).map(({ utilization }) => utilization ?? 0);
    const slots = (result.hosts ?? []).reduce((sum, host) => sum + host.slots, 0);
    this.threads = Math.max(1, this.remote ? slots : result.mode === "parallel" ? this.workers.length : 1);
    this.programs = programsIn(process.threads).map(({ utilization }) => utilization ?? 0);
    this.busyWorkers = this.workers.filter((share) => share >= WORKER_BUSY).length;
    this.longEnough = result.durationMs > SHORTEST_MS;
    this.cores = coresFor(result);
    this.readMs = (scenario.source.latency.min + scenario.source.latency.max) / 2000;
    this.coresUsed = shareUsed(result);
    const crowd = crowding(series, Math.max(1, this.longestRead + latency.batch.p99 + LONG * this.own));
    this.crowd = crowd !== null && crowd.share >= AT_TIMES ? crowd : null;
  }

  /** Share of the run for a duration. */
  shareOf(ms: number): number {
    return this.result.durationMs > 0 ? ms / this.result.durationMs : 0;
  }

  /** True when more was there to do than was done: some was left, or some waited at times or in general. */
  get overrun(): boolean {
    const { ledger } = this.result;
    if (this.batchesGrow) return false;
    // Clients of a closed loop send in batches, too, and items of one batch are handled in turn.
    if (this.closedLoop)
      return this.saturated && this.clients > this.slots * Math.max(1, this.batched ? 1.5 * this.result.batches.meanSize : 1);
    if (this.allAtOnce) return true;
    return this.behind || this.waits || this.crowd !== null || droppedTotal(ledger) > 0 || ledger.unfinished > UNDONE * ledger.scheduled;
  }

  /** True when less was done than came: the queue kept growing, or, with too few samples to see that, on average over the run. */
  get behind(): boolean {
    const { result, scenario } = this;
    const { p99 } = result.latency.service;
    const own = { p50: Math.max(this.own, this.turn), p99: Math.max(this.own, this.turn, scenario.workload === "flow" ? 0 : p99) };
    if (scenario.load.executor !== "bursts") return growsAllAlong(result.series ?? [], own) ?? !keepsPace(result);
    // The queue of each burst grows and shrinks.
    const growth = lineGrowth(result.series ?? []);
    return growth === null ? !keepsPace(result) : growth > GROWING;
  }

  /** Time of an item without any waiting, in milliseconds; in a flow this may include waiting while it is at work. */
  get own(): number {
    const { service } = this.result.latency;
    return askedOfFlow(this.scenario, this.result.mode)?.mean ?? Math.max(service.mean, service.p50);
  }

  /** True for a single burst larger than the number of slots: its items wait for each other, whatever is done. */
  get allAtOnce(): boolean {
    const { load } = this.scenario;
    return load.executor === "bursts" && load.count === 1 && load.size > this.slots;
  }

  /**
   * True when by Little's law at least one waited on average, and the slowest far longer than they took; or several per slot waited, at
   * least half of the messages, and nearly all slots were used. Messages being read do not wait.
   */
  private get waits(): boolean {
    const { latency, throughput } = this.result;
    const asked = askedOfFlow(this.scenario, this.result.mode);
    // In a flow, time at work includes waits in the flow's own queues.
    const service = asked === null ? latency.service : { mean: asked.mean, p99: asked.slowest };
    const waiting = (throughput * (latency.sojourn.mean - service.mean - this.readMs)) / 1000;
    const before = latency.schedule.p50 + latency.queue.p50;
    if (this.saturated && waiting >= QUEUED * this.slots && before > QUEUED * this.turn) return true;
    const together = this.batched ? latency.batch.p99 + this.turn : 0;
    return waiting >= 1 && latency.sojourn.p99 - this.longestRead - together > LONG * service.p99;
  }

  /** Time for which work delays later messages: the loop takes nothing in until a computing batch is done. */
  private get turn(): number {
    const { latency, batches } = this.result;
    const held = askedOfFlow(this.scenario, this.result.mode)?.mean ?? latency.service.mean;
    return held * (this.batched && !this.waitsOutside ? Math.max(1, batches.meanSize) : 1);
  }

  /** True when half of the messages took little longer than their own time. */
  get prompt(): boolean {
    const { latency } = this.result;
    // The queue of a Worker, or of a helper, is part of the time in the batch.
    const together = Math.min(Math.max(0, latency.batch.p50), this.gathering + this.turnInBatch);
    const alone = this.own + together + this.longestRead;
    return latency.sojourn.p50 <= Math.max(1, LONG * alone);
  }

  /**
   * True when batches absorb the load: a batch's one-time cost is shared by more messages as more come, and batches have room; the thread
   * computes all the time, yet all that comes is done, and more would be.
   */
  get batchesGrow(): boolean {
    const { result, scenario } = this;
    const { size } = scenario.batch;
    const room = size === undefined || result.batches.meanSize < 0.95 * size;
    const all = droppedTotal(result.ledger) === 0 && result.ledger.unfinished <= UNDONE * result.ledger.scheduled;
    // Messages that wait longer than a batch takes are more than batches can absorb.
    const kept = !this.behind && this.crowd === null;
    return this.batched && scenario.work.perBatch > 0 && room && all && kept && !this.closedLoop && !this.allAtOnce;
  }

  /** Share of its time in which the thread, or the Workers on average, had work, computing or not. */
  get held(): number {
    const { mode, process, throughput, latency } = this.result;
    return mode === "parallel" || this.remote ? (throughput * latency.service.mean) / 1000 / this.threads : process.eventLoop.busy;
  }

  get batched(): boolean {
    if (this.remote) return this.scenario.distributed.batch > 1;
    const { size, timeout } = this.scenario.batch;
    return this.result.mode !== "sync" && size !== 1 && (size !== undefined || timeout !== undefined);
  }

  /** Mean wait of a message for those before it in its batch, where each of them takes its time. */
  get turnInBatch(): number {
    const { latency, batches } = this.result;
    return this.batched ? (Math.max(0, batches.meanSize - 1) / 2) * latency.service.mean : 0;
  }

  /**
   * Mean wait of a message for its batch to be released: the wait not explained by its turn in the batch, and at most the time in which a
   * batch fills, by its size and timeout, with even arrivals. The rest of the time in the batch is due to other messages.
   */
  get gathering(): number {
    // A slot takes what there is.
    if (!this.batched || this.remote) return 0;
    const { latency, batches, intakeRate } = this.result;
    const { size, timeout } = this.scenario.batch;
    // Each Worker's batches are filled by its own share of arrivals.
    const rate = intakeRate / this.threads;
    const comes = rate > 0 ? ((Math.max(1, batches.meanSize) - 1) * 1000) / rate : 0;
    const full = size !== undefined && batches.meanSize >= 0.95 * size;
    const fills = full || timeout === undefined ? comes / 2 : Math.max(timeout / 2000, timeout / 1000 - comes / 2);
    const others = this.overlaps && this.scenario.keys.order;
    const waited = Math.max(0, latency.batch.mean - this.turnInBatch);
    // A Worker's line, and a helper's, is part of the time in the batch.
    const due = timeout === undefined ? Number.POSITIVE_INFINITY : timeout / 1000;
    if (others || this.result.mode === "parallel" || this.handedOver) return Math.min(waited, fills, due);
    // What holds the loop lets no batch go until it is done: the batch before, at the most.
    return Math.min(waited, due + batches.meanSize * latency.service.mean);
  }

  /** True when a helper does the work. */
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

  /** False where an item holds its thread for all its time. */
  get waitsOutside(): boolean {
    const kinds = kindsOf(this.scenario);
    return kinds === null || kinds.some((kind) => !["none", "cpu", "sleep"].includes(kind));
  }

  /** True when one thread may have several items at work. */
  get overlaps(): boolean {
    return this.result.mode !== "sync" && this.waitsOutside && this.scenario.async.concurrency > 1;
  }

  /**
   * Batches at work at once on average (Little's law), including those that wait for others; a message without a batch counts as one. 0: no
   * batch was completed, and batch sizes are unknown.
   */
  get batchesAtOnce(): number {
    const { throughput, latency, batches } = this.result;
    if (this.batched && batches.count === 0) return 0;
    return (throughput * (latency.batch.mean + latency.service.mean)) / 1000 / Math.max(1, this.batched ? batches.meanSize : 1);
  }

  /** Noun for the items. */
  get noun(): string {
    return this.scenario.workload === "flow" ? "item" : "message";
  }

  /** Name of the time from an item's turn to its end. */
  get whereWorked(): string {
    return this.scenario.workload === "flow" ? "in the flow" : "of the work";
  }

  /** True for computing work, of which more threads than cores do no more. */
  get computes(): boolean {
    return kindsOf(this.scenario)?.every((kind) => kind === "cpu" || kind === "none") ?? false;
  }

  /** Messages that can be at work at once. */
  get slots(): number {
    if (this.result.mode === "sync") return 1;
    // Work that never waits leaves its thread no time for other work.
    return this.threads * (this.waitsOutside ? this.scenario.async.concurrency : 1);
  }

  /** Time for which one message holds its slot, in milliseconds: in `sync` this includes reading it. */
  get each(): number {
    return this.result.latency.service.mean + (this.result.mode === "sync" ? this.readMs : 0);
  }

  /** Mean slots in use (Little's law), as a share of all. */
  get used(): number {
    return (this.result.throughput * this.each) / 1000 / this.slots;
  }

  /** True when nearly all slots were in use. */
  get saturated(): boolean {
    return this.longEnough && this.used >= 0.8;
  }

  /** True when nearly all slots were in use while messages waited. */
  get saturatedAtTimes(): boolean {
    return this.crowd !== null && (this.crowd.processed * this.each) / 1000 / this.slots >= 0.8;
  }

  /** True when a thread computes nearly all the time, or all together nearly as much as the cores allow. */
  get computesAll(): boolean {
    const inAll = this.workers.reduce((sum, share) => sum + share, 0);
    return this.busiest >= BUSY || (this.cores > 0 && inAll >= BUSY * this.cores);
  }

  /** Use of the busiest thread. */
  get busiest(): number {
    return Math.max(this.main, ...this.workers);
  }
}

/**
 * Milliseconds of the handlers that an item passes one after another, and with all the waits of its retries; null: no flow, or one of
 * unknown times.
 */
function askedOfFlow({ workload, flow }: Scenario, mode: string): { readonly mean: number; readonly slowest: number } | null {
  if (workload !== "flow" || flow === undefined || flow.module !== undefined) return null;
  const { kind } = flow;
  const parts = kind === "orchestrator" ? Object.values(flow.parts ?? {}) : [{ ...flow, kind }];
  const times = parts.map((part) => {
    const work = part.work ?? flow.work;
    const { calls, inTurn } = flowDemand(part);
    // Waits outside overlap for all handlers of an item, except in `sync`.
    const mean = ((work?.kind === "io" && mode !== "sync" ? inTurn : calls) * (work?.time ?? 0)) / 1000;
    const { failureRate, retry } = part;
    // Each wait is twice the previous one.
    return { mean, slowest: mean + (failureRate > 0 ? ((2 ** retry.max - 1) * retry.baseDelay) / 1000 : 0) };
  });
  const mean = Math.max(...times.map((time) => time.mean));
  return mean > 0 ? { mean, slowest: Math.max(...times.map(({ slowest }) => slowest)) } : null;
}

/** The kinds of work; null: user code, or requests. */
function kindsOf({ workload, work, flow }: Scenario): readonly string[] | null {
  if (workload === "message") return [work.kind];
  if (flow === undefined || flow.module !== undefined) return null;
  const parts = flow.kind === "orchestrator" ? Object.values(flow.parts ?? {}) : [flow];
  return parts.map((part) => (part.work ?? flow.work)?.kind ?? "none");
}
