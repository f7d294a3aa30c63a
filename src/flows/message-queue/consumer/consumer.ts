import { Deque } from "../../../kernel/deque.ts";
import { errorText } from "../../../kernel/error-text.ts";
import { isFulfilled, isThenable } from "../../../kernel/promises.ts";
import { chance, turn, within } from "../../../kernel/timers.ts";
import { backoffDelay } from "../../../resilience/backoff.ts";
import { TimedOut } from "../../failures.ts";
import { deadlineOf, type StopOptions } from "../../part.ts";
import { type Handler, LeasedMessage, NonRetryableError } from "../message.ts";
import { BatchSize, MOST_BATCH } from "./batch-size.ts";
import { GroupPace } from "./group-pace.ts";
import { HandlerCall } from "./handler-call.ts";
import { Heartbeat } from "./heartbeat.ts";
import { KeyQueues } from "./key-queues.ts";
import { Leases } from "./leases.ts";
import { Outcomes } from "./outcomes.ts";
import { Reports } from "./reports.ts";
import type { Consumer, ConsumerListener, ConsumerRule, ConsumerStats, ConsumerTools } from "./rule.ts";
import { type HandlerRun, RunningHandlers } from "./running-handlers.ts";
import { Settler } from "./settler.ts";
import { Sleeper } from "./sleeper.ts";

/** Longest that handlers may hold the thread before timers, sockets and signals get their turn, in milliseconds. */
const SLICE_MS = 10;
/** Interval of looking for messages where the store reports them, in milliseconds: a report may be lost with its connection. */
const LISTENING_MS = 2000;
/** What the store has at least to settle their outcomes. */
const LEAST_SETTLE_MS = 50;

/**
 * Leases messages of one group in batches, runs at most `concurrency` handlers at a time, and settles outcomes together.
 *
 * A message in its hands:
 *
 *     buffered ──begin──▶ at work ──resolves──▶ acknowledged
 *        │                   │└─────throws────▶ again, or dead after its last attempt
 *        │ key at work       └──lease lost, stopped──▶ abandoned: its lease runs out by itself
 *        ▼
 *     queued behind its key ──turn──▶ at work
 *
 *     buffered or queued, and its lease ran out, an earlier one of its key failed, or it stops ──▶ released
 *
 * The consumer:
 *
 *     state      leases   begins   settles   left when
 *     working    yes      yes      yes       nothing is available (rests), it is stopped
 *     resting    no       yes      yes       a message, a handler's end, a timer, another process
 *     stopping   no       no       yes       handlers have ended, or the deadline has passed
 *     stopped    no       no       no        never; when its queue starts again, a successor replaces it
 */
export class GroupConsumer<T> implements Consumer<T> {
  private readonly call: HandlerCall<T>;
  /** null: nothing limits how fast messages begin. */
  private readonly pace: GroupPace | null;
  private readonly reports: Reports;
  private readonly leases: Leases;
  private readonly buffer = new Deque<LeasedMessage<T>>(16);
  private readonly keys: KeyQueues<LeasedMessage<T>>;
  private readonly running: RunningHandlers<T>;
  private readonly settler: Settler;
  private readonly heartbeat: Heartbeat;
  private readonly batch: BatchSize;
  private readonly outcomes: Outcomes;
  private readonly sleeper: Sleeper;
  private readonly looping: Promise<void>;
  private successor: GroupConsumer<T> | null = null;
  /** When the event loop must have its turn, by the clock of the store. */
  private sliceEnd = 0;
  private stopping = false;
  private stopped: Promise<void> | null = null;

  constructor(
    private readonly rule: ConsumerRule,
    handler: Handler<T>,
    private readonly tools: ConsumerTools,
    private readonly listener: ConsumerListener,
  ) {
    const { store, timers, clock } = tools;
    this.call = new HandlerCall(rule.queue, handler);
    this.leases = new Leases(rule, tools, listener);
    const { token } = this.leases;
    this.pace = tools.limit === null ? null : new GroupPace(tools.limit);
    this.reports = new Reports(rule, token, tools, listener);
    this.outcomes = new Outcomes(rule, tools.failures, listener);
    this.sleeper = new Sleeper(timers);
    this.batch = new BatchSize(rule.batch, rule.concurrency);
    this.keys = new KeyQueues(rule.ordered);
    this.settler = new Settler({ group: rule.group, token }, store, timers, clock, {
      settled: this.outcomes.settled,
      results: (notes) => this.reports.keepResults(notes),
      done: () => this.wake(),
      failed: (error) => this.failed(error),
    });
    this.heartbeat = new Heartbeat(rule.visibilityMs, timers, clock, {
      prolong: () => this.leases.prolong([...this.running.messages, ...this.waitingHere], this.settler.unsettled),
      goesOn: () => !this.stopping || this.running.size > 0,
      done: () => this.wake(),
    });
    this.running = new RunningHandlers(timers, (run, held, error, value) => this.end(run, held, error, value));
    this.looping = this.loop();
  }

