import { readHash } from "../../../kernel/redis/hash.ts";
import type { RedisPort, RedisReply } from "../../../kernel/redis/port.ts";
import { ADD, CLOSE, COMMIT, DROP, EXTEND, KEEP, LIFE, RETURN, TAKE } from "./scripts.ts";
import { COMMIT_ANY, DROP_ANY, EXTEND_ANY, RETURN_ANY, TAKE_ANY } from "./unordered-scripts.ts";

/** A batch of a partition, held until its lease runs out. */
export interface Taken {
  readonly partition: number;
  /** Token of the commit that made the partition's states; empty: there are none. */
  readonly version: string;
  /** Taken over from a worker that was silent for too long. */
  readonly claimed: boolean;
  readonly token: string;
  /** The items' lines, in order. */
  readonly lines: string;
}

/** Reply of a take: a batch, the milliseconds after which there may be one though nothing rings (null: unknown), or the end of the run. */
export type TakeReply = Taken | { readonly idleMs: number | null } | "over";

export type CommitReply = { readonly next: TakeReply | null } | "refused" | "over";

/** Items of one partition to be appended. */
export interface Piece {
  readonly partition: number;
  /** Number of the first, from 1. */
  readonly first: number;
  readonly count: number;
  /** A line each, with its end; empty: it was dropped since. */
  readonly text: string;
}

/** A change of states with the record of the batch that made it. */
export interface Commit {
  readonly taken: Taken;
  readonly record: string;
  /** Names of machines and their states. */
  readonly states: readonly (readonly [name: string, json: string])[];
}

/** A commit, and the token of the batch that it is to bring; empty: none. */
export interface AskedCommit {
  readonly commit: Commit;
  readonly token: string;
}

/** How a worker takes batches. */
export interface TakeRule {
  readonly size: number;
  readonly claimAfterMs: number;
}

/** An item whose sending has to be undone, or a candidate for it. */
export interface ItemPlace {
  readonly partition: number;
  readonly number: number;
}

/** Items to be removed: up to `most` of the candidates. */
export interface Drop {
  /** Of the drops of a run, from 1. */
  readonly call: number;
  readonly most: number;
  readonly candidates: readonly ItemPlace[];
}

const ORDERED = { take: TAKE, giveBack: RETURN, extend: EXTEND, drop: DROP } as const;
const UNORDERED = { take: TAKE_ANY, giveBack: RETURN_ANY, extend: EXTEND_ANY, drop: DROP_ANY } as const;

/** States that are made with one command. */
const STATES_AT_ONCE = 1000;

/** Prefix of the keys of a run. */
export function prefixOf(run: string): string {
  return `lab-tui:{${run}}:`;
}

/** Partition streams of one run, as runner and workers use them. Replies are checked: whatever is in Redis may be anyone's. */
export class PartitionStreams {
  readonly prefix: string;
  private readonly scripts: typeof ORDERED | typeof UNORDERED;

  constructor(
    private readonly redis: RedisPort,
    run: string,
    private readonly partitions: number,
    /** One worker has the items of a partition at a time, in their order. */
    private readonly ordered: boolean,
  ) {
    this.prefix = prefixOf(run);
    this.scripts = ordered ? ORDERED : UNORDERED;
  }

  /** Appends items, and returns how many were not there. Rejects with a `RedisError`, whose code is GAP where items before them are missing, GONE where the run is. */
  async add(pieces: readonly Piece[]): Promise<number> {
    const args: string[] = [];
    // One text for all: what a client does for each argument takes longer than splitting it.
    for (const { partition, first, count, text } of pieces) args.push(String(partition), String(first), String(count), text);
    return wholeNumber(await this.redis.run(ADD, [this.prefix], args));
  }

  async take({ size, claimAfterMs }: TakeRule, token: string): Promise<TakeReply> {
    const reply = await this.redis.run(this.scripts.take, [this.prefix], [String(size), String(Math.ceil(claimAfterMs)), token]);
    return this.taken(reply, token);
  }

  /** Commits a batch; then takes the next one where `token` is not empty. */
  async commit(commit: Commit, { size, claimAfterMs }: TakeRule, token: string): Promise<CommitReply> {
    if (!this.ordered) {
      const [reply = "over"] = await this.commitTogether([{ commit, token }], { size, claimAfterMs });
      return reply;
    }
    const { taken, record, states } = commit;
    const args = [String(taken.partition), taken.token, record, String(size), String(Math.ceil(claimAfterMs)), token];
    for (const [name, json] of states) args.push(name, json);
    return this.committed(await this.redis.run(COMMIT, [this.prefix], args), token);
  }

  /** Commits batches that keep no order, all of them in one step. */
  async commitTogether(asked: readonly AskedCommit[], { size, claimAfterMs }: TakeRule): Promise<CommitReply[]> {
    const args = [String(size), String(Math.ceil(claimAfterMs))];
    for (const { commit, token } of asked) args.push(commit.taken.token, commit.record, token);
    const reply = await this.redis.run(COMMIT_ANY, [this.prefix], args);
    const replies = Array.isArray(reply) ? (reply as readonly RedisReply[]) : [];
    return asked.map(({ token }, i) => this.committed(reply === "OVER" ? reply : (replies[i] ?? null), token));
  }

