import { Deque } from "../../kernel/deque.ts";
import { attempt, isFulfilled, isThenable } from "../../kernel/promises.ts";
import { thrownText } from "../../kernel/thrown.ts";
import { chance, stampOf, type Timers, turn, within } from "../../kernel/timers.ts";
import { type BackoffRule, backoffDelay } from "../../resilience/backoff.ts";
import { type Failures, Stopped, TimedOut } from "../failures.ts";
import type { PartStats } from "../part.ts";
import { Run } from "../run.ts";
import { Slots } from "../slots.ts";
import { GiveUp, type Handler, Held } from "./message.ts";
import { type Identified, Settler, type Told } from "./settler.ts";
import type { DeadLetter, QueueStore } from "./store.ts";

/** The end of a message in its group. */
export interface Settled {
  readonly id: number;
  readonly end: "acknowledged" | "dead";
}

export interface ConsumerRule {
  readonly name: string;
  readonly group: string;
  readonly concurrency: number;
  /** Messages leased at a time; null: as many as it gets done quickly. */
  readonly batch: number | null;
  readonly visibilityMs: number;
  readonly timeoutMs: number;
  readonly maxAttempts: number;
  readonly backoff: BackoffRule;
  readonly ordered: boolean;
  /** While it says so, nothing is leased. */
  readonly paused: () => boolean;
  /** Told which messages have left their group for good, once that is safe. */
  readonly onSettled?: ((messages: readonly Settled[]) => void) | undefined;
  /** How long to wait before looking whether another process has sent something, in milliseconds. */
  readonly pollMs: number;
}

export interface ConsumerStats extends PartStats {
  readonly name: string;
  readonly group: string;
  readonly leased: number;
  readonly acknowledged: number;
  readonly retried: number;
  readonly dead: number;
  /** Leases that ran out, or were another's, before they were settled. */
  readonly lost: number;
  readonly running: number;
  readonly oldestMs: number | null;
}

/** Milliseconds. */
const LEASE_SLACK = 20;

/**
 * Messages leased at a time, where nobody says how many: at first as many as can be worked on, then more as long as a batch is done
 * within so many milliseconds. What one holds that is slow, or dies of a message, others cannot have.
 */
const MOST_BATCH = 1000;
const QUICK_MS = 10;
const SLOW_MS = 50;

/** So long may handlers that hold the thread do so before timers, sockets and signals get their turn, in milliseconds. */
const SLICE_MS = 10;

let consumers = 0;

/** Leases messages of one group in batches, has so many handled at a time, and settles what is done together. */
export class Consumer<T> implements Disposable {
  /** Told when the store fails, and when it works again (null). */
  onTrouble: (error: unknown) => void = () => {};
  onStopped: () => void = () => {};
  /** Whoever asked for it has stopped it. */
  onUnwanted: () => void = () => {};
  private successor: Consumer<T> | null = null;
  /** Told when messages have left their group. */
  onSettled: () => void = () => {};
  /** Told when others may have messages that this one had. */
  onGivenBack: () => void = () => {};
  private readonly token: number;
  private readonly buffer = new Deque<Held<T>>(16);
  private readonly running = new Slots<Run<Held<T>>>();
  private readonly spare: Run<Held<T>>[] = [];
  /** Keys being worked on, and the messages that wait for their turn behind. */
  private readonly lines = new Map<string, Deque<Held<T>>>();
  private readonly settler: Settler;
  private wakeUp: (() => void) | null = null;
  private stopping = false;
  /** Messages that wait in lines. */
  private linedUp = 0;
  /** Woken since it last looked. */
  private poked = false;
  private onIdle: (() => void) | null = null;
  private readonly counts = { leased: 0, acknowledged: 0, retried: 0, dead: 0, lost: 0 };
  private readonly stamp: () => number;
  private batch: number;
  private leasedAt = 0;
  private lastLeased = 0;
  private readonly looping: Promise<void>;
  private cancelHeartbeat: () => void = () => {};
  /** When the event loop is to have its turn, in milliseconds since 1970. */
  private sliceEnd = 0;
  /** When leases are to be lengthened next, in milliseconds since 1970. */
  private beatDue = Number.POSITIVE_INFINITY;
  private stopped: Promise<void> | null = null;

