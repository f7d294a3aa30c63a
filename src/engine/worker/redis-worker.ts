import { hostname } from "node:os";
import { type Clock, monotonic } from "../../kernel/clock.ts";
import { errorText } from "../../kernel/error-text.ts";
import { RedisConnection } from "../../kernel/redis/connection.ts";
import { printable } from "../../kernel/text.ts";
import { formatCount, formatMs } from "../../kernel/units.ts";
import { counted } from "../../kernel/wording.ts";
import { type BackoffRule, backoffDelay } from "../../resilience/backoff.ts";
import { type Permission, workerRefusal } from "../../workloads/worker-permission.ts";
import { machineName } from "../executor/distributed/hosts.ts";
import { BEAT_MS, type Beat, giveBeat, ordersOf, PROTOCOL, type RunPlan, readObject, WORKERS } from "../executor/distributed/protocol.ts";
import { isPassing } from "../executor/distributed/stream-sender.ts";
import { prefixOf } from "../executor/distributed/streams.ts";
import { nextOrder } from "./orders.ts";
import { Slot } from "./slots.ts";
import { type Served, WorkerRun } from "./worker-run.ts";

export interface WorkerOptions extends Permission {
  readonly url: string;
  readonly name: string;
  /** Threads that process. */
  readonly slots: number;
  /** Receives a line for each run, and for what is worth knowing. */
  readonly say: (line: string) => void;
  /** Nanoseconds by which its clock is to be ahead, for tests of clocks that differ. */
  readonly clockShift?: number;
}

/** Waits between attempts to reach a server that does not answer, and the interval of looking for a stop meanwhile, in milliseconds. */
const RETRY: BackoffRule = { backoff: "exponential", baseDelay: 500, maxDelay: 5000, jitter: "none" };
const STOP_LOOK_MS = 50;
/** Longest wait for what processors have started to end, and the interval of looking, in milliseconds. */
const LONGEST_CLOSE_MS = 4000;
const CLOSE_LOOK_MS = 5;

/** Offers the cores of this machine to runs of mode `distributed`: serves one run after the other until it is stopped. */
export class RedisWorker {
  private readonly id: string;
  private readonly redis: RedisConnection;
  private readonly waiting: RedisConnection;
  private readonly slots: readonly Slot[];
  private readonly clock: Clock;
  private run: string | null = null;
  private stopping = false;
  /** Attempts that failed since the server last answered. */
  private failures = 0;

  constructor(private readonly options: WorkerOptions) {
    const { url, slots, clockShift = 0 } = options;
    this.id = `${hostname().slice(0, 40)}-${process.pid}-${crypto.randomUUID().slice(0, 8)}`;
    this.redis = new RedisConnection(url, { patienceMs: 1000 });
    this.waiting = new RedisConnection(url, { patienceMs: 1000 });
    this.slots = Array.from({ length: slots }, () => new Slot());
    this.clock = clockShift === 0 ? monotonic : { now: () => monotonic.now() + clockShift };
  }

  /**
   * Resolves once it was stopped, and what it had taken is committed; waits for a server that does not answer. Rejects with a `RedisError`
   * when one answers that it cannot use.
   */
  async serve(): Promise<void> {
    const { name, slots, say } = this.options;
    let beating: Promise<void> | null = null;
    try {
      await this.arrive();
      if (!this.stopping) say(`worker ${name}: ${counted(slots, "slot")} at ${this.redis.url.shown}`);
      beating = this.keepBeating();
      while (!this.stopping) {
        const run = await this.nextRun();
        if (run !== null) await this.serveRun(run);
      }
    } finally {
      this.stopping = true;
      if (this.failures === 0) await this.redis.send("HDEL", [WORKERS, this.id]).catch(() => {});
      await beating;
      this.redis.close();
      this.waiting.close();
      const until = performance.now() + LONGEST_CLOSE_MS;
      while (this.slots.some(({ isOpen }) => isOpen) && performance.now() < until) await Bun.sleep(CLOSE_LOOK_MS);
      for (const slot of this.slots) slot.drop();
    }
  }

