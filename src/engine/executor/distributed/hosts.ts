import { readFileSync } from "node:fs";
import { arch, hostname } from "node:os";
import { UserError } from "../../../kernel/problem.ts";
import { readHash } from "../../../kernel/redis/hash.ts";
import type { RedisPort, RedisReply } from "../../../kernel/redis/port.ts";
import { printable } from "../../../kernel/text.ts";
import { counted } from "../../../kernel/wording.ts";
import { sinceBase } from "./clock-comparison.ts";
import {
  BEAT_MS,
  HOSTS,
  type HostAnswer,
  type HostReport,
  type ListedWorker,
  LOST_MS,
  ordersOf,
  PROTOCOL,
  REPORTS,
  type RunOrder,
  readListed,
  readObject,
  runOrdersOf,
  WORKERS,
} from "./protocol.ts";
import { RunHost } from "./run-host.ts";
import { LIFE } from "./scripts.ts";

/** Milliseconds between two looks at what workers have written, and that the first worker may take to come. */
const LOOK_MS = 10;
const PATIENCE_MS = 10_000;
/** Milliseconds after which a worker that gave no sign of life is removed from the list of all. */
const FORGOTTEN_MS = 60_000;

/** The workers of a run: found, ordered, started, watched, and asked for their reports. */
export class Hosts {
  private readonly hosts = new Map<string, RunHost>();
  private begun = false;

  constructor(
    private readonly redis: RedisPort,
    private readonly run: string,
    private readonly prefix: string,
    /** The server's address, for sentences. */
    private readonly shown: string,
  ) {}

  get all(): readonly RunHost[] {
    return [...this.hosts.values()];
  }

  get(id: string): RunHost | undefined {
    return this.hosts.get(id);
  }

  /** Keys that the run has for its workers, without their prefix. */
  get keys(): string[] {
    return [HOSTS, REPORTS, ...[...this.hosts.keys()].map(runOrdersOf)];
  }

  /** Threads that process, over all workers. */
  get slots(): number {
    return this.all.reduce((sum, { beat }) => sum + beat.slots, 0);
  }

  /** Waits for workers: `count` of them, or where it is null for any. Throws a sentence. `patienceMs`: longest wait for the first. */
  async find(count: number | null, patienceMs = PATIENCE_MS): Promise<void> {
    const from = performance.now();
    for (;;) {
      const { now, listed } = await this.list();
      const alive = listed.filter(({ at }) => now - at <= LOST_MS);
      const speaking = alive.filter(({ beat }) => beat.protocol === PROTOCOL);
      const free = speaking.filter(({ beat }) => beat.run === null);
      const waited = performance.now() - from;
      // Those that have just served another run will be free at once.
      const all = count === null ? free.length === speaking.length || waited > BEAT_MS : free.length >= count;
      if (free.length > 0 && all) {
        for (const one of free) this.hosts.set(one.id, new RunHost(one.id, one));
        return;
      }
      if (waited > patienceMs) throw new UserError(this.missing(alive.length, speaking.length, count));
      await Bun.sleep(LOOK_MS);
    }
  }

  private missing(alive: number, speaking: number, count: number | null): string {
    if (count !== null) return `Only ${speaking} of the ${count} workers of redis: auto came within ${PATIENCE_MS / 1000} s`;
    const hint = `lab-tui worker --redis ${this.shown} starts one`;
    if (alive === 0) return `No worker came to ${this.shown} within ${PATIENCE_MS / 1000} s; ${hint}`;
    if (speaking === 0) return `The ${counted(alive, "worker")} at ${this.shown} are of another version of lab-tui; ${hint}`;
    return `All ${counted(speaking, "worker")} at ${this.shown} are serving other runs; ${hint}`;
  }

  /** Wants the workers for the run, and waits until each is ready or has refused; at most `patienceMs`. Throws when none is ready. */
  async order(patienceMs: number): Promise<void> {
    for (const { id } of this.all) await this.want(id);
    const until = performance.now() + patienceMs;
    while (this.all.some(({ answer }) => answer === null) && performance.now() < until) {
      await Bun.sleep(LOOK_MS);
      await this.readAnswers();
    }
    const refused = this.all.flatMap(({ answer, beat }) =>
      answer?.type === "refused" ? [{ name: beat.name, reason: answer.reason }] : [],
    );
    if (this.all.some(({ ready }) => ready)) return;
    const [first] = refused;
    if (first === undefined) throw new UserError(`None of the ${counted(this.hosts.size, "worker")} was ready in time`);
    throw new UserError(`Worker ${printable(first.name, 60)} does not take the run: ${printable(first.reason, 400)}`);
  }