  /** To be called when something may have become available. */
  wake(): void {
    this.sleeper.wake();
  }

  private async loop(): Promise<void> {
    let trouble = 0;
    while (!this.stopping) {
      this.sleeper.look();
      try {
        // Settle before leases are checked: a finished message must not be retried because its lease ran out.
        await this.settler.settleNow();
        const got = this.wants > 0 ? await this.lease() : null;
        trouble = 0;
        // Stopped while leasing: the new messages are put back.
        if (this.stopping) break;
        while (!this.work()) {
          await this.settler.settleNow();
          await this.turn();
        }
        await this.settler.settleNow();
        if (got === 0 || this.wants === 0) await this.rest();
      } catch (error) {
        this.failed(error);
        this.sleeper.look();
        await this.sleep(Math.min(5000, 50 * 2 ** trouble++));
      }
    }
  }

  /** Reports that the store failed. */
  private failed(error: unknown): void {
    this.listener.trouble(error);
    this.tools.failures.report(this.rule.name, undefined, error);
  }

  /** Messages to lease now: a batch, once what it holds no longer keeps all its handlers busy. */
  private get wants(): number {
    const free = this.buffer.length === 0 && this.running.size < this.rule.concurrency && !this.rule.paused();
    if (!free || this.keys.waiting >= MOST_BATCH) return 0;
    // However many wait behind one key, free handlers look for others.
    return Math.max(this.rule.concurrency - this.running.size, this.batch.value - this.keys.waiting);
  }

  private async turn(): Promise<void> {
    await turn(this.tools.timers);
    this.sliceEnd = this.tools.clock.now() + SLICE_MS;
  }

  private async lease(): Promise<number> {
    const late = this.heartbeat.beatAllDue();
    if (late !== null) await late;
    const now = this.tools.clock.now();
    this.batch.adapt(now);
    const request = { max: this.wants, until: now + this.rule.visibilityMs, token: this.leases.token };
    const { messages: leased, dead } = await this.tools.store.lease(this.rule.group, request, now);
    this.listener.trouble(null);
    if (dead.length > 0) this.outcomes.foundDead(dead);
    this.batch.leased(leased.length);
    this.outcomes.counts.leased += leased.length;
    const hold = { holder: this.reports, until: this.leases.heldUntil(request.until) };
    for (const message of leased) this.buffer.push(new LeasedMessage<T>(message, hold));
    return leased.length;
  }

  /**
   * Begins whatever may begin. Between handlers that hold the thread it lets the heartbeat through. False when the slice is over and there
   * is more to begin.
   */
  private work(): boolean {
    while (this.running.size < this.rule.concurrency && this.buffer.length > 0 && !this.stopping) {
      const now = this.tools.clock.stamp();
      if (now >= this.heartbeat.due) {
        void this.heartbeat.beat();
        return true;
      }
      if (now >= this.sliceEnd) return false;
      if (this.pace?.holdsAll(now) === true) return true;
      const held = this.buffer.shift() as LeasedMessage<T>;
      if (this.keys.enter(held)) this.run(held, now);
    }
    return true;
  }

  /** Handles a message, and those of its key that were waiting for it. */
  private run(first: LeasedMessage<T>, now: number): void {
    for (let next = this.begin(first, now); next !== undefined; ) next = this.begin(next, this.tools.clock.stamp());
  }

  /** Begins a message; returns the next one of its key when this one is done already. */
  private begin(held: LeasedMessage<T>, now: number): LeasedMessage<T> | undefined {
    if (now >= held.until || this.stopping) {
      // Its lease has run out: another consumer may have it. Release it, without counting an attempt.
      held.ended = true;
      this.settler.released.push(held);
      this.holdUp(held.key);
      return undefined;
    }
    const delayMs = this.pace?.delay(held.key, now) ?? 0;
    if (delayMs > 0) return this.putBack(held, delayMs);
    let answer: unknown;
    try {
      answer = this.call.of(held);
    } catch (error) {
      return this.fail(held, error);
    }
    if (!isThenable(answer) || isFulfilled(answer)) return this.succeed(held, answer);
    const run = this.running.add(held, now);
    if (this.rule.timeoutMs !== Number.POSITIVE_INFINITY) {
      run.cancelTimer = this.tools.timers.after(this.rule.timeoutMs, () => {
        const error = new TimedOut(this.rule.timeoutMs);
        this.end(run, held, error, undefined);
        held.abort(error);
      });
    }
    run.follow(answer);
    return undefined;
  }

  /** Ends an asynchronous handler. */
  private end(run: HandlerRun<T>, held: LeasedMessage<T>, error: unknown, value: unknown): void {
    if (held.ended) return;
    this.running.delete(run);
    const next = error === null ? this.succeed(held, value) : this.fail(held, error);
    if (next !== undefined) this.run(next, this.tools.clock.stamp());
    if (!this.work()) this.wake();
    this.settler.soon();
    this.running.ended();
  }

