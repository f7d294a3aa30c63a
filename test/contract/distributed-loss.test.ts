import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { PartitionStreams, type Piece, type Taken, type TakeReply } from "../../src/engine/executor/distributed/streams.ts";
import { PartitionStates } from "../../src/engine/worker/partition-states.ts";
import { RedisConnection } from "../../src/kernel/redis/connection.ts";
import { RedisScript } from "../../src/kernel/redis/port.ts";
import type { Processor } from "../../src/workloads/workload.ts";
import { patience, rounds } from "../support/campaign.ts";
import { HAS_REDIS, RedisServer } from "../support/redis-server.ts";

setDefaultTimeout(patience(60_000));

const server = HAS_REDIS ? await RedisServer.start() : null;
afterAll(() => server?.stop());

const PARTITIONS = 2;
const WORKERS = 3;
/** Milliseconds of a lease: an expired one is waited for. */
const CLAIM_AFTER = 10;

/** Keeps what the keys with a prefix hold, and puts it back: what is left of a server that was killed and has lost its last moments. */
const KEEP_ALL = new RedisScript(`
redis.call('DEL', KEYS[1])
for _, key in ipairs(redis.call('KEYS', ARGV[1]..'*')) do redis.call('HSET', KEYS[1], key, redis.call('DUMP', key)) end
return 1`);
const PUT_BACK = new RedisScript(`
for _, key in ipairs(redis.call('KEYS', ARGV[1]..'*')) do redis.call('DEL', key) end
local kept = redis.call('HGETALL', KEYS[1])
for i = 1, #kept, 2 do redis.call('RESTORE', kept[i], 60000, kept[i + 1]) end
return 1`);

