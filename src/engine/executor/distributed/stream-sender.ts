import type { Nanoseconds } from "../../../kernel/clock.ts";
import { RedisError } from "../../../kernel/redis/error.ts";
import type { RedisPort } from "../../../kernel/redis/port.ts";
import type { Job } from "../executor.ts";
import type { StreamQueue } from "./stream-queue.ts";
import type { Drop, PartitionStreams, Piece } from "./streams.ts";

/** Sendings under way at once, and the items and characters of one. */
const IN_FLIGHT = 4;
const MOST_ITEMS = 512;
const MOST_CHARACTERS = 1_000_000;
/** Longest that items wait for others to be sent with. */
const GATHERED: Nanoseconds = 5e6;
/** Wait between two attempts to reach the server again. */
const RETRY_MS = 100;

/** True when the server may well answer again. */
export function isPassing(error: unknown): boolean {
  return error instanceof RedisError && (error.problem === "unreachable" || error.problem === "interrupted" || error.code === "LOADING");
}

/** Sends what waits to the streams, drops the oldest where that is the rule, and makes good what a restarted server has lost. */
export class StreamSender {
  /** Items that a restarted server did not have, and was sent again. */
  resent = 0;
  restarts = 0;
  private inFlight = 0;
  private sentAt: Nanoseconds = 0;
  private dropping = false;
  /** The drop that was not answered: whether it was done is not known, so it is asked for again. */
  private drop: Drop | null = null;
  private drops = 0;
  private recovering = false;

  constructor(
    private readonly job: Job,
    private readonly queue: StreamQueue,
    private readonly streams: PartitionStreams,
    private readonly redis: RedisPort,
    /** Identifies the server's process. */
    private server: string,
    /** Most items that workers hold at once. */
    private readonly held: () => number,
    private readonly onNews: () => void,
  ) {}

  /** Sends as much as may be under way. */
  pump(): void {
    if (this.recovering || this.dropping) return;
    if (this.queue.excess > 0 || this.drop !== null) {
      this.dropping = true;
      void this.dropOldest();
      return;
    }
    while (this.maySend) {
      this.sentAt = this.job.time.now();
      void this.send(this.queue.send(MOST_ITEMS, MOST_CHARACTERS));
    }
  }

  /**
   * Each sending has a cost of its own: while workers have enough to do, what comes is gathered for a while, and while one is under way
   * until there is enough for another.
   */
  private get maySend(): boolean {
    const { unsent, inStreams } = this.queue;
    if (unsent >= MOST_ITEMS) return this.inFlight < IN_FLIGHT;
    return unsent > 0 && this.inFlight === 0 && (inStreams < this.held() || this.job.time.now() >= this.dueAt);
  }

  /** When what is gathered is to be sent at the latest. */
  get dueAt(): Nanoseconds {
    return this.queue.unsent > 0 && this.inFlight === 0 ? this.sentAt + GATHERED : Number.POSITIVE_INFINITY;
  }

  /** To be called when a connection of the run broke: the server may have been restarted. */
  broken(error: unknown): void {
    if (isPassing(error)) void this.recover();
    else this.fail(error);
  }

  /** True when the server is the one that has all that was sent; else what it may have lost is sent again, as far as it answers. */
  async isSameServer(): Promise<boolean> {
    try {
      if ((await processOf(this.redis)) === this.server) return true;
      await this.recover();
    } catch (error) {
      this.broken(error);
    }
    return false;
  }

  private fail(error: unknown): void {
    const { lifecycle, time } = this.job;
    lifecycle.fail(time.now(), reasonOf(error));
    this.onNews();
  }

  private async send(pieces: readonly Piece[]): Promise<void> {
    this.inFlight++;
    try {
      await this.streams.add(pieces);
      this.queue.forget(this.job.time.now());
    } catch (error) {
      // One that was sent before this was lost with its connection; all is sent again, in order.
      if (error instanceof RedisError && error.code === "GAP") void this.recover();
      else this.broken(error);
    } finally {
      this.inFlight--;
      this.onNews();
    }
  }

  private async dropOldest(): Promise<void> {
    const { recorder, source, time } = this.job;
    const { excess } = this.queue;
    const drop = this.drop ?? { call: ++this.drops, most: excess, candidates: this.queue.oldest(excess + this.held()) };
    this.drop = drop;
    try {
      const dropped = await this.streams.drop(drop);
      this.drop = null;
      const now = time.now();
      let left = drop.most;
      for (const i of dropped) {
        const place = drop.candidates[i];
        const item = place === undefined ? null : this.queue.dropped(place, now);
        if (item === null) continue;
        recorder.droppedOldest(item, now);
        source.release(item);
        left--;
      }
      // All that is in the streams is being worked: what waits is here.
      for (; left > 0 && this.queue.excess > 0; left--) {
        const item = this.queue.dropUnsent(now);
        if (item === undefined) break;
        recorder.droppedOldest(item, now);
        source.release(item);
      }
    } catch (error) {
      this.broken(error);
    } finally {
      this.dropping = false;
      this.onNews();
    }
  }

  /** Waits for the server, then sends again whatever is not known to be stored. */
  private async recover(): Promise<void> {
    if (this.recovering) return;
    this.recovering = true;
    const { lifecycle, time } = this.job;
    try {
      while (!lifecycle.expired(time.now())) {
        try {
          await this.resend();
          return;
        } catch (error) {
          if (!isPassing(error)) {
            this.fail(error);
            return;
          }
          await Bun.sleep(RETRY_MS);
        }
      }
    } finally {
      this.recovering = false;
      this.onNews();
    }
  }

  private async resend(): Promise<void> {
    const server = await processOf(this.redis);
    const restarted = server !== this.server;
    let pieces: Piece[] = [];
    let items = 0;
    const flush = async () => {
      const added = pieces.length === 0 ? 0 : await this.streams.add(pieces);
      if (restarted) this.resent += added;
      pieces = [];
      items = 0;
    };
    for (const piece of this.queue.keptPieces) {
      pieces.push(piece);
      items += piece.count;
      if (items >= MOST_ITEMS) await flush();
    }
    await flush();
    if (restarted) this.restarts++;
    this.server = server;
  }
}

/** Why a run cannot go on, as a sentence. */
function reasonOf(error: unknown): string {
  const code = error instanceof RedisError ? error.code : "";
  if (code === "GONE")
    return "Redis has lost the run: it was restarted without what it held, or its keys were removed; what was held is unfinished.";
  if (code === "GAP") return "Redis has lost items that are too old to be sent again; what was held is unfinished.";
  const said = error instanceof Error ? error.message : String(error);
  return `${said}; what was held is unfinished.`;
}

/** Identifies the server's process: another one after a restart. */
export async function processOf(redis: RedisPort): Promise<string> {
  return /^run_id:(\S+)/m.exec(String(await redis.send("INFO", ["server"])))?.[1] ?? "";
}
