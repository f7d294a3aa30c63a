import { UserError } from "../../../kernel/problem.ts";
import { RedisConnection } from "../../../kernel/redis/connection.ts";
import { RedisError } from "../../../kernel/redis/error.ts";
import { batchLimit, type CasePlan } from "../../../plan/plan.ts";
import { keepsOrder } from "../../../workloads/portable.ts";
import type { Execution, Executor, Job } from "../executor.ts";
import { DistributedRun } from "./distributed-run.ts";
import { RedisHere } from "./redis-here.ts";
import { openRun } from "./session.ts";

/** What a case asks of mode `distributed`. */
export interface DistributedRule {
  /** Name of the scenario. */
  readonly scenario: string;
  /** URL of the server, or auto. */
  readonly redis: string;
  /** Worker processes that are started with `redis: auto`. */
  readonly workers: number;
  readonly partitions: number;
  readonly batch: number;
  readonly claimAfterMs: number;
}

export function distributedRule(plan: CasePlan): DistributedRule {
  const { title, distributed } = plan.scenario;
  const { redis, partitions, batch, claimAfter } = distributed;
  return {
    scenario: title,
    redis,
    workers: plan.workers,
    // Items without an order share a stream: the more of them are in one, the more go in one step.
    partitions: keepsOrder(plan.scenario) ? partitions : 1,
    batch: batchLimit(plan) ?? batch,
    claimAfterMs: claimAfter / 1000,
  };
}

/** The server of a case: where it is, and how many workers have to come; null: any. */
export interface Server {
  readonly url: string;
  readonly workers: number | null;
}

/**
 * Mode `distributed`: this thread is the source; workers on any host take items from streams in Redis, messages by partitions of the keys and
 * requests one by one, and commit states, acknowledgement and figures in one step.
 */
export class DistributedExecutor implements Executor {
  private here: RedisHere | null = null;
  private redis: RedisConnection | null = null;
  /** Workers of this machine that it has not started. */
  private others: readonly number[] = [];

  constructor(private readonly rule: DistributedRule) {}

  async execute(job: Job): Promise<Execution> {
    try {
      const server = await this.server();
      this.redis ??= await connected(server.url);
      const session = await openRun(job, this.rule, server, this.redis);
      this.others = session.hosts.localProcesses;
      try {
        return await new DistributedRun(job, this.rule, session).execute();
      } finally {
        await session.close();
      }
    } catch (error) {
      throw error instanceof RedisError ? new UserError(`Mode distributed has no server: ${error.message}`) : error;
    }
  }

  /** Processes of this machine that belong to the case. */
  get helpers(): readonly number[] {
    return [...new Set([...(this.here?.processes ?? []), ...this.others])];
  }

  private async server(): Promise<Server> {
    if (this.rule.redis !== "auto") return { url: this.rule.redis, workers: null };
    this.here ??= await RedisHere.start(this.rule.workers);
    return { url: this.here.url, workers: this.rule.workers };
  }

  async close(): Promise<void> {
    this.redis?.close();
    await this.here?.close();
  }
}

/** Wait for a server that does not answer; during a run it is asked again. */
const PATIENCE_MS = 1000;

async function connected(url: string): Promise<RedisConnection> {
  const redis = new RedisConnection(url, { patienceMs: PATIENCE_MS });
  await redis.connect();
  return redis;
}
