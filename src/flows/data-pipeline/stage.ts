import { isBorne } from "../../kernel/borne.ts";
import { Deque } from "../../kernel/deque.ts";
import { Histogram } from "../../kernel/histogram.ts";
import { ifRejected, isThenable, promiseOf } from "../../kernel/promises.ts";
import type { Timers } from "../../kernel/timers.ts";
import { callerContext } from "../async-context.ts";
import type { Durations, PartStats } from "../part.ts";
import { DETACHED, type ItemOutcomes, type Node, type Passing, type StageNode } from "./node.ts";
import { checkStageOptions, type StageFunction, type StageOptions } from "./stage-options.ts";
import { StageWork } from "./stage-work.ts";

/** Counts of a stage's items, and of its attempts that were retried or timed out. */
export interface StageStats extends PartStats {
  readonly name: string;
  readonly in: number;
  readonly out: number;
  readonly filtered: number;
  readonly failed: number;
  readonly retries: number;
  readonly timeouts: number;
  readonly fallbacks: number;
  readonly running: number;
  readonly waiting: number;
  /** Time in the stage's own function, attempts and waits between them included, in milliseconds. */
  readonly meanMs: number;
  /** null: too few items to say. */
  readonly p99Ms: number | null;
  /** How long the oldest item in work has been there; null: none is in work. */
  readonly oldestMs: number | null;
}

/**
 * One function of a pipeline, its buffer, and the items it works on. Its attempts at an item are `StageWork`'s.
 *
 * | an item is | event                                                      | next                                      |
 * |------------|------------------------------------------------------------|-------------------------------------------|
 * | pushed     | fewer than `concurrency` run, and the results are taken    | running                                   |
 * | pushed     | otherwise                                                  | waiting                                   |
 * | waiting    | a run has ended, and it is the first                       | running                                   |
 * | running    | the function gives a value                                 | done                                      |
 * | running    | the function gives `undefined`                             | filtered; it keeps its place in the order |
 * | running    | it throws, after all attempts and without a fallback       | failed; it keeps its place in the order   |
 * | done       | earlier items have left, where order is kept, and the next stage has room | passed on                |
 * | any        | the pipeline is stopped by its deadline                    | abandoned; what the function still returns is ignored |
 */
export class PipelineStage implements StageNode {
  next: Node = DETACHED;
  previous = { makeRoom: () => {} };
  /** Its results are discarded: an item has passed it whatever it returns. */
  isEffect = false;
  private readonly queue = new Deque<Passing>(2);
  /** Begun and not yet passed on: in order of begin where order is kept, else only those that are done. */
  private readonly window = new Deque<Passing>(2);
  private readonly active = new Set<Passing>();
  private readonly times = new Histogram();
  private readonly work: StageWork;
  private readonly concurrency: number;
  private readonly buffer: number;
  /** Whether order must be kept. */
  private readonly ordered: boolean;
  private running = 0;
  private in = 0;
  private out = 0;
  private filtered = 0;
  private failed = 0;
  private moving = false;
  /** `ending`: nothing more comes from upstream; `ended`: and everything has been passed on. */
  private input: "open" | "ending" | "ended" = "open";

  constructor(
    part: string,
    name: string,
    work: StageFunction<unknown, unknown>,
    options: StageOptions<unknown, unknown>,
    private readonly outcomes: ItemOutcomes,
    private readonly timers: Timers,
  ) {
    checkStageOptions(name, options);
    this.work = new StageWork(part, name, work, options, timers);
    this.concurrency = options.concurrency ?? 1;
    this.buffer = options.buffer ?? 64;
    this.ordered = (options.ordered ?? true) && this.concurrency > 1;
  }

  get hasRoom(): boolean {
    return this.queue.length < this.buffer || (this.queue.length === 0 && this.canStart);
  }

  /** False while results are not taken: nothing new begins. */
  private get canStart(): boolean {
    if (this.running >= this.concurrency) return false;
    return this.ordered ? this.window.length < this.concurrency + this.buffer : this.window.length === 0;
  }

  push(item: Passing, now: number): void {
    this.in += item.weight;
    if (this.queue.length > 0 || !this.canStart) {
      item.caller ??= callerContext();
      this.queue.push(item);
      return;
    }
    this.start(item, now);
    // Items that the function itself fed to its pipeline.
    if (this.queue.length > 0) this.move();
    // The function itself has closed its pipeline.
    else if (this.input === "ending") this.endIfEmpty();
  }