  constructor(
    private readonly rule: ConsumerRule,
    private readonly handler: Handler<T>,
    private readonly store: QueueStore,
    private readonly failures: Failures,
    private readonly timers: Timers,
  ) {
    this.stamp = stampOf(timers);
    this.token = (consumers++ % 4096) * 2 ** 40 + Math.floor(chance(timers) * 2 ** 40);
    this.batch = rule.batch ?? rule.concurrency;
    const settled = {
      told: this.onTold,
      done: () => this.wake(),
      failed: (error: unknown) => {
        this.onTrouble(error);
        this.failures.report(rule.name, undefined, error);
      },
    };
    this.settler = new Settler({ group: rule.group, token: this.token }, store, timers, settled);
    this.beat();
    this.looping = this.loop();
  }

  /** Something may have become available. */
  wake(): void {
    this.poked = true;
    this.wakeUp?.();
  }

  private async loop(): Promise<void> {
    let trouble = 0;
    while (!this.stopping) {
      this.poked = false;
      try {
        // What is done is told before leases are looked at: one that has run out meanwhile is not to be tried again.
        await this.settler.settleNow();
        const got = this.wants > 0 ? await this.lease() : 0;
        trouble = 0;
        // Stopped while it leased: what came is put back.
        if (this.stopping) break;
        while (!this.work()) {
          await this.settler.settleNow();
          await this.turn();
        }
        await this.settler.settleNow();
        if (got === 0 || this.wants === 0) await this.rest();
      } catch (error) {
        this.onTrouble(error);
        this.failures.report(this.rule.name, undefined, error);
        this.poked = false;
        await this.sleep(Math.min(5000, 50 * 2 ** trouble++));
      }
    }
  }

  /** Messages to lease now: a batch, when what it holds no longer keeps all its handlers busy. */
  private get wants(): number {
    const free = this.buffer.length === 0 && this.running.size < this.rule.concurrency && !this.rule.paused();
    if (!free || this.linedUp >= MOST_BATCH) return 0;
    // However many wait behind one key, handlers that are free look for others.
    return Math.max(this.rule.concurrency - this.running.size, this.batch - this.linedUp);
  }

  private async turn(): Promise<void> {
    await turn(this.timers);
    this.sliceEnd = this.timers.wall() + SLICE_MS;
  }

  private async lease(): Promise<number> {
    const now = this.timers.wall();
    this.adapt(now);
    const request = { max: this.wants, until: now + this.rule.visibilityMs, token: this.token };
    const { messages: leased, dead } = await this.store.lease(this.rule.group, request, now);
    this.onTrouble(null);
    if (dead.length > 0) this.foundDead(dead);
    this.lastLeased = leased.length;
    this.counts.leased += leased.length;
    const until = this.heldUntil(request.until);
    for (const message of leased) this.buffer.push(new Held<T>(message, this.rule.group, until));
    return leased.length;
  }

  /** Their leases ran out as often as attempts are allowed, whoever had them. */
  private foundDead(letters: readonly DeadLetter[]): void {
    for (const { value, reason } of letters) this.failures.report(this.rule.name, value, new GiveUp(reason));
    this.left([], letters);
    this.onSettled();
  }

  /** The last batch is done, quickly or not: what is slow is not to be kept from other consumers. */
  private adapt(now: number): void {
    if (this.rule.batch !== null) return;
    const took = now - this.leasedAt;
    if (took > SLOW_MS) this.batch = this.rule.concurrency;
    else if (took > QUICK_MS) this.batch = Math.max(this.rule.concurrency, this.batch >> 1);
    else if (this.lastLeased >= this.batch) this.batch = Math.min(MOST_BATCH, 2 * this.batch);
    this.leasedAt = now;
  }

  /** When a lease counts as run out here: a little before it does for others, whose clocks may be ahead of this one. */
  private heldUntil(until: number): number {
    return until - Math.min(LEASE_SLACK, this.rule.visibilityMs / 4);
  }

  /**
   * Begins what may begin. Handlers that hold the thread let the heartbeat through before the next of them begins. False when the time
   * is up that may go by without a turn of the event loop, and there is more.
   */
  private work(): boolean {
    while (this.running.size < this.rule.concurrency && this.buffer.length > 0 && !this.stopping) {
      const now = this.stamp();
      // At once: the timer, by a clock that never jumps, may be far off.
      if (now >= this.beatDue) {
        this.beatNow();
        return true;
      }
      // A clock that was put back does not make the slice longer.
      if (now >= this.sliceEnd || now < this.sliceEnd - SLICE_MS) return false;
      const held = this.buffer.shift() as Held<T>;
      if (this.rule.ordered && held.key !== null) {
        const line = this.lines.get(held.key);
        if (line !== undefined) {
          line.push(held);
          this.linedUp++;
          continue;
        }
        this.lines.set(held.key, new Deque(2));
      }
      this.run(held, now);
    }
    return true;
  }

