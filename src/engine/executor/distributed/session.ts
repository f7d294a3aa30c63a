import type { Nanoseconds } from "../../../kernel/clock.ts";
import { UserError } from "../../../kernel/problem.ts";
import { RedisConnection } from "../../../kernel/redis/connection.ts";
import { formatBytes } from "../../../kernel/units.ts";
import { keepsOrder, portableSpec } from "../../../workloads/portable.ts";
import { preparedKeys } from "../../../workloads/processors.ts";
import type { Job } from "../executor.ts";
import { ComparedClock, type Offset, secondOf } from "./clock-comparison.ts";
import type { DistributedRule, Server } from "./executor.ts";
import { Hosts } from "./hosts.ts";
import { LONGEST_MESSAGE, PROTOCOL, type RunPlan } from "./protocol.ts";
import { RunClock } from "./run-clock.ts";
import { LIFE } from "./scripts.ts";
import { processOf } from "./stream-sender.ts";
import { PartitionStreams } from "./streams.ts";

/** Added to what the work needs to become ready, in milliseconds; and from the announcement of the start to it. */
const READY_MS = 10_000;
const LEAD: Nanoseconds = 30e6;

/** A run in Redis, with workers that are ready for it. */
export interface RunSession {
  readonly redis: RedisConnection;
  /** For reads that wait. */
  readonly reading: RedisConnection;
  readonly streams: PartitionStreams;
  readonly hosts: Hosts;
  readonly clock: RunClock;
  /** That clock beside the one of Redis. */
  readonly compared: ComparedClock;
  readonly base: number;
  /** Identifies the server's process; and its product and version. */
  readonly process: string;
  readonly product: string;
  /** Restarted, it has what it had, but for a moment. */
  readonly persistent: boolean;
  /** Removes what the run has in Redis; of a server that is gone nothing is removed, and what it has expires. */
  close(): Promise<void>;
}

/** Opens a run: its plan in Redis, workers found and ready, clocks compared. Throws a sentence. */
export async function openRun(job: Job, rule: DistributedRule, server: Server, redis: RedisConnection): Promise<RunSession> {
  const run = crypto.randomUUID().replaceAll("-", "").slice(0, 16);
  const streams = new PartitionStreams(redis, run, rule.partitions, keepsOrder(job.spec));
  const reading = new RedisConnection(server.url);
  const hosts = new Hosts(redis, run, streams.prefix, redis.url.shown);
  const base = await secondOf(redis);
  const clock = new RunClock(base);
  const close = async () => {
    reading.close();
    await streams.remove(hosts.keys).catch(() => {});
  };
  try {
    await hosts.find(server.workers);
    await redis.send("SET", [`${streams.prefix}plan`, planText(job, rule, base), "EX", String(LIFE)]);
    await prepareStates(job, rule, streams);
    await hosts.order(READY_MS + job.settings.patience / 1e6);
    const compared = new ComparedClock(redis, clock, base);
    await compared.begin();
    const [process, product] = [await processOf(redis), await productOf(redis)];
    const persistent = /^aof_enabled:1/m.test(String(await redis.send("INFO", ["persistence"])));
    return { redis, reading, streams, hosts, clock, compared, base, process, product, persistent, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function planText(job: Job, rule: DistributedRule, base: number): string {
  const text = JSON.stringify(planOf(job, rule, base));
  if (text.length <= LONGEST_MESSAGE) return text;
  throw new UserError(
    `What workers have to know of the case is ${formatBytes(text.length)}, more than the ${formatBytes(LONGEST_MESSAGE)} that they read; a smaller body would do`,
  );
}

function planOf({ spec, settings, rehearses = false }: Job, rule: DistributedRule, base: number): RunPlan {
  const portable = portableSpec(spec);
  if (portable === null) throw new Error("items of this workload cannot leave their process");
  return {
    protocol: PROTOCOL,
    scenario: rule.scenario,
    rehearses,
    base,
    spec: portable,
    partitions: rule.partitions,
    ordered: keepsOrder(spec),
    batch: rule.batch,
    order: settings.batch.order ?? null,
    claimAfterMs: rule.claimAfterMs,
    concurrency: settings.concurrency,
  };
}

/** Makes the states of `keys.prepare` in Redis, where workers find them. */
async function prepareStates({ spec, intake }: Job, { partitions }: DistributedRule, streams: PartitionStreams): Promise<void> {
  const prepared = preparedKeys(spec);
  const names = new Map<number, string[]>();
  for (let key = 0; key < prepared; key++) {
    const partition = intake.shardOf(key, partitions);
    const those = names.get(partition);
    if (those === undefined) names.set(partition, [intake.nameOf(key)]);
    else those.push(intake.nameOf(key));
  }
  for (const [partition, those] of names) await streams.prepare(partition, those);
}

/** CPU time of the server's main thread so far, in milliseconds; null: it does not say. */
export async function serverCpuMs(redis: RedisConnection): Promise<number | null> {
  const info = String(await redis.send("INFO", ["cpu"]));
  const seconds = (field: string) => Number(new RegExp(`^used_cpu_${field}_main_thread:([\\d.]+)`, "m").exec(info)?.[1]);
  const total = 1000 * (seconds("user") + seconds("sys"));
  return Number.isFinite(total) ? total : null;
}

/** Product and version of the server, such as `redis 8.0.2`. */
async function productOf(redis: RedisConnection): Promise<string> {
  const info = String(await redis.send("INFO", ["server"]));
  const version = (field: string) => new RegExp(`^${field}:(\\S+)`, "m").exec(info)?.[1];
  const valkey = version("valkey_version");
  return valkey === undefined ? `redis ${version("redis_version") ?? "of unknown version"}` : `valkey ${valkey}`;
}

/**
 * Announces the start, and waits for it: an instant in the future, by the clock of Redis, at which every process begins. Returns it.
 */
export async function startTogether({ hosts, clock }: RunSession, { offset }: Offset): Promise<Nanoseconds> {
  const at = clock.now() + offset + LEAD;
  await hosts.start(at);
  await Bun.sleep(Math.max(0, (at - offset - clock.now()) / 1e6 - 2));
  while (clock.now() + offset < at);
  return at;
}
