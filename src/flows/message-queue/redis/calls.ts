import { RedisError } from "../../../kernel/redis/error.ts";
import type { RedisPort, RedisReply, RedisScript } from "../../../kernel/redis/port.ts";
import { newId, type Timers } from "../../../kernel/timers.ts";
import { QueueError, type QueueProblem, type StoreOptions, unknownGroup } from "../store.ts";
import { redisQueueError } from "./errors.ts";
import { LAY_OUT, LAYOUT, SIZES } from "./lua/manage.ts";

/** Identifies no call. */
const ANY = "- 0";

/** Calls the scripts of a queue; errors are sentences about it. */
export class QueueCalls {
  /** The queue's own key, with which all others begin. */
  readonly root: string;
  /** Name of this caller. */
  readonly own: string;
  /** The last failure, until something succeeds. */
  failure: QueueError | null = null;
  /** The mark of the queue that was opened. */
  private born: Promise<string> | null = null;
  private serial = 0;

  constructor(
    private readonly queue: string,
    private readonly port: RedisPort,
    private readonly options: StoreOptions,
    private readonly timers: Timers,
  ) {
    this.root = `lab-tui:queue:{${encodeURIComponent(queue)}}`;
    this.own = newId(timers);
  }

  /** Lays the queue out where there is none; once that is done, another that takes its place is noticed. */
  layOut(): Promise<string> {
    this.born ??= this.makeLayout().catch((error: unknown) => {
      this.born = null;
      throw error;
    });
    return this.born;
  }

  private async makeLayout(): Promise<string> {
    const { order, agingMs = 0, groups } = this.options;
    const args = [newId(this.timers), order, String(agingMs), LAYOUT, ...groups];
    return (await this.guarded(() => this.port.run(LAY_OUT, [this.root], args))) as string;
  }

  /** The serial of a call that must be done once. */
  nextSerial(): number {
    return ++this.serial;
  }

  /**
   * Runs a script of the whole queue. Where its answer did not arrive it is run again: one that may not be done twice tells by kind and serial
   * of its `call` that it was done, and answers as it did. `time`: empty for that of Redis.
   */
  async run(script: RedisScript, time: string, args: readonly string[], call = ANY): Promise<RedisReply> {
    const attempt = async () => {
      const born = await this.layOut();
      return this.guarded(() => this.port.run(script, [this.root], [born, time, `${this.own} ${call}`, ...args]));
    };
    try {
      return await attempt();
    } catch (error) {
      if (!isRefusal(error, "interrupted")) throw error;
      return await attempt().catch((second: unknown) => {
        throw isRefusal(second, "unreachable") ? error : second;
      });
    }
  }

  /** Runs a script of one group. */
  async runOf(group: string, script: RedisScript, time: string, args: readonly string[] = [], call = ANY): Promise<RedisReply> {
    try {
      return await this.run(script, time, [group, ...args], call);
    } catch (error) {
      if (!(error instanceof RedisError)) throw error;
      const sizes = (await this.run(SIZES, "", [])) as readonly RedisReply[];
      const names = sizes.filter((_, i) => i % 2 === 0).map(String);
      throw unknownGroup(group, names);
    }
  }

  private async guarded(work: () => Promise<RedisReply>): Promise<RedisReply> {
    try {
      const reply = await work();
      this.failure = null;
      return reply;
    } catch (error) {
      // There is no such group: the caller knows its name.
      if (error instanceof RedisError && error.code === "NOGROUP") throw error;
      const translated = redisQueueError(error, this.queue);
      if (translated instanceof QueueError && translated.problem !== "closed") this.failure = translated;
      throw translated;
    }
  }
}

export function isRefusal(error: unknown, problem: QueueProblem): boolean {
  return error instanceof QueueError && error.problem === problem;
}
