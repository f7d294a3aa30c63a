import type { Nanoseconds } from "../../../kernel/clock.ts";
import type { RedisPort, RedisReply } from "../../../kernel/redis/port.ts";
import type { Item } from "../../../queueing/item.ts";
import { Tally } from "../../../telemetry/tally.ts";
import type { Job } from "../executor.ts";
import { LateItems } from "./late-items.ts";
import { type BatchRecord, readRecord, type Stretch } from "./record.ts";
import type { StreamQueue } from "./stream-queue.ts";
import { isPassing } from "./stream-sender.ts";

/** Records of one read, milliseconds that it waits for one, and records read between two trimmings of the stream. */
const MOST = 256;
const BLOCK_MS = 100;
const TRIM_EVERY = 512;

/** Reads what workers have committed, and records it as if they were threads of this process. */
export class ResultReader {
  /**
   * Batches committed; those taken over, and their items; entries that are no records of this run; items that were worked though they had
   * been dropped, or had been recorded before.
   */
  readonly counts = { commits: 0, claims: 0, redeliveries: 0, foreign: 0, again: 0 };
  /** Largest step of an instant back before the one it follows: the clocks differ by more than was found. */
  slip: Nanoseconds = 0;
  /** Instants of records are this much ahead of the run's. */
  shift: Nanoseconds = 0;
  readonly failures = new Tally();
  readonly late = new LateItems();
  private last = "0-0";
  private untilId: string | null = null;
  private read = 0;
  private ended = false;
  private readonly complete = Promise.withResolvers<void>();
  /** Measured items of the batch that is being recorded. */
  private measured = 0;

  constructor(
    private readonly job: Job,
    private readonly queue: StreamQueue,
    /** A connection of its own, since it waits there; and the stream's key. */
    private readonly redis: Pick<RedisPort, "send">,
    private readonly key: string,
    private readonly onBatch: (record: BatchRecord, items: number) => void,
    private readonly onNews: () => void,
    private readonly onBreak: (error: unknown) => void,
  ) {}

  /** Reads until `end`, and what was committed before it. */
  async run(): Promise<void> {
    while (!this.isComplete) {
      try {
        const reply = await this.redis.send("XREAD", ["COUNT", String(MOST), "BLOCK", String(BLOCK_MS), "STREAMS", this.key, this.last]);
        const entries = entriesOf(reply);
        for (const [id, text] of entries) this.take(id, text);
        if (this.isComplete) this.complete.resolve();
        if (entries.length > 0) this.onNews();
        if (this.read >= TRIM_EVERY) await this.trim();
      } catch (error) {
        // Nothing more can be read: what was committed and not read is unfinished.
        if (this.ended || !isPassing(error)) this.complete.resolve();
        if (!this.ended) this.onBreak(error);
        if (this.ended || !isPassing(error)) return;
        await Bun.sleep(BLOCK_MS);
      }
    }
  }

  /** Resolves once all records up to `last` are read, the id of the last that counts; null: the server does not say. */
  end(last: string | null): Promise<void> {
    this.ended = true;
    this.untilId = last ?? this.last;
    if (this.isComplete) this.complete.resolve();
    return this.complete.promise;
  }

  private get isComplete(): boolean {
    return this.untilId !== null && !isBefore(this.last, this.untilId);
  }

  private async trim(): Promise<void> {
    this.read = 0;
    await this.redis.send("XTRIM", [this.key, "MINID", this.last]);
  }

  private take(id: string, text: string): void {
    this.last = id;
    this.read++;
    const record = readRecord(text);
    if (record === null) {
      this.counts.foreign++;
      return;
    }
    this.counts.commits++;
    let items = 0;
    this.measured = 0;
    for (const stretch of record.stretches) items += this.record(record, stretch);
    this.job.recorder.batchDone(this.measured);
    if (record.claimed) {
      this.counts.claims++;
      this.counts.redeliveries += items;
    }
    this.onBatch(record, items);
  }

  /** Records a stretch of a batch; returns how many of its items had not been accounted for. */
  private record({ host, partition, dequeued }: BatchRecord, { first, count, began, ended, reason, figures }: Stretch): number {
    const { recorder, source, time } = this.job;
    const now = time.now();
    const taken = this.within(dequeued - this.shift, 0, now);
    const items: Item[] = [];
    for (let number = first; number < first + count; number++) {
      const item = this.queue.committed({ partition, number }, taken, now);
      if (item === null) this.counts.again++;
      else items.push(item);
    }
    const [head] = items;
    if (head === undefined) return 0;
    // Those that had been accounted for stand first, and took their part of the time.
    const since = began + ((ended - began) * (count - items.length)) / count;
    const start = this.within(since - this.shift, head.dequeued, now);
    // How long it took was measured by one clock, however far off that is.
    const end = this.within(start + (ended - since), start, now);
    this.late.record(start, end, items.length, now);
    if (reason === null) recorder.processedTogether(items, 0, items.length, start, end);
    else {
      for (const item of items) recorder.failed(item, end, start);
      this.failures.add(reason);
    }
    this.measured += recorder.measuredIn(items);
    if (count === 1) this.job.committed?.add({ item: head, host, reason, took: end - start, ago: now - start, figures });
    for (const item of items) source.release(item);
    return items.length;
  }

  /** The instant, if it lies within the bounds; else the bound that it missed. */
  private within(instant: Nanoseconds, from: Nanoseconds, until: Nanoseconds): Nanoseconds {
    const bounded = Math.min(Math.max(instant, from), Math.max(from, until));
    this.slip = Math.max(this.slip, Math.abs(bounded - instant));
    return bounded;
  }
}

/** The entries of one stream in a reply of XREAD: a list of streams, or a map in version 3 of the protocol. */
function entriesOf(reply: RedisReply): (readonly [id: string, text: string])[] {
  if (reply === null || typeof reply !== "object") return [];
  const [stream] = Array.isArray(reply) ? (reply as readonly RedisReply[]) : [[null, Object.values(reply)[0] ?? null]];
  const list = (stream as readonly RedisReply[] | undefined)?.[1];
  if (!Array.isArray(list)) return [];
  return (list as readonly (readonly [string, readonly string[]])[]).map(
    ([id, fields]) => [String(id), String(fields?.[1] ?? "")] as const,
  );
}

/** Order of the ids of a stream. */
function isBefore(a: string, b: string): boolean {
  const [[aMs = 0, aSeq = 0], [bMs = 0, bSeq = 0]] = [a.split("-").map(Number), b.split("-").map(Number)];
  return aMs < bMs || (aMs === bMs && aSeq < bSeq);
}