  private committed(reply: RedisReply, token: string): CommitReply {
    if (reply === "REFUSED") return "refused";
    if (reply === "OVER") return "over";
    return { next: token === "" ? null : this.taken(reply, token) };
  }

  /** Gives back a batch that was not begun. */
  async giveBack({ partition, token }: Taken): Promise<void> {
    await this.redis.run(this.scripts.giveBack, [this.prefix], [String(partition), token]);
  }

  /** Prolongs leases. */
  async extend(claimAfterMs: number, leases: readonly { readonly partition: number; readonly token: string }[]): Promise<void> {
    if (leases.length === 0) return;
    const held = leases.flatMap(({ partition, token }) => [String(partition), token]);
    await this.redis.run(this.scripts.extend, [this.prefix], [String(Math.ceil(claimAfterMs)), ...held]);
  }

  /** Removes up to `most` of the candidates, the oldest first, that no worker has; returns the indices of those removed. Asked again, it answers the same. */
  async drop({ call, most, candidates }: Drop): Promise<number[]> {
    const places = candidates.flatMap(({ partition, number }) => [String(partition), String(number)]);
    const reply = String(await this.redis.run(this.scripts.drop, [this.prefix], [String(call), String(most), ...places]));
    return reply === "" ? [] : reply.split(",").map(wholeNumber);
  }

  /** Ends the run: nothing is committed after it. Returns the id of the last record. */
  async close(): Promise<string> {
    return String(await this.redis.run(CLOSE, [this.prefix], [String(LIFE)]));
  }

  /** States of machines of a partition; null: there is none. */
  async states(partition: number, names: readonly string[]): Promise<(string | null)[]> {
    if (names.length === 0) return [];
    const reply = await this.redis.send("HMGET", [this.stateKey(partition), ...names]);
    const list = Array.isArray(reply) ? (reply as readonly RedisReply[]) : [];
    return names.map((_, i) => (typeof list[i] === "string" ? list[i] : null));
  }

  /** Makes empty states, before the first item is sent. */
  async prepare(partition: number, names: readonly string[]): Promise<void> {
    for (let from = 0; from < names.length; from += STATES_AT_ONCE) {
      const fields = names.slice(from, from + STATES_AT_ONCE).flatMap((name) => [name, "{}"]);
      await this.redis.send("HSET", [this.stateKey(partition), ...fields]);
    }
    await this.redis.send("HSET", [`${this.prefix}part:${partition}`, "version", "prepared"]);
    await this.redis.send("EXPIRE", [this.stateKey(partition), String(LIFE)]);
    await this.redis.send("EXPIRE", [`${this.prefix}part:${partition}`, String(LIFE)]);
  }

  /** All states of a partition. */
  allStates(partition: number): Promise<(readonly [name: string, json: string])[]> {
    return readHash(this.redis, this.stateKey(partition));
  }

  async machineNames(partition: number): Promise<string[]> {
    const reply = await this.redis.send("HKEYS", [this.stateKey(partition)]);
    return Array.isArray(reply) ? (reply as readonly RedisReply[]).map(String) : [];
  }

  /** Gives the keys of the run another while to live; `own`: names of further keys. */
  async keep(own: readonly string[]): Promise<void> {
    await this.redis.run(KEEP, [this.prefix], [String(LIFE), ...this.keys, ...own]);
  }

  /** Deletes all keys of the run but the mark that it is closed, which expires. */
  async remove(own: readonly string[]): Promise<void> {
    await this.redis.send(
      "UNLINK",
      [...this.keys, ...own].filter((key) => key !== "closed").map((key) => this.prefix + key),
    );
  }

  private get keys(): string[] {
    const each = Array.from({ length: this.partitions }, (_, p) => [`items:${p}`, `part:${p}`, `states:${p}`]);
    return ["plan", "closed", "ready", "leases", "held", "done", "bell", "dropped", "results", ...each.flat()];
  }

  private stateKey(partition: number): string {
    return `${this.prefix}states:${partition}`;
  }

  private taken(reply: RedisReply, token: string): TakeReply {
    if (reply === "OVER") return "over";
    const [partition, ...rest] = Array.isArray(reply) ? (reply as readonly RedisReply[]) : [];
    if (partition === null || partition === false) {
      const idleMs = Number(rest[0]);
      return { idleMs: idleMs > 0 ? idleMs : null };
    }
    const [claimed, version, lines] = rest;
    const number = wholeNumber(partition);
    if (number >= this.partitions) throw notOurs();
    return { partition: number, version: String(version), claimed: claimed === 1, token, lines: String(lines) };
  }
}

function wholeNumber(reply: RedisReply | undefined): number {
  const number = Number(reply);
  if (reply === null || reply === undefined || !Number.isSafeInteger(number) || number < 0) throw notOurs();
  return number;
}

function notOurs(): Error {
  return new Error("Redis holds something under a key of the run that is not the lab's");
}
