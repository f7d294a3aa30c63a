import type { RedisPort, RedisReply } from "../../../kernel/redis/port.ts";
import { realTimers, type SteadyClock, steadyClock, type Timers } from "../../../kernel/timers.ts";
import type { BucketRule } from "../../../resilience/token-bucket.ts";
import { messageText } from "../payload/message-text.ts";
import { textOf } from "../payload/payload.ts";
import { decode } from "../payload/text.ts";
import {
  type DeadLetter,
  fullError,
  type GroupDepth,
  type GroupState,
  type LeaseRef,
  type LeaseRequest,
  type Lent,
  type ListRequest,
  type NewMessage,
  type Note,
  type Noted,
  type QueueError,
  type QueueStore,
  type Receipt,
  type Settlement,
  type StoredMessage,
  type StoreOptions,
  type TaskState,
  type Tokens,
} from "../store.ts";
import { RedisBell } from "./bell.ts";
import { isRefusal, QueueCalls } from "./calls.ts";
import { lossOf, redisQueueError } from "./errors.ts";
import { DEAD_LETTERS, DROP_GROUP, LIST, NEXT_AT, PAUSE, REDRIVE, REMOVE, SIZES, STATE_OF, SURVEY } from "./lua/manage.ts";
import { NOTE, NOTED, TAKE_TOKENS } from "./lua/notes.ts";
import { SEND } from "./lua/send.ts";
import { EXTEND_LEASES, LEASE, SETTLE } from "./lua/work.ts";
import { idText, LIVE_STATES, leasedFromRows, letterFromRow, outcomes, packTerms, storedDead, storedLive } from "./rows.ts";

export interface RedisStoreOptions extends StoreOptions {
  /** Name of the queue, which its keys carry. */
  readonly queue: string;
  readonly port: RedisPort;
  /** A connection for reads that block, to hear of what other processes do; null: consumers look again and again. */
  readonly bellPort: RedisPort | null;
  /** Other than the real ones: they have the time, not Redis. */
  readonly timers?: Timers;
}

type States = "ready" | "delayed" | "leased" | "dead" | "behind" | "done" | "unknown";

const TASK_STATES: Readonly<Record<States, TaskState>> = { ...LIVE_STATES, dead: "dead", done: "done", unknown: "unknown" };

/**
 * Queue messages in Redis; any number of processes and hosts may use them. Each call is one script, which does all or nothing. Delays and
 * leases go by the clock of Redis: times cross over as spans, so that the clocks of hosts need not agree.
 */
export class RedisStore implements QueueStore {
  readonly sendOne = null;
  readonly shared = true;
  readonly keepsText = true;
  readonly clock: SteadyClock;
  /** Undefined where nothing is heard of others. */
  readonly listen?: (changed: () => void) => void;
  private readonly timers: Timers;
  private readonly port: RedisPort;
  private readonly calls: QueueCalls;
  private bell: RedisBell | null = null;
  private closed = false;
  /** Highest id of a message that was sent here. */
  private newest = 0;
  private loss: QueueError | null = null;
  /** Serials of lease calls that were not answered, by their token. */
  private readonly leases = new Map<number, number>();

  constructor(private readonly options: RedisStoreOptions) {
    const { queue, port, bellPort, timers = realTimers } = options;
    this.timers = timers;
    this.port = port;
    this.clock = steadyClock(timers);
    this.calls = new QueueCalls(queue, port, options, timers);
    if (bellPort !== null)
      this.listen = (changed) => {
        this.bell = new RedisBell(bellPort, `${this.calls.root}:bell`, this.calls.own, timers, changed);
      };
    this.calls.layOut().catch(() => {});
  }

  /** The time for a script: that of Redis, or of the caller where it has its own. */
  private time(now: number): string {
    return this.timers === realTimers ? "" : String(now);
  }

  async room(): Promise<number> {
    const { capacity } = this.options;
    return capacity === Number.POSITIVE_INFINITY ? capacity : capacity - (await this.largest()).size;
  }

  async fullest(): Promise<string> {
    return (await this.largest()).name;
  }

  private async largest(): Promise<{ readonly name: string; readonly size: number }> {
    const sizes = (await this.calls.run(SIZES, "", [])) as readonly RedisReply[];
    let largest = { name: "", size: 0 };
    for (let i = 0; i < sizes.length; i += 2) {
      const size = Number(sizes[i + 1]);
      if (i === 0 || size > largest.size) largest = { name: String(sizes[i]), size };
    }
    return largest;
  }