  /** Has a message handled, and those of its key that were waiting for it. */
  private run(first: Held<T>, now: number): void {
    for (let next = this.begin(first, now); next !== undefined; ) next = this.begin(next, this.stamp());
  }

  /** Gives the next message of its key when this one is done already. */
  private begin(held: Held<T>, now: number): Held<T> | undefined {
    if (now >= held.until || this.stopping) {
      // It waited here for so long that it may be with another by now; if not, the attempt does not count.
      held.ended = true;
      this.settler.released.push(held);
      if (this.rule.ordered && held.key !== null) this.sendBack(held.key);
      return undefined;
    }
    let answer: unknown;
    try {
      answer = this.handler(held);
    } catch (error) {
      return this.fail(held, error);
    }
    if (!isThenable(answer) || isFulfilled(answer)) return this.succeed(held);
    const run = this.spare.pop() ?? new Run<Held<T>>(this.settledRun);
    run.subject = held;
    run.since = now;
    this.running.add(run);
    if (this.rule.timeoutMs !== Number.POSITIVE_INFINITY) {
      run.cancelTimer = this.timers.after(this.rule.timeoutMs, () => {
        const error = new TimedOut(this.rule.timeoutMs);
        this.end(run, held, error);
        held.abort(error);
      });
    }
    run.follow(answer);
    return undefined;
  }

  /** A handler's promise has settled, in time or not. */
  private readonly settledRun = (run: Run<Held<T>>, error: unknown): void => {
    const held = run.subject;
    if (held === null) return;
    run.subject = null;
    this.spare.push(run);
    this.end(run, held, error);
  };

  /** A handler that took its time is done. */
  private end(run: Run<Held<T>>, held: Held<T>, error: unknown): void {
    if (held.ended) return;
    run.cancelTimer?.();
    run.cancelTimer = null;
    this.running.delete(run);
    const next = error === null ? this.succeed(held) : this.fail(held, error);
    if (next !== undefined) this.run(next, this.stamp());
    if (!this.work()) this.wake();
    this.settler.soon();
    if (this.running.size === 0) this.onIdle?.();
  }

  private succeed(held: Held<T>): Held<T> | undefined {
    held.ended = true;
    this.settler.acknowledged.push(held);
    return this.nextOf(held.key);
  }

  private fail(held: Held<T>, error: unknown): Held<T> | undefined {
    held.ended = true;
    const { id, attempt, key } = held;
    this.failures.report(this.rule.name, held.value, error);
    if (error instanceof GiveUp || attempt >= this.rule.maxAttempts) {
      this.settler.dead.push({ id, attempt, reason: thrownText(error) });
      return this.nextOf(key);
    }
    this.settler.again.push({ id, attempt, delayMs: Math.round(backoffDelay(this.rule.backoff, attempt, chance(this.timers))) });
    // What comes later of its key waits until this one has had its next attempt.
    if (this.rule.ordered && key !== null) this.sendBack(key);
    return undefined;
  }

  private nextOf(key: string | null): Held<T> | undefined {
    if (!this.rule.ordered || key === null) return undefined;
    const next = this.lines.get(key)?.shift();
    if (next === undefined) this.lines.delete(key);
    else this.linedUp--;
    return next;
  }

  private sendBack(key: string): void {
    const line = [...(this.lines.get(key) ?? [])];
    this.lines.delete(key);
    this.linedUp -= line.length;
    this.settler.released.push(...line, ...this.buffer.take((held) => held.key === key));
  }

  /** Told what the store has been told. */
  private readonly onTold = ({ acknowledged, again, released, dead, lost }: Told): void => {
    this.onTrouble(null);
    this.counts.lost += lost;
    this.counts.retried += again;
    if (again > 0 || released > 0) this.onGivenBack();
    this.left(acknowledged, dead);
    this.onSettled();
  };

  /** These have left their group for good. */
  private left(acknowledged: readonly Identified[], dead: readonly Identified[]): void {
    this.counts.acknowledged += acknowledged.length;
    this.counts.dead += dead.length;
    if (this.rule.onSettled === undefined) return;
    const told = (refs: readonly Identified[], end: Settled["end"]) => refs.map(({ id }) => ({ id, end }));
    attempt(
      () => this.rule.onSettled?.([...told(acknowledged, "acknowledged"), ...told(dead, "dead")]),
      (error) => this.failures.report(`${this.rule.name}, onSettled`, undefined, error),
    );
  }

