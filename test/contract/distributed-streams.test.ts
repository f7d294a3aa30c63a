import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { type CommitReply, PartitionStreams, type Piece, type Taken } from "../../src/engine/executor/distributed/streams.ts";
import { RedisConnection } from "../../src/kernel/redis/connection.ts";
import { patience, rounds } from "../support/campaign.ts";
import { HAS_REDIS, RedisServer } from "../support/redis-server.ts";

setDefaultTimeout(patience(60_000));

const server = HAS_REDIS ? await RedisServer.start() : null;
afterAll(() => server?.stop());

const PARTITIONS = 3;
/** Milliseconds of a lease: an expired one is waited for. */
const CLAIM_AFTER = 15;

/** What may happen next; numbers choose among what there is. */
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("add" as const), partition: fc.nat(PARTITIONS - 1), count: fc.integer({ min: 1, max: 7 }) }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("take" as const), worker: fc.nat(3), size: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("commit" as const), worker: fc.nat(3), takesNext: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("die" as const), worker: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("freeze" as const), worker: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("wait" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("give back" as const), worker: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("send again" as const), which: fc.nat(50) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("drop" as const), most: fc.integer({ min: 1, max: 4 }) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

function pieceOf(partition: number, first: number, lines: readonly string[]): Piece {
  return { partition, first, count: lines.length, text: lines.map((line) => `${line}\n`).join("") };
}

function linesOf({ text }: Piece): string[] {
  return text.split("\n").slice(0, -1);
}

/** Workers, some of which die, freeze and commit late, on the streams of one run. */
class Scene {
  readonly run = crypto.randomUUID().slice(0, 16);
  readonly streams: PartitionStreams;
  readonly sent: Piece[] = [];
  readonly added = new Array<number>(PARTITIONS).fill(0);
  readonly dropped = new Set<string>();
  private readonly held: (Taken | null)[] = [null, null, null, null];
  /** Batches of workers that froze with them, and will try to commit when they thaw. */
  private readonly frozen: Taken[] = [];
  private tokens = 0;
  private drops = 0;

  constructor(
    private readonly redis: RedisConnection,
    ordered = true,
  ) {
    this.streams = new PartitionStreams(redis, this.run, PARTITIONS, ordered);
  }

  async open(): Promise<void> {
    await this.redis.send("SET", [`${this.streams.prefix}plan`, "{}", "EX", "60"]);
  }

  async perform(step: Step): Promise<void> {
    switch (step.do) {
      case "add":
        return this.add(step.partition, step.count);
      case "take":
        if (this.held[step.worker] === null) await this.take(step.worker, step.size);
        return;
      case "commit":
        return this.commit(step.worker, step.takesNext);
      case "die":
        this.held[step.worker] = null;
        return;
      case "freeze": {
        const batch = this.held[step.worker];
        if (batch != null) this.frozen.push(batch);
        this.held[step.worker] = null;
        return;
      }
      case "wait":
        return Bun.sleep(CLAIM_AFTER + 5);
      case "give back": {
        const batch = this.held[step.worker];
        if (batch != null) await this.streams.giveBack(batch);
        this.held[step.worker] = null;
        return;
      }
      case "send again": {
        const piece = this.sent[step.which % Math.max(1, this.sent.length)];
        if (piece !== undefined)
          await this.streams.add([
            pieceOf(
              piece.partition,
              piece.first,
              linesOf(piece).map((line) => (this.dropped.has(line) ? "" : line)),
            ),
          ]);
        return;
      }
      default:
        return this.drop(step.most);
    }
  }

  private async add(partition: number, count: number): Promise<void> {
    const first = (this.added[partition] ?? 0) + 1;
    const lines = Array.from({ length: count }, (_, i) => `${partition}:${first + i}`);
    const piece = pieceOf(partition, first, lines);
    this.added[partition] = first + count - 1;
    this.sent.push(piece);
    expect(await this.streams.add([piece])).toBe(count);
  }

  private rule(size: number) {
    return { size, claimAfterMs: CLAIM_AFTER };
  }

  private async take(worker: number, size: number): Promise<boolean> {
    const reply = await this.streams.take(this.rule(size), `${worker}.${++this.tokens}`);
    if (reply === "over" || !("partition" in reply)) return false;
    this.held[worker] = reply;
    return true;
  }

  private async commit(worker: number, takesNext: boolean): Promise<void> {
    const taken = this.held[worker];
    if (taken == null) return;
    this.held[worker] = null;
    const token = takesNext ? `${worker}.${++this.tokens}` : "";
    const reply = await this.commitOne(taken, token);
    if (typeof reply === "object" && reply.next !== null && typeof reply.next === "object" && "partition" in reply.next)
      this.held[worker] = reply.next;
  }

  private commitOne(taken: Taken, token: string) {
    const last = taken.lines.split("\n").at(-1) ?? "";
    return this.streams.commit({ taken, record: taken.lines, states: [[`p${taken.partition}`, last]] }, this.rule(3), token);
  }

  private async drop(most: number): Promise<void> {
    const candidates = this.added.flatMap((added, partition) => Array.from({ length: added }, (_, i) => ({ partition, number: i + 1 })));
    const drop = { call: ++this.drops, most, candidates };
    const dropped = await this.streams.drop(drop);
    // Whoever has lost the answer asks again.
    expect(await this.streams.drop(drop)).toEqual(dropped);
    for (const i of dropped) {
      const { partition, number } = candidates[i] as { partition: number; number: number };
      expect(this.dropped.has(`${partition}:${number}`)).toBe(false);
      this.dropped.add(`${partition}:${number}`);
    }
  }

  /** Lets the frozen commit, then works off all that is left. */
  async finish(): Promise<void> {
    await Bun.sleep(CLAIM_AFTER + 5);
    for (let worker = 0; worker < this.held.length; worker++) this.held[worker] = null;
    for (let misses = 0; misses < 3; ) {
      if (await this.take(0, 4)) await this.commit(0, false);
      else {
        misses++;
        await Bun.sleep(CLAIM_AFTER + 5);
      }
      const late = this.frozen.shift();
      // Whoever has it by now, or has committed it: a batch is committed once.
      if (late !== undefined) await this.commitOne(late, "");
    }
  }

  /** The lines committed, in order, of each partition. */
  async committed(): Promise<string[][]> {
    const reply = await this.redis.send("XRANGE", [`${this.streams.prefix}results`, "-", "+"]);
    const lines = (reply as readonly [string, readonly string[]][]).flatMap(([, fields]) => (fields[1] ?? "").split("\n"));
    return Array.from({ length: PARTITIONS }, (_, p) => lines.filter((line) => line.startsWith(`${p}:`)));
  }
}

describe.skipIf(server === null)("the scripts of mode distributed (needs redis-server)", () => {
  const redis = new RedisConnection(server?.url ?? "redis://127.0.0.1:1");

  test("whoever takes, dies, freezes and commits late: every item is committed once, in the order of its partition, or was dropped", async () => {
    let dropped = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
        const scene = new Scene(redis);
        await scene.open();
        for (const one of steps) await scene.perform(one);
        await scene.finish();
        const committed = await scene.committed();
        for (let p = 0; p < PARTITIONS; p++) {
          const all = Array.from({ length: scene.added[p] ?? 0 }, (_, i) => `${p}:${i + 1}`);
          expect(committed[p] ?? []).toEqual(all.filter((line) => !scene.dropped.has(line)));
          // The state is the one that the last commit left.
          const [state = null] = await scene.streams.states(p, [`p${p}`]);
          expect(state).toBe(committed[p]?.at(-1) ?? null);
        }
        dropped += scene.dropped.size;
        await scene.streams.remove([]);
      }),
      { numRuns: rounds(20), seed: 24 },
    );
    expect(dropped).toBeGreaterThan(0);
  });

  test("without an order too every item is committed once, or was dropped, whoever takes, dies, freezes and commits late", async () => {
    let dropped = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
        const scene = new Scene(redis, false);
        await scene.open();
        for (const one of steps) await scene.perform(one);
        await scene.finish();
        const committed = await scene.committed();
        for (let p = 0; p < PARTITIONS; p++) {
          const all = Array.from({ length: scene.added[p] ?? 0 }, (_, i) => `${p}:${i + 1}`);
          expect((committed[p] ?? []).toSorted()).toEqual(all.filter((line) => !scene.dropped.has(line)).toSorted());
        }
        dropped += scene.dropped.size;
        await scene.streams.remove([]);
      }),
      { numRuns: rounds(15), seed: 24 },
    );
    expect(dropped).toBeGreaterThan(0);
  });

  test("without an order several have items of one partition, and only whoever holds a batch commits it", async () => {
    const scene = new Scene(redis, false);
    await scene.open();
    const { streams } = scene;
    await streams.add([pieceOf(1, 1, ["a", "b", "c"])]);
    const rule = { size: 1, claimAfterMs: 5000 };
    const [first, second] = [(await streams.take(rule, "one")) as Taken, (await streams.take(rule, "two")) as Taken];
    expect([first.lines, second.lines]).toEqual(["a", "b"]);
    // Whatever is left rings for another slot.
    expect(await redis.send("LLEN", [`${streams.prefix}bell`])).toBe(3);
    // A reply that was lost is asked for again.
    expect(await streams.take(rule, "two")).toEqual(second);
    expect(await streams.commit({ taken: second, record: "b", states: [] }, rule, "three")).toMatchObject({
      next: { lines: "c", claimed: false },
    });
    expect(await streams.commit({ taken: second, record: "b", states: [] }, rule, "three")).toMatchObject({ next: { lines: "c" } });
    await streams.extend(1, [first]);
    await Bun.sleep(5);
    const again = (await streams.take(rule, "four")) as Taken;
    expect([again.lines, again.claimed]).toEqual(["a", true]);
    expect(await streams.commit({ taken: first, record: "late", states: [] }, rule, "")).toBe("refused");
    // Given back, it is taken by the next one, and by no means taken over.
    await streams.giveBack(again);
    expect(await streams.take(rule, "five")).toMatchObject({ lines: "a", claimed: false });
    expect(await streams.take(rule, "six")).toHaveProperty("idleMs");
    expect(await redis.send("XLEN", [`${streams.prefix}results`])).toBe(1);
    // However many have committed since, what was committed is not refused.
    expect(await streams.commit({ taken: second, record: "b", states: [] }, rule, "")).toEqual({ next: null });
    expect(await redis.send("XLEN", [`${streams.prefix}results`])).toBe(1);
    await streams.remove([]);
  });

  test("without an order several commits go in one step, each with its own outcome, and bring batches of several partitions", async () => {
    const scene = new Scene(redis, false);
    await scene.open();
    const { streams } = scene;
    await streams.add([pieceOf(0, 1, ["a", "b", "c", "d", "e"]), pieceOf(1, 1, ["f", "g", "h"])]);
    const rule = { size: 2, claimAfterMs: 5000 };
    const [one, two] = [(await streams.take({ ...rule, size: 1 }, "one")) as Taken, (await streams.take(rule, "two")) as Taken];
    expect([one.lines, two.lines]).toEqual(["a", "f\ng"]);
    const commit = (taken: Taken) => ({ taken, record: taken.token, states: [] });
    const asked = [
      { commit: commit(one), token: "three" },
      { commit: commit({ ...two, token: "nobody" }), token: "none" },
      { commit: commit(two), token: "four" },
    ];
    const told = await streams.commitTogether(asked, rule);
    expect(told).toEqual([
      { next: { partition: 0, version: "", claimed: false, token: "three", lines: "b\nc" } },
      "refused",
      { next: { partition: 0, version: "", claimed: false, token: "four", lines: "d\ne" } },
    ]);
    expect(await streams.commitTogether(asked, rule)).toEqual(told);
    expect(await redis.send("XLEN", [`${streams.prefix}results`])).toBe(2);
    // What is left is of another partition, and too little for all.
    const next = told.flatMap((reply) => (typeof reply === "object" ? [reply.next as Taken] : []));
    const last = next.map((taken, i) => ({ commit: commit(taken), token: `last-${i}` }));
    expect(await streams.commitTogether(last, rule)).toEqual([
      { next: { partition: 1, version: "", claimed: false, token: "last-0", lines: "h" } },
      { next: { idleMs: expect.any(Number) } },
    ]);
    expect(await redis.send("XLEN", [`${streams.prefix}items:0`])).toBe(0);
    await streams.close();
    expect(await streams.commitTogether(asked, rule)).toEqual(["over", "over", "over"]);
    await streams.remove([]);
  });

  test("a batch that was taken over is given whole, and what its first holder commits is refused", async () => {
    const scene = new Scene(redis);
    await scene.open();
    const lines = ["a", "b", "c", "d"];
    await scene.streams.add([pieceOf(1, 1, lines)]);
    const first = (await scene.streams.take({ size: 3, claimAfterMs: 20 }, "one")) as Taken;
    expect([first.partition, first.claimed, first.lines]).toEqual([1, false, "a\nb\nc"]);
    // The rest waits for those before it.
    expect(await scene.streams.take({ size: 3, claimAfterMs: 20 }, "two")).toMatchObject({ idleMs: expect.any(Number) });
    await Bun.sleep(30);
    // However few the next one wants: all that the holder had, or the order is lost.
    const second = (await scene.streams.take({ size: 1, claimAfterMs: 2000 }, "three")) as Taken;
    expect([second.claimed, second.lines]).toEqual([true, "a\nb\nc"]);
    const rule = { size: 3, claimAfterMs: 2000 };
    expect(await scene.streams.commit({ taken: first, record: "late", states: [["k", '"late"']] }, rule, "")).toBe("refused");
    expect(await scene.streams.commit({ taken: second, record: "good", states: [["k", '"good"']] }, rule, "four")).toMatchObject({
      next: { lines: "d" },
    });
    expect(await scene.streams.states(1, ["k"])).toEqual(['"good"']);
    await scene.streams.remove([]);
  });

  test("a commit whose answer was lost is answered again, and done once; by whom it was taken over is refused", async () => {
    const scene = new Scene(redis);
    await scene.open();
    const { streams } = scene;
    const rule = { size: 1, claimAfterMs: 2000 };
    await streams.add([pieceOf(0, 1, ["a", "b"])]);
    const taken = (await streams.take(rule, "one")) as Taken;
    const commit = { taken, record: "0:a", states: [["k", '"a"']] as const };
    expect(await streams.commit(commit, rule, "two")).toMatchObject({ next: { lines: "b", token: "two" } });
    expect(await streams.commit(commit, rule, "two")).toEqual({ next: { idleMs: null } });
    expect(await streams.commit(commit, rule, "")).toEqual({ next: null });
    const next = { ...taken, token: "two" };
    expect(await streams.commit({ taken: next, record: "0:b", states: [["k", '"b"']] }, rule, "")).toEqual({ next: null });
    // Another has committed since.
    expect(await streams.commit(commit, rule, "")).toBe("refused");
    expect([await streams.states(0, ["k"]), await redis.send("XLEN", [`${streams.prefix}results`])]).toEqual([['"b"'], 2]);
    await streams.remove([]);
  });

  test.each([true, false])("a drop whose answer was lost is answered again, and done once (ordered: %p)", async (ordered) => {
    const scene = new Scene(redis, ordered);
    await scene.open();
    const { streams } = scene;
    await streams.add([pieceOf(0, 1, ["a", "b", "c", "d"])]);
    const candidates = [1, 2, 3, 4].map((number) => ({ partition: 0, number }));
    await streams.take({ size: 1, claimAfterMs: 2000 }, "one");
    expect(await streams.drop({ call: 1, most: 2, candidates })).toEqual([1, 2]);
    expect(await streams.drop({ call: 1, most: 2, candidates })).toEqual([1, 2]);
    expect(await streams.drop({ call: 11, most: 2, candidates })).toEqual([3]);
    await streams.add([pieceOf(0, 5, ["e"])]);
    const late = { call: 2, most: 2, candidates: [{ partition: 0, number: 5 }] };
    expect(await streams.drop(late)).toEqual([]);
    expect(await streams.drop({ ...late, call: 12 })).toEqual([0]);
    await streams.remove([]);
  });

  test("partitions are taken in turn, however much one of them holds", async () => {
    const scene = new Scene(redis);
    await scene.open();
    await scene.streams.add([pieceOf(0, 1, ["a", "b", "c"]), pieceOf(1, 1, ["d", "e", "f"])]);
    const rule = { size: 1, claimAfterMs: 2000 };
    let taken = await scene.streams.take(rule, "0");
    const order: string[] = [];
    for (let token = 1; taken !== "over" && "partition" in taken; token++) {
      order.push(taken.lines);
      const reply: CommitReply = await scene.streams.commit({ taken, record: "r", states: [] }, rule, String(token));
      taken = typeof reply === "string" || reply.next === null ? "over" : reply.next;
    }
    expect(order).toEqual(["a", "d", "b", "e", "c", "f"]);
    await scene.streams.remove([]);
  });

  test.each([true, false])(
    "a lease that is prolonged is not taken over; one of another token is not prolonged (ordered: %p)",
    async (ordered) => {
      const scene = new Scene(redis, ordered);
      await scene.open();
      await scene.streams.add([pieceOf(0, 1, ["a"])]);
      const taken = (await scene.streams.take({ size: 3, claimAfterMs: 40 }, "one")) as Taken;
      for (let i = 0; i < 4; i++) {
        await Bun.sleep(20);
        await scene.streams.extend(40, [taken]);
      }
      expect(await scene.streams.take({ size: 3, claimAfterMs: 40 }, "two")).toHaveProperty("idleMs");
      await Bun.sleep(45);
      await scene.streams.extend(40, [{ partition: 0, token: "another" }]);
      expect(await scene.streams.take({ size: 3, claimAfterMs: 40 }, "three")).toMatchObject({ claimed: true });
      await scene.streams.remove([]);
    },
  );

  test("once a run is closed, or gone, nothing is taken or committed; items before a gap are missed", async () => {
    const scene = new Scene(redis);
    await scene.open();
    const { streams } = scene;
    await streams.add([pieceOf(0, 1, ["a", "b"])]);
    await expect(streams.add([pieceOf(0, 4, ["d"])])).rejects.toMatchObject({ code: "GAP" });
    const rule = { size: 1, claimAfterMs: 2000 };
    const taken = (await streams.take(rule, "one")) as Taken;
    expect(await streams.close()).toBe("0-0");
    expect(await streams.commit({ taken, record: "r", states: [] }, rule, "")).toBe("over");
    expect(await streams.take(rule, "two")).toBe("over");
    await streams.remove([]);
    await expect(streams.add([pieceOf(0, 3, ["c"])])).rejects.toMatchObject({ code: "GONE" });
    // What is left goes by itself.
    const left = (await redis.send("KEYS", [`${streams.prefix}*`])) as readonly string[];
    for (const key of left) expect(Number(await redis.send("TTL", [key]))).toBeGreaterThan(0);
  });

  test.each([true, false])("every key of a run expires, should its runner be killed (ordered: %p)", async (ordered) => {
    const scene = new Scene(redis, ordered);
    await scene.open();
    const { streams } = scene;
    await streams.add([0, 1, 2].map((partition) => pieceOf(partition, 1, ["a", "b", "c"])));
    const rule = { size: 1, claimAfterMs: 2000 };
    const taken = (await streams.take(rule, "one")) as Taken;
    await streams.take(rule, "two");
    await streams.commit({ taken, record: "r", states: [["k", "{}"]] }, rule, "");
    const keys = (await redis.send("KEYS", [`${streams.prefix}*`])) as readonly string[];
    expect(keys.length).toBeGreaterThan(10);
    for (const key of keys) expect({ key, ttl: Number(await redis.send("TTL", [key])) > 0 }).toEqual({ key, ttl: true });
    await streams.remove([]);
  });
});