  async send(messages: readonly NewMessage[], now: number): Promise<Receipt[]> {
    const { capacity, rememberMs, agingMs = 0 } = this.options;
    const limit = capacity === Number.POSITIVE_INFINITY ? "" : String(capacity);
    const args = [limit, String(rememberMs), String(agingMs), String(this.newest)];
    for (const each of messages) args.push(packTerms(each.terms), messageText(each));
    const call = `send ${this.calls.nextSerial()}`;
    const reply = await this.calls.run(SEND, this.time(now), args, call);
    if (typeof reply === "string") throw fullError(capacity, reply);
    const [kept, ids] = reply as readonly [number, readonly number[]];
    if (kept >= 0) this.loss = lossOf(this.options.queue, kept + 1, this.newest);
    this.newest = ids.reduce((newest, id) => Math.max(newest, id), this.newest);
    return ids.map((id) => ({ id: Math.abs(id), duplicate: id < 0 }));
  }

  async lease(group: string, { max, until, token }: LeaseRequest, now: number): Promise<Lent> {
    this.bell?.start();
    const args = [most(max), String(until - now), String(token), String(this.options.maxAttempts)];
    // As long as a call was not answered, the next is the same one: what it leased must not be forgotten.
    const serial = this.leases.get(token) ?? this.calls.nextSerial();
    this.leases.set(token, serial);
    const reply = await this.calls.runOf(group, LEASE, this.time(now), args, `lease:${token} ${serial}`);
    this.leases.delete(token);
    const [letters, rows] = reply as [RedisReply[], RedisReply[]];
    return { messages: leasedFromRows(rows), dead: letters.map(letterFromRow) };
  }

  async settle(group: string, token: number, { acknowledged, again, dead, released }: Settlement, now: number): Promise<number[]> {
    const args = [
      String(token),
      ...outcomes(acknowledged),
      ...outcomes(again, ({ delayMs }) => String(delayMs)),
      ...outcomes(dead, ({ reason }) => reason),
      ...outcomes(released, ({ delayMs }) => String(delayMs ?? -1)),
    ];
    const call = `settle:${token} ${this.calls.nextSerial()}`;
    return idsOf(await this.calls.runOf(group, SETTLE, this.time(now), args, call));
  }

  async extend(group: string, token: number, leases: readonly LeaseRef[], until: number): Promise<number[]> {
    // Where the caller has the time, from its beginning.
    const [time, span] = this.timers === realTimers ? ["", until - this.clock.now()] : ["0", until];
    const [, ...refs] = outcomes(leases);
    return idsOf(await this.calls.runOf(group, EXTEND_LEASES, time, [String(token), String(span), ...refs]));
  }

  /** A Redis whose memory is full keeps none: its messages are to be settled all the same. */
  async note(group: string, token: number, notes: readonly Note[], until: number, now: number): Promise<void> {
    const args = notes.flatMap(({ id, attempt, about, value }) => [idText(id), String(attempt), about, textOf(value)]);
    try {
      await this.calls.runOf(group, NOTE, this.time(now), [String(token), String(until - now), ...args]);
    } catch (error) {
      if (!isRefusal(error, "memory full")) throw error;
    }
  }

  async noted(group: string, id: number, about: Note["about"], now: number): Promise<Noted | null> {
    const note = (await this.calls.runOf(group, NOTED, this.time(now), [`${about} ${idText(id)}`])) as string;
    if (note === "") return null;
    const space = note.indexOf(" ");
    return { revision: Number(note.slice(0, space)), value: decode(note.slice(space + 1)) };
  }

  async takeTokens(group: string, bucket: string, { perSecond, burst }: BucketRule, want: number, now: number): Promise<Tokens> {
    const args = [bucket, String(perSecond), String(burst), String(want)];
    const [taken, waitMs] = (await this.calls.runOf(group, TAKE_TOKENS, this.time(now), args)) as [number, string];
    return { taken, waitMs: Number(waitMs) };
  }

  async nextAt(group: string): Promise<number | null> {
    const [at, time] = (await this.calls.runOf(group, NEXT_AT, this.time(this.clock.now()))) as [number, number];
    return at < 0 ? null : this.here(at, time);
  }