  /** Stops it once the batches at work are committed. */
  stop(): void {
    this.stopping = true;
  }

  /** Gives its first sign of life, as soon as a server answers. */
  private async arrive(): Promise<void> {
    while (!this.stopping) {
      try {
        await this.redis.connect();
        await this.beat();
        this.failures = 0;
        return;
      } catch (error) {
        await this.failed(error);
      }
    }
  }

  /** Says once that nothing answers, and waits before the next attempt. Throws what no attempt can change. */
  private async failed(error: unknown): Promise<void> {
    if (!isPassing(error)) throw error;
    if (this.failures === 0) this.options.say(`worker ${this.options.name}: ${errorText(error)}; trying again`);
    const until = performance.now() + backoffDelay(RETRY, ++this.failures, 0);
    while (!this.stopping && performance.now() < until) await Bun.sleep(STOP_LOOK_MS);
  }

  private async nextRun(): Promise<string | null> {
    try {
      const run = await nextOrder(this.waiting, ordersOf(this.id));
      if (this.failures > 0) this.options.say(`worker ${this.options.name}: ${this.redis.url.shown} answers again`);
      this.failures = 0;
      return typeof run === "string" && /^[0-9a-f]{16}$/.test(run) ? run : null;
    } catch (error) {
      await this.failed(error);
      return null;
    }
  }

  private async serveRun(run: string): Promise<void> {
    this.run = run;
    const began = performance.now();
    let what = "";
    try {
      await this.beat();
      const plan = readObject<RunPlan>(await this.redis.send("GET", [`${prefixOf(run)}plan`]), ["spec", "base", "partitions", "batch"]);
      // Its runner is gone, or serves workers of another version.
      if (plan === null || plan.protocol !== PROTOCOL) return;
      what = printable(plan.scenario, 60);
      const served = await this.perform(run, plan);
      if (plan.rehearses !== true || served.problem !== null)
        this.options.say(`worker ${this.options.name}: ${what}: ${told(served, performance.now() - began)}`);
    } catch (error) {
      this.options.say(`worker ${this.options.name}: ${what}: ${errorText(error)}`);
    } finally {
      this.run = null;
      await this.beat().catch(() => {});
    }
  }

  private async perform(run: string, plan: RunPlan): Promise<Served> {
    const { url, clockShift = 0 } = this.options;
    const { id, slots, redis, waiting, clock } = this;
    const work = new WorkerRun({ id, url, slots, redis, waiting, clock, clockShift, cpuMs }, run, plan);
    const refusal = workerRefusal(plan.spec, this.options);
    if (refusal === null) return work.serve(() => this.stopping);
    await work.refuse(refusal);
    return { items: 0, redelivered: 0, refused: 0, problem: refusal };
  }

  private async keepBeating(): Promise<void> {
    while (!this.stopping) {
      await Bun.sleep(BEAT_MS);
      if (!this.stopping) await this.beat().catch(() => {});
    }
  }

  private async beat(): Promise<void> {
    const { name, slots } = this.options;
    const beat: Beat = {
      protocol: PROTOCOL,
      name,
      cores: navigator.hardwareConcurrency,
      slots,
      machine: machineName(),
      pid: process.pid,
      run: this.run,
      cpuMs: cpuMs(),
    };
    await giveBeat(this.redis, this.id, beat);
  }
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function told({ items, redelivered, refused, problem }: Served, ms: number): string {
  const parts = [`${formatCount(items)} items in ${formatMs(ms)}`];
  if (redelivered > 0) parts.push(`${formatCount(redelivered)} taken over`);
  if (refused > 0) parts.push(`${counted(refused, "batch", "batches")} lost to others`);
  if (problem !== null) parts.push(printable(problem, 300));
  return parts.join(", ");
}