const worker = fc.nat(WORKERS - 1);
/** What may happen next. `answered`: false where the answer is lost with its connection. */
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("add" as const), partition: fc.nat(PARTITIONS - 1), count: fc.integer({ min: 1, max: 7 }) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("take" as const), worker, size: fc.integer({ min: 1, max: 5 }), answered: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("load" as const), worker }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("commit" as const), worker, takesNext: fc.boolean(), answered: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("die" as const), worker }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("wait" as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("read" as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("keep" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("lose" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("recover" as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** A worker with the states it has; one key a partition, whose state is the numbers of its items. */
class LossyWorker {
  taken: Taken | null = null;
  /** What it tries to commit, until it is answered, and the token of what is to be taken with that. */
  trying: { readonly state: string; readonly token: string } | null = null;
  loaded = false;
  readonly memory = new Map<number, string>();
  readonly states: PartitionStates;

  constructor(streams: PartitionStreams) {
    const adopt = (key: number, json: string | null) => void (json === null ? this.memory.delete(key) : this.memory.set(key, json));
    this.states = new PartitionStates({ adopt } as unknown as Processor, streams);
  }

  hold(taken: Taken | null): void {
    this.taken = taken;
    this.trying = null;
    this.loaded = false;
  }
}

/** A runner, workers and a server that loses its last moments. */
class Loss {
  readonly streams: PartitionStreams;
  readonly sent: Piece[] = [];
  readonly added = new Array<number>(PARTITIONS).fill(0);
  /** Numbers in the order in which the runner records them, by partition. */
  readonly recorded: number[][] = Array.from({ length: PARTITIONS }, () => []);
  again = 0;
  losses = 0;
  private readonly workers: LossyWorker[];
  private last = "0-0";
  private tokens = 0;
  private kept = false;
  private readonly run = crypto.randomUUID().slice(0, 16);

  constructor(private readonly redis: RedisConnection) {
    this.streams = new PartitionStreams(redis, this.run, PARTITIONS, true);
    this.workers = Array.from({ length: WORKERS }, () => new LossyWorker(this.streams));
  }

  async open(): Promise<void> {
    await this.redis.send("SET", [`${this.streams.prefix}plan`, "{}", "EX", "60"]);
  }

  async perform(step: Step): Promise<void> {
    switch (step.do) {
      case "add":
        return this.add(step.partition, step.count);
      case "take":
        return this.take(this.of(step.worker), step.size, step.answered);
      case "load":
        return this.load(this.of(step.worker));
      case "commit":
        return this.commit(this.of(step.worker), step.takesNext, step.answered);
      case "die":
        this.workers[step.worker] = new LossyWorker(this.streams);
        return;
      case "wait":
        return Bun.sleep(CLAIM_AFTER + 2);
      case "read":
        return this.read();
      case "keep":
        await this.redis.run(KEEP_ALL, [`kept:${this.run}`], [this.streams.prefix]);
        this.kept = true;
        return;
      case "lose":
        if (!this.kept) return;
        this.losses++;
        // The next ids are later ones.
        await Bun.sleep(2);
        return void (await this.redis.run(PUT_BACK, [`kept:${this.run}`], [this.streams.prefix]));
      default:
        return this.recover();
    }
  }

  private of(number: number): LossyWorker {
    return this.workers[number] as LossyWorker;
  }

  private token(): string {
    return `t${++this.tokens}`;
  }

  private async add(partition: number, count: number): Promise<void> {
    const first = (this.added[partition] ?? 0) + 1;
    const text = Array.from({ length: count }, (_, i) => `${first + i}\n`).join("");
    const piece = { partition, first, count, text };
    this.added[partition] = first + count - 1;
    this.sent.push(piece);
    await this.streams.add([piece]).catch(() => this.recover());
  }

  /** Sends all again, as the runner does after a restart. */
  private async recover(): Promise<void> {
    await this.streams.add(this.sent);
  }

  private async take(one: LossyWorker, size: number, answered: boolean): Promise<void> {
    if (one.taken !== null) return;
    const reply = await this.streams.take({ size, claimAfterMs: CLAIM_AFTER }, this.token());
    if (answered) one.hold(batchOf(reply));
  }

  private async load(one: LossyWorker): Promise<void> {
    const { taken } = one;
    if (taken === null || one.loaded) return;
    await one.states.load(taken, [{ key: taken.partition, name: "key" }]);
    const before = one.memory.get(taken.partition) ?? "";
    one.memory.set(taken.partition, `${before}${taken.lines.replaceAll("\n", ",")},`);
    one.loaded = true;
  }

  private async commit(one: LossyWorker, takesNext: boolean, answered: boolean): Promise<void> {
    await this.load(one);
    const { taken } = one;
    if (taken === null) return;
    one.trying ??= { state: one.memory.get(taken.partition) ?? "", token: takesNext ? this.token() : "" };
    const { state, token } = one.trying;
    const record = `${taken.partition}:${taken.lines.replaceAll("\n", ",")}`;
    const rule = { size: 3, claimAfterMs: CLAIM_AFTER };
    const reply = await this.streams.commit({ taken, record, states: [["key", state]] }, rule, token);
    if (!answered) return;
    if (typeof reply === "string") {
      one.states.forget(taken.partition);
      one.hold(null);
    } else {
      one.states.committed(taken);
      one.hold(batchOf(reply.next));
    }
  }

  /** Records what was not recorded before. */
  private async read(): Promise<void> {
    const reply = await this.redis.send("XRANGE", [`${this.streams.prefix}results`, `(${this.last}`, "+"]);
    for (const [id, [, record = ""]] of reply as readonly [string, readonly string[]][]) {
      this.last = id;
      const [partition = "", numbers = ""] = record.split(":");
      const recorded = this.recorded[Number(partition)] as number[];
      for (const number of numbers.split(",").map(Number)) {
        if (recorded.includes(number)) this.again++;
        else recorded.push(number);
      }
    }
  }

  /** Works off all that is left; those that still hold something commit late. */
  async finish(): Promise<void> {
    await this.recover();
    const fresh = new LossyWorker(this.streams);
    for (let misses = 0; misses < 4; ) {
      await this.take(fresh, 4, true);
      for (const late of this.workers) await this.commit(late, false, true);
      if (fresh.taken !== null) await this.commit(fresh, false, true);
      else {
        misses++;
        await Bun.sleep(CLAIM_AFTER + 2);
      }
    }
    await this.read();
  }
}

function batchOf(reply: TakeReply | null): Taken | null {
  return reply !== null && reply !== "over" && "partition" in reply ? reply : null;
}

describe.skipIf(server === null)("a server that loses its last moments, and answers (needs redis-server)", () => {
  const redis = new RedisConnection(server?.url ?? "redis://127.0.0.1:1");

  /** Has these steps happen, then all that is left done, and checks what came of it. */
  async function played(steps: readonly Step[]): Promise<Loss> {
    const loss = new Loss(redis);
    await loss.open();
    for (const one of steps) await loss.perform(one);
    await loss.finish();
    for (let p = 0; p < PARTITIONS; p++) {
      const all = Array.from({ length: loss.added[p] ?? 0 }, (_, i) => i + 1);
      expect(loss.recorded[p]).toEqual(all);
      const [state = null] = await loss.streams.states(p, ["key"]);
      expect(state ?? "").toBe(all.map((number) => `${number},`).join(""));
    }
    await loss.streams.remove([]);
    return loss;
  }

  test("whatever was lost and is done again: each item counts once, in order, and the states are of each once", async () => {
    let losses = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 80 }), async (steps) => {
        losses += (await played(steps)).losses;
      }),
      { numRuns: rounds(12), seed: 24 },
    );
    expect(losses).toBeGreaterThan(0);
  });

  test("what was recorded and lost is done again, and counts once", async () => {
    const commit = { do: "commit", worker: 0, takesNext: false, answered: true } as const;
    const loss = await played([
      { do: "add", partition: 0, count: 5 },
      { do: "take", worker: 0, size: 3, answered: true },
      { do: "keep" },
      commit,
      { do: "read" },
      { do: "lose" },
    ]);
    expect([loss.losses, loss.again, loss.recorded[0]]).toEqual([1, 3, [1, 2, 3, 4, 5]]);
  });
});