  /** An instant by the clock of Redis, which shows `time`, by the clock here. */
  private here(at: number, time: number): number {
    return this.timers === realTimers ? at - time + this.clock.now() : at;
  }

  async depth(group: string): Promise<GroupDepth> {
    const { ready, delayed, leased, behind, dead } = await this.survey(group);
    return { ready, delayed, leased, behind, dead };
  }

  async survey(group: string): Promise<GroupState> {
    const reply = (await this.calls.runOf(group, SURVEY, this.time(this.clock.now()))) as readonly RedisReply[];
    const [ready = 0, delayed = 0, leased = 0, live = 0, dead = 0, paused = 0, sent = 0, time = 0] = reply.map(Number);
    const oldestSentAt = sent < 0 ? null : this.here(sent, time);
    return { ready, delayed, leased, behind: live - ready - delayed - leased, dead, oldestSentAt, paused: paused === 1 };
  }

  async unsettled(group: string): Promise<number> {
    const { ready, delayed, leased, behind } = await this.survey(group);
    return ready + delayed + leased + behind;
  }

  async stateOf(group: string, id: number): Promise<TaskState> {
    if (!Number.isSafeInteger(id) || id < 1) return "unknown";
    return TASK_STATES[(await this.calls.runOf(group, STATE_OF, "", [idText(id)])) as States];
  }

  async list(group: string, { states, after, limit }: ListRequest): Promise<StoredMessage[]> {
    if (limit <= 0) return [];
    const dead = states.includes("dead") ? await this.letters(group, "sent", after, Math.min(limit, LARGEST)) : [];
    const live = Object.entries(LIVE_STATES).flatMap(([state, name]) => (states.includes(name) ? [state] : []));
    const listed = dead.map(storedDead);
    for (let from = idText(after); from !== "" && live.length > 0 && listed.length - dead.length < limit; ) {
      const left = Math.min(limit, LARGEST) - (listed.length - dead.length);
      const args = [JSON.stringify(live), from, String(left)];
      const [next, rows] = (await this.calls.runOf(group, LIST, "", args)) as [string, RedisReply[]];
      for (const row of rows) listed.push(storedLive(row));
      from = next;
    }
    return listed.sort((a, b) => a.id - b.id).slice(0, limit);
  }

  async remove(group: string, ids: readonly number[]): Promise<number[]> {
    return idsOf(await this.calls.runOf(group, REMOVE, "", ids.map(idText), `remove ${this.calls.nextSerial()}`));
  }

  async pause(group: string, paused: boolean): Promise<void> {
    await this.calls.runOf(group, PAUSE, "", [paused ? "1" : "0"]);
  }

  async deadLetters(group: string, limit: number): Promise<DeadLetter[]> {
    return limit === 0 ? [] : (await this.letters(group, "died", 0, limit)).map(letterFromRow);
  }

  private async letters(group: string, order: "died" | "sent", after: number, limit: number): Promise<readonly RedisReply[]> {
    return (await this.calls.runOf(group, DEAD_LETTERS, "", [order, idText(after), most(limit)])) as readonly RedisReply[];
  }

  async redrive(group: string, ids: readonly number[] | "all"): Promise<number> {
    const which = ids === "all" ? ["all"] : ["some", ...ids.map(idText)];
    return (await this.calls.runOf(group, REDRIVE, "", which, `redrive ${this.calls.nextSerial()}`)) as number;
  }

  async dropGroup(group: string): Promise<void> {
    await this.calls.runOf(group, DROP_GROUP, "");
  }

  trouble(): QueueError | null {
    if (this.closed) return null;
    const broken = this.port.trouble ?? this.bell?.failure ?? null;
    return this.calls.failure ?? this.loss ?? (broken === null ? null : (redisQueueError(broken, this.options.queue) as QueueError));
  }

  close(): void {
    this.closed = true;
    this.bell?.close();
    this.port.close();
  }
}

/** Most messages that one call returns. */
const LARGEST = 100_000;

function most(max: number): string {
  return max === Number.POSITIVE_INFINITY ? "-1" : String(max);
}

function idsOf(reply: RedisReply): number[] {
  return (reply as readonly string[]).map(Number);
}