  /** Waits for something to do: a message, a handler that ends, a time that comes, another process. */
  private async rest(): Promise<void> {
    let ms = this.store.shared ? this.rule.pollMs : Number.POSITIVE_INFINITY;
    if (this.wants > 0) {
      const at = await this.store.nextAt(this.rule.group);
      if (at !== null) ms = Math.min(ms, Math.max(1, at - this.timers.wall()));
    }
    await this.sleep(ms);
  }

  private async sleep(ms: number): Promise<void> {
    if (this.stopping || this.poked) return;
    await new Promise<void>((resolve) => {
      const cancel = ms === Number.POSITIVE_INFINITY ? () => {} : this.timers.after(ms, resolve);
      this.wakeUp = () => {
        cancel();
        resolve();
      };
    });
    this.wakeUp = null;
  }

  /** Lengthens the leases of all it holds, well before they run out. */
  private beat(): void {
    this.beatDue = this.timers.wall() + this.rule.visibilityMs / 3;
    this.cancelHeartbeat = this.timers.after(this.rule.visibilityMs / 3, () => this.beatNow());
  }

  private beatNow(): void {
    this.cancelHeartbeat();
    this.beatDue = Number.POSITIVE_INFINITY;
    void this.prolong().finally(() => {
      if (!this.stopping || this.running.size > 0) this.beat();
      // Something may have had to wait for it.
      this.wake();
    });
  }

  private async prolong(): Promise<void> {
    const held = [...this.runningHere, ...this.waitingHere];
    if (held.length === 0) return;
    try {
      const until = this.timers.wall() + this.rule.visibilityMs;
      const lost = new Set(await this.store.extend(this.rule.group, this.token, held, until));
      this.onTrouble(null);
      for (const message of held) {
        if (!lost.has(message.id)) message.until = this.heldUntil(until);
        else {
          message.until = 0;
          message.abort(new Stopped("the lease of this message was lost"));
        }
      }
    } catch (error) {
      this.onTrouble(error);
    }
  }

  private get runningHere(): Held<T>[] {
    return this.running.all.flatMap(({ subject }) => subject ?? []);
  }

  private get waitingHere(): Held<T>[] {
    return [this.buffer, ...this.lines.values()].flatMap((ring) => [...ring]);
  }

  /**
   * Leases nothing more, lets handlers end until the deadline, settles what they did, and puts back what was not begun. What still
   * runs then is told by its signal; its lease runs out by itself.
   */
  stop(deadlineMs: number): Promise<void> {
    this.onUnwanted();
    return this.successor?.stop(deadlineMs) ?? this.close(deadlineMs);
  }

  /** The same, but the queue goes on with it when it is started again. */
  close(deadlineMs: number): Promise<void> {
    this.stopped ??= this.stopOnce(deadlineMs);
    return this.stopped;
  }

  /** The queue was started again: another does its work from now on, and whoever holds this one holds that. */
  goesOnAs(successor: Consumer<T>): void {
    this.successor = successor;
  }

  private async stopOnce(deadlineMs: number): Promise<void> {
    this.stopping = true;
    this.wake();
    // What it is leasing now would come too late to be put back.
    await within(this.timers, deadlineMs, this.looping, undefined);
    this.settler.released.push(...this.waitingHere);
    this.buffer.clear();
    for (const line of this.lines.values()) line.clear();
    if (this.running.size > 0) {
      const idle = new Promise<void>((resolve) => {
        this.onIdle = resolve;
      });
      await within(this.timers, deadlineMs, idle, undefined);
    }
    for (const run of this.running.all) run.cancelTimer?.();
    for (const held of this.runningHere) {
      held.ended = true;
      held.abort(new Stopped("the consumer was stopped"));
    }
    this.running.clear();
    this.cancelHeartbeat();
    await this.settler.settleRest().catch((error: unknown) => this.failures.report(this.rule.name, undefined, error));
    this.onStopped();
    this.onGivenBack();
  }

  [Symbol.dispose](): void {
    void this.stop(0);
  }

  stats(): ConsumerStats {
    if (this.successor !== null) return this.successor.stats();
    return {
      name: this.rule.name,
      group: this.rule.group,
      ...this.counts,
      running: this.running.size,
      oldestMs: this.running.oldestMs(this.timers.wall()),
    };
  }
}