  private succeed(held: LeasedMessage<T>, returned: unknown): LeasedMessage<T> | undefined {
    held.ended = true;
    const result = this.reports.result(held, returned);
    if (result !== null) this.settler.results.push(result);
    this.settler.acknowledged.push(held);
    return this.keys.next(held);
  }

  private fail(held: LeasedMessage<T>, error: unknown): LeasedMessage<T> | undefined {
    held.ended = true;
    const { id, attempt, key } = held;
    if (this.running.interrupted) {
      this.settler.released.push(held);
      this.holdUp(key);
      return undefined;
    }
    held.inside(() => this.tools.failures.report(this.rule.name, held.value, error));
    if (error instanceof NonRetryableError || attempt >= this.rule.maxAttempts) {
      this.settler.dead.push({ id, attempt, reason: errorText(error) });
      return this.keys.next(held);
    }
    this.settler.again.push({ id, attempt, delayMs: Math.round(backoffDelay(this.rule.backoff, attempt, chance(this.tools.timers))) });
    this.holdUp(key);
    return undefined;
  }

  /** Puts a message back that may not begin yet; those of its key behind it come later, too. */
  private putBack(held: LeasedMessage<T>, delayMs: number): undefined {
    held.ended = true;
    this.settler.released.push({ id: held.id, attempt: held.attempt, delayMs });
    this.holdUp(held.key);
  }

  /** Holds back later messages of a key, in their group, until the one that failed has had its next attempt. */
  private holdUp(key: string | null): void {
    if (!this.keys.holdsUp(key)) return;
    this.settler.released.push(...this.keys.dissolve(key), ...this.buffer.take((held) => held.key === key));
  }

  /** Waits for something to do: a message, the end of a handler, a timer, another process. */
  private async rest(): Promise<void> {
    const { shared, listen } = this.tools.store;
    let ms = !shared ? Number.POSITIVE_INFINITY : listen === undefined ? this.rule.pollMs : Math.max(this.rule.pollMs, LISTENING_MS);
    if (this.buffer.length > 0 && this.pace !== null) ms = Math.min(ms, this.pace.wait(this.tools.clock.now()));
    if (this.wants > 0) {
      const at = await this.tools.store.nextAt(this.rule.group);
      if (at !== null) ms = Math.min(ms, Math.max(1, at - this.tools.clock.now()));
    }
    await this.sleep(ms);
  }

  private async sleep(ms: number): Promise<void> {
    if (!this.stopping) await this.sleeper.sleep(ms);
  }

  private get waitingHere(): LeasedMessage<T>[] {
    return [...this.buffer, ...this.keys.all];
  }

  /**
   * Leases nothing more, lets handlers end, settles what they did, and puts back what was not begun. Shortly before the deadline the signals
   * of handlers still running are aborted: what ends then is settled or, where it throws, put back without counting the attempt. What does
   * not end by the deadline is left to itself; its lease runs out.
   */
  async stop(deadline: number | StopOptions = {}): Promise<void> {
    const deadlineMs = deadlineOf(typeof deadline === "number" ? { deadlineMs: deadline } : deadline);
    this.listener.unwanted();
    await (this.successor?.stop(deadlineMs) ?? this.close(deadlineMs));
  }

  /** As `stop`, but the queue resumes it when started again. */
  close(deadlineMs: number): Promise<void> {
    this.stopped ??= this.stopOnce(deadlineMs);
    return this.stopped;
  }

  /** Forwards `stop` and `stats` to the consumer that replaced this one when the queue was started again. */
  goesOnAs(successor: GroupConsumer<T>): void {
    this.successor = successor;
  }

  private async stopOnce(deadlineMs: number): Promise<void> {
    this.stopping = true;
    this.wake();
    const { timers } = this.tools;
    const until = timers.now() + deadlineMs;
    const left = () => Math.max(0, until - timers.now());
    // What it is leasing now would come too late to be put back.
    await within(timers, deadlineMs, this.looping, undefined);
    this.settler.released.push(...this.waitingHere);
    this.buffer.clear();
    this.keys.clear();
    await this.running.stop(left());
    this.heartbeat.stop();
    const rest = this.settler.settleRest().catch((error: unknown) => this.tools.failures.report(this.rule.name, undefined, error));
    await within(timers, Math.max(left(), LEAST_SETTLE_MS), rest, undefined);
    this.listener.stopped();
    this.listener.givenBack();
  }

  [Symbol.dispose](): void {
    void this.stop(0);
  }

  stats(): ConsumerStats {
    if (this.successor !== null) return this.successor.stats();
    return {
      name: this.rule.name,
      group: this.rule.group,
      ...this.outcomes.counts,
      running: this.running.size,
      oldestMs: this.running.oldestMs(this.tools.clock.now()),
    };
  }
}