  /** Sentences about workers that do not take part. */
  get refusals(): string[] {
    return this.all.flatMap(({ answer, beat }) =>
      answer?.type === "refused" ? [`Worker ${printable(beat.name, 60)} does not take part: ${printable(answer.reason, 400)}.`] : [],
    );
  }

  /** Why a worker can do no more work: a sentence without its full stop; null: all can. */
  get failure(): string | null {
    for (const { answer, beat } of this.all) {
      if (answer?.type === "failed") return `Worker ${printable(beat.name, 60)}: ${printable(answer.reason, 400)}`;
    }
    return null;
  }

  private async want(id: string): Promise<void> {
    await this.redis.send("RPUSH", [ordersOf(id), this.run]);
    await this.redis.send("EXPIRE", [ordersOf(id), String(LIFE)]);
  }

  private async readAnswers(): Promise<void> {
    const ids = [...this.hosts.keys()];
    const reply = await this.redis.send("HMGET", [this.prefix + HOSTS, ...ids]);
    for (const [i, text] of (reply as readonly RedisReply[]).entries()) {
      const host = this.hosts.get(ids[i] ?? "");
      const answer = readObject<HostAnswer>(text, ["type"]);
      if (answer !== null) host?.answered(answer);
    }
  }

  /** Has all start at an instant of Redis's clock, in nanoseconds since the base. */
  async start(at: number): Promise<void> {
    await this.tell({ type: "start", at });
  }

  /** CPU time and items from here on are the case's. */
  begin(): void {
    this.begun = true;
    for (const host of this.all) host.begin();
  }

  async end(halting: boolean): Promise<void> {
    await this.tell({ type: "end", halting });
  }

  private async tell(order: RunOrder): Promise<void> {
    const told = this.all.map(({ id }) => this.redis.send("RPUSH", [this.prefix + runOrdersOf(id), JSON.stringify(order)]));
    await Promise.all(told);
  }

  /** Looks at the signs of life; workers that came meanwhile join. */
  async look(): Promise<void> {
    const { now, listed } = await this.list();
    for (const one of listed) {
      const host = this.hosts.get(one.id);
      if (host !== undefined) host.heard(one, now);
      else if (this.begun && now - one.at <= LOST_MS && one.beat.protocol === PROTOCOL && one.beat.run === null) await this.join(one);
      else if (now - one.at > FORGOTTEN_MS) await this.redis.send("HDEL", [WORKERS, one.id]);
    }
    await this.readAnswers();
  }

  private async join(listed: ListedWorker): Promise<void> {
    const host = new RunHost(listed.id, listed);
    host.late = true;
    host.begin();
    this.hosts.set(listed.id, host);
    try {
      await this.want(listed.id);
    } catch (error) {
      // The next look wants it again; one that was wanted twice finds the run gone the second time.
      this.hosts.delete(listed.id);
      throw error;
    }
  }

  /** Waits for the reports of all that are ready and not silent; at most `patienceMs`. */
  async reports(patienceMs: number): Promise<void> {
    const until = performance.now() + patienceMs;
    while (performance.now() < until) {
      const texts = await this.redis.send("LRANGE", [this.prefix + REPORTS, "0", "-1"]);
      for (const text of (texts ?? []) as readonly RedisReply[]) {
        const report = readObject<HostReport>(text, ["host", "offset", "error", "slots"]);
        const host = report === null ? undefined : this.hosts.get(report.host);
        if (host !== undefined) host.report = report;
      }
      if (this.all.every((host) => host.report !== null || !host.ready || host.silent)) return;
      await Bun.sleep(LOOK_MS);
      await this.look();
    }
  }

  /** Ids of the processes of this machine that work for the run. */
  get localProcesses(): number[] {
    const here = machineName();
    return this.all.flatMap(({ beat }) => (beat.machine === here ? [beat.pid] : []));
  }

  private async list(): Promise<{ readonly now: number; readonly listed: readonly ListedWorker[] }> {
    const [time, beats] = await Promise.all([this.redis.send("TIME"), readHash(this.redis, WORKERS)]);
    return { now: sinceBase(time, 0) / 1e6, listed: beats.flatMap(([id, text]) => readListed(id, text) ?? []) };
  }
}

/** Identifies this boot of this machine. */
export function machineName(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return `${hostname()} ${arch()}`;
  }
}