  private start(item: Passing, now: number): void {
    if (item.unwanted) {
      this.outcomes.dismissed(item);
      return;
    }
    this.running++;
    item.done = false;
    item.started = now;
    if (this.ordered) this.window.push(item);
    let answer: unknown;
    try {
      answer = this.work.call(item);
    } catch (error) {
      if (item.abandoned) return;
      if (!this.work.hasFallback || item.unwanted) {
        this.finish(item, undefined, error ?? new Error("threw nothing"), this.timers.now());
        return;
      }
      answer = this.work.fallBack(item, error);
    }
    // The function itself has stopped its pipeline; its result is ignored.
    if (item.abandoned) {
      ifRejected(answer, () => {});
      return;
    }
    if (!isThenable(answer)) {
      this.finish(item, answer, null, this.timers.now());
      return;
    }
    this.active.add(item);
    promiseOf(answer).then(
      (value) => this.finishLate(item, value, null),
      (error: unknown) => this.finishLate(item, undefined, error ?? new Error("rejected with nothing")),
    );
  }

  private finishLate(item: Passing, value: unknown, error: unknown): void {
    if (item.abandoned) return;
    this.active.delete(item);
    this.finish(item, value, error, this.timers.now());
    this.move();
  }

  /** `error`: null when there was none. */
  private finish(item: Passing, value: unknown, error: unknown, now: number): void {
    this.running--;
    this.times.record((now - item.started) * 1e6);
    item.done = true;
    if (error !== null) {
      item.gone = true;
      this.failed += item.weight;
      this.outcomes.failed(item, this.work.name, error);
    } else if (value === undefined && !this.isEffect) {
      item.gone = true;
      this.filtered += item.weight;
      this.outcomes.filtered(item);
    } else item.value = value;
    if (this.ordered) {
      item.caller ??= callerContext();
      if (!this.moving) this.flush(now);
      return;
    }
    if (item.gone) return;
    if (this.window.length === 0 && this.next.hasRoom) {
      this.pass(item, now);
      return;
    }
    item.caller ??= callerContext();
    this.window.push(item);
  }

  private pass(item: Passing, now: number): void {
    this.out += item.weight;
    this.next.push(item, now);
  }

  /** Passes on finished items, in order, as far as the next stage has room. */
  private flush(now: number): void {
    for (let head = this.window.peek(); head?.done === true; head = this.window.peek()) {
      if (!head.gone && !this.next.hasRoom) return;
      this.window.shift();
      if (!head.gone) head.caller?.runInAsyncScope(this.pass, this, head, now);
    }
  }

  private get headCanGo(): boolean {
    const head = this.window.peek();
    return head?.done === true && (head.gone || this.next.hasRoom);
  }

  makeRoom(): void {
    this.move();
  }

  /** Passes on, begins waiting items, and lets the upstream stage do the same. */
  private move(): void {
    if (this.moving) return;
    this.moving = true;
    do {
      this.flush(this.timers.now());
      while (this.queue.length > 0 && this.canStart) {
        const item = this.queue.shift() as Passing;
        item.caller?.runInAsyncScope(this.start, this, item, this.timers.now());
        this.flush(this.timers.now());
      }
      // What comes down now may be done at once.
      this.previous.makeRoom();
    } while ((this.queue.length > 0 && this.canStart) || this.headCanGo);
    this.moving = false;
    this.endIfEmpty();
  }

  end(): void {
    if (this.input === "open") this.input = "ending";
    this.endIfEmpty();
  }

  private endIfEmpty(): void {
    if (this.input !== "ending" || this.running > 0 || this.queue.length > 0 || this.window.length > 0) return;
    this.input = "ended";
    this.next.end();
  }

  abandon(give: (item: Passing) => void): void {
    const held = new Set([...this.active, ...this.work.onStack]);
    for (let item = this.queue.shift(); item !== undefined; item = this.queue.shift()) held.add(item);
    for (let item = this.window.shift(); item !== undefined; item = this.window.shift()) if (!item.gone) held.add(item);
    this.active.clear();
    this.running = 0;
    for (const item of held) give(item);
  }

  durations(): Durations {
    return { list: "stages", name: this.work.name, times: this.times };
  }

  stats(): StageStats {
    let oldest = Number.POSITIVE_INFINITY;
    for (const { started } of this.active) oldest = Math.min(oldest, started);
    const { count, mean } = this.times;
    return {
      name: this.work.name,
      in: this.in,
      out: this.out,
      filtered: this.filtered,
      failed: this.failed,
      ...this.work.stats(),
      running: this.running,
      waiting: this.queue.length,
      meanMs: mean / 1e6,
      p99Ms: isBorne(count, 0.99) ? this.times.percentile(0.99) / 1e6 : null,
      oldestMs: oldest === Number.POSITIVE_INFINITY ? null : this.timers.now() - oldest,
    };
  }
}
