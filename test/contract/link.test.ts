import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { HEAD_WORDS, ItemFrameWriter } from "../../src/engine/executor/parallel/item-frame.ts";
import { ALL_KEYS, type SpawnWorker, type WorkerLink, type WorkerReply } from "../../src/engine/executor/parallel/link.ts";
import { workerThreads } from "../../src/engine/executor/parallel/threads.ts";
import { rings } from "../../src/kernel/bell.ts";
import { monotonic, type Nanoseconds } from "../../src/kernel/clock.ts";
import { BATCH_END } from "../../src/kernel/frame-ring.ts";
import { VirtualTime } from "../../src/kernel/virtual-time.ts";
import { wordsFor } from "../../src/kernel/word-buffer.ts";
import { openTape } from "../../src/load/open.ts";
import { Arrival } from "../../src/load/tape.ts";
import { Item } from "../../src/queueing/item.ts";
import { scenarioSchema } from "../../src/scenario/schema.ts";
import { MessageStage } from "../../src/workloads/message/stage.ts";
import { digestOf } from "../../src/workloads/message/state.ts";
import { patience } from "../support/campaign.ts";
import { postedWorkers } from "../support/posted-link.ts";
import { planOf } from "../support/virtual-setup.ts";
import { newBell, virtualWorkers } from "../support/virtual-workers.ts";

setDefaultTimeout(patience(60_000));

/** One way to reach a Worker, with the clock it goes by. */
interface Way {
  readonly spawn: SpawnWorker;
  /** How often the source's thread was woken. */
  readonly wakeUps: () => number;
  /** What `start` is told, and how long ago that was. */
  readonly origin: Nanoseconds;
  readonly now: () => Nanoseconds;
  readonly pass: (ms: number) => Promise<void>;
}

function byThreads(): Way {
  const bell = newBell();
  const origin = monotonic.now();
  const now = () => monotonic.now() - origin;
  return { spawn: workerThreads(bell), wakeUps: () => rings(bell), origin, now, pass: (ms) => Bun.sleep(ms) };
}

function virtually(workers: typeof virtualWorkers): Way {
  const bell = newBell();
  const time = new VirtualTime();
  const pass = (ms: number) => time.run(time.sleepUntil(time.now() + ms * 1e6));
  return { spawn: workers(time, 2, bell), wakeUps: () => rings(bell), origin: 0, now: () => time.now(), pass };
}

/** A link with the tape that is to go over it. */
class Source {
  readonly replies: WorkerReply[] = [];
  readonly losses: string[] = [];
  readonly items: readonly Item[];
  link!: WorkerLink;
  sent = 0;
  private readonly heads = new ItemFrameWriter();
  private readonly intake;
  private readonly worker;

  private constructor(
    readonly way: Way,
    private readonly stage: MessageStage,
    scenario: ReturnType<typeof scenarioOf>,
  ) {
    this.intake = stage.intake();
    this.items = [...itemsOf(scenario, this.intake)];
    this.worker = way.spawn(
      (reply) => this.replies.push(reply),
      (how) => this.losses.push(how),
    );
  }

  static async open(way: Way, given: object = {}): Promise<Source> {
    const scenario = scenarioOf(given);
    return new Source(way, await MessageStage.open(planOf(scenario, "parallel"), 1), scenario);
  }

  /** Begins a session; resolves when the Worker is ready. */
  async begin({ words = 1 << 14, concurrency = 1, warmup = 0, snapshots = false, processor = this.stage.spec } = {}): Promise<this> {
    const before = this.count("ready");
    this.link = this.worker.open({ processor, worker: 0, concurrency, warmup, snapshots }, words);
    await this.until(() => this.count("ready") > before || this.count("broken") > 0);
    return this;
  }

  start(): this {
    this.link.start(this.way.origin);
    return this;
  }

  /** Sends items in one frame; false when there is no room for it. */
  frame(count: number, last: boolean): boolean {
    const items = this.items.slice(this.sent, this.sent + count);
    const words = items.reduce((sum, item) => sum + HEAD_WORDS + wordsFor(this.intake.encodedBytes(item, 0)), 0);
    const { frames } = this.link;
    if (frames.open(words) === 0) return false;
    this.heads.begin();
    for (const item of items) {
      this.heads.write(item, frames.words);
      this.intake.encode(item, frames.words, 0);
    }
    frames.publish(items.length, last ? BATCH_END : 0);
    this.sent += items.length;
    return true;
  }

  /** Sends batches of one frame each. */
  batches(count: number, size = 1): void {
    for (let i = 0; i < count; i++) expect(this.frame(size, true)).toBe(true);
    this.link.flush();
  }

  async until(condition: () => boolean): Promise<void> {
    for (let i = 0; !condition(); i++) {
      if (i === 10_000) throw new Error("what was waited for has not come");
      await this.way.pass(1);
    }
  }

  async done(batches: number): Promise<void> {
    await this.until(() => this.link.batchesDone === batches);
  }

  /** Ends the session; what the Worker reports. */
  async end(halting = false): Promise<Extract<WorkerReply, { type: "done" }>> {
    const before = this.count("done");
    this.link.end(halting);
    await this.until(() => this.count("done") > before);
    const [report] = this.replies.filter((reply) => reply.type === "done").slice(-1);
    if (report === undefined) throw new Error("unreachable");
    return report;
  }

  count(type: WorkerReply["type"]): number {
    return this.replies.filter((reply) => reply.type === type).length;
  }

  /** Answers that have come, whichever way, by id. */
  answers(): Map<number, string | null> {
    const heard = new Map<number, string | null>();
    this.link.readAnswers((id, json) => heard.set(id, json));
    for (const reply of this.replies) if (reply.type === "answer") heard.set(reply.id, reply.json);
    return heard;
  }

  async ask(id: number, key: number): Promise<string | null> {
    expect(this.link.ask(id, key)).toBe(true);
    let heard: ReadonlyMap<number, string | null> = new Map();
    await this.until(() => {
      heard = this.answers();
      return heard.has(id);
    });
    return heard.get(id) ?? null;
  }

  /** The states after the first items, worked out here. */
  expectedDigest(count: number): string {
    const effort = { now: () => 0, compute: () => {}, block: () => {}, wait: () => {}, pause: async () => {} };
    const processor = this.stage.makeProcessor(effort);
    for (const item of this.items.slice(0, count)) processor.process(item);
    return digestOf([...processor.state().entries]);
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }
}

function scenarioOf(given: object) {
  const plain = { title: "link", load: { executor: "bursts", size: 400 }, keys: { count: 5 }, work: { kind: "none" } };
  return scenarioSchema.parse({ ...plain, parallel: { workers: 1 }, ...given });
}

function* itemsOf(scenario: ReturnType<typeof scenarioOf>, intake: ReturnType<MessageStage["intake"]>): Generator<Item> {
  const tape = openTape(scenario, () => null);
  const arrival = new Arrival();
  while (tape.next(arrival)) {
    const item = new Item();
    intake.accept(arrival, item);
    yield item;
  }
  tape.close();
}

const SLOW = { work: { kind: "sleep", time: "2ms" } };

for (const [name, open] of [
  ["threads of this process", byThreads],
  ["virtual Workers", () => virtually(virtualWorkers)],
  ["virtual Workers by messages alone", () => virtually(postedWorkers)],
] as const) {
  describe(`a link to ${name}`, () => {
    const opened: Source[] = [];
    const source = async (given?: object) => {
      const made = await Source.open(open(), given);
      opened.push(made);
      return made;
    };
    afterAll(() => Promise.all(opened.map((made) => made.close())));

    test("lets nothing be worked off before it is started, and all of it after", async () => {
      const made = await (await source()).begin();
      made.batches(3, 10);
      await made.way.pass(50);
      expect([made.link.batchesDone, made.link.recorder.counts().processed]).toEqual([0, 0]);
      await made.start().done(3);
      expect(made.link.recorder.counts().processed).toBe(30);
    });

    test("brings frames in order and counts batches, not frames; the states are those of the tape", async () => {
      const made = (await (await source()).begin()).start();
      for (let i = 0; i < 120; i++) {
        await made.until(() => made.frame(3, i % 4 === 3));
        made.link.flush();
      }
      await made.done(30);
      const { processed, orderViolations, batches } = made.link.recorder.counts();
      expect([processed, orderViolations, batches]).toEqual([360, 0, 30]);
      const { state } = await made.end();
      expect(digestOf([...state.entries])).toBe(made.expectedDigest(360));
    });

    test("has both ends measure from the same t = 0", async () => {
      const made = (await (await source()).begin()).start();
      await made.way.pass(5);
      const due = made.way.now();
      for (const item of made.items) item.due = item.taken = item.dequeued = due;
      made.batches(1);
      await made.done(1);
      expect(made.link.recorder.sojourn.mean).toBeWithin(0, made.way.now() - due + 1);
    });

    test("leaves what is due during the warm-up out of the figures, and counts it", async () => {
      const made = (await (await source()).begin({ warmup: 1e15 })).start();
      made.batches(1, 10);
      await made.done(1);
      expect([made.link.recorder.counts().processed, made.link.recorder.sojourn.count]).toEqual([10, 0]);
    });

    test("wakes the source's thread at the batch it asked for, and not for fewer", async () => {
      const made = (await (await source()).begin()).start();
      const before = made.way.wakeUps();
      expect(made.link.wakeAt(5)).toBe(true);
      made.batches(4);
      await made.done(4);
      await made.way.pass(20);
      expect(made.way.wakeUps()).toBe(before);
      made.batches(1);
      await made.until(() => made.way.wakeUps() === before + 1);
      expect([made.link.wakeAt(3), made.link.wakeAt(5), made.link.wakeAt(9)]).toEqual([false, false, true]);
      made.batches(3);
      await made.done(8);
      await made.way.pass(20);
      expect(made.way.wakeUps()).toBe(before + 1);
    });

    test("refuses a frame it has no room for, and wakes the source's thread when there is some", async () => {
      const made = await (await source()).begin({ words: 256 });
      while (made.frame(1, true));
      const { sent } = made;
      expect(sent).toBeGreaterThan(1);
      expect(made.link.crowded).toBe(false);
      made.link.wakeAtRoom();
      expect([made.link.crowded, made.frame(1, true)]).toEqual([true, false]);
      const before = made.way.wakeUps();
      made.start();
      await made.until(() => !made.link.crowded && made.way.wakeUps() > before);
      await made.done(sent);
      expect(made.frame(1, true)).toBe(true);
    });

    test("answers what is asked: a state, the names of all, null for what there is not", async () => {
      const made = (await (await source()).begin()).start();
      made.batches(1, 50);
      await made.done(1);
      const names = JSON.parse((await made.ask(1, ALL_KEYS)) ?? "") as string[];
      const key = made.items[0]?.key ?? 0;
      expect(names).toContain(`worker-${key}`);
      const shown = await made.ask(2, key);
      expect(await made.ask(3, 4_000_000)).toBeNull();
      const { state } = await made.end();
      expect(state.entries.find((entry) => entry.key === `worker-${key}`)?.json).toBe(shown ?? "");
    });

    test("answers at once though the Worker sleeps", async () => {
      const made = (await (await source()).begin()).start();
      const took: Nanoseconds[] = [];
      for (let i = 0; i < 9; i++) {
        await made.way.pass(10);
        const from = made.way.now();
        await made.ask(i, 1);
        took.push(made.way.now() - from);
      }
      expect(took.sort((a, b) => a - b)[4]).toBeLessThan(50e6);
    });

    test("brings an answer of any length", async () => {
      const made = await source({ keys: { count: 30_000, prepare: true } });
      (await made.begin()).start();
      expect(JSON.parse((await made.ask(1, ALL_KEYS)) ?? "")).toHaveLength(30_000);
    });

    test("refuses questions beyond those it can hold, and answers each of the others once", async () => {
      const made = await (await source()).begin();
      let id = 0;
      while (id < 1_000_000 && made.link.ask(id, 1)) id++;
      expect(id).toBeWithin(100, 1_000_000);
      made.start();
      const heard: number[] = [];
      await made.until(() => {
        made.link.readAnswers((answered) => heard.push(answered));
        return heard.length + made.count("answer") >= id;
      });
      for (const reply of made.replies) if (reply.type === "answer") heard.push(reply.id);
      expect(heard.sort((a, b) => a - b)).toEqual(Array.from({ length: id }, (_, i) => i));
      expect(made.link.readAnswers(() => {})).toBe(false);
      expect(made.link.ask(id, 1)).toBe(true);
    });

    test("publishes states that changed where that is asked for, and nowhere else", async () => {
      for (const snapshots of [true, false]) {
        const made = (await (await source()).begin({ snapshots })).start();
        made.batches(1, 50);
        await made.done(1);
        if (snapshots) await made.until(() => made.count("published") > 0);
        const { state } = await made.end();
        const states = made.replies.flatMap((reply) => (reply.type === "published" ? reply.states : []));
        const published = states.map(([key, json]) => ({ key: `worker-${key}`, json }));
        expect(published.sort((a, b) => a.key.localeCompare(b.key))).toEqual(
          snapshots ? [...state.entries].sort((a, b) => a.key.localeCompare(b.key)) : [],
        );
      }
    });

    test("shows that the Worker's loop turns", async () => {
      const made = (await (await source()).begin()).start();
      for (let i = 1; i <= 3; i++) {
        const { alive } = made.link;
        made.batches(1);
        await made.until(() => made.link.alive > alive);
        await made.done(i);
      }
    });

    test("ended, has all that was sent worked off first", async () => {
      const made = (await (await source(SLOW)).begin()).start();
      made.batches(4, 5);
      const { state } = await made.end();
      expect(made.link.recorder.counts().processed).toBe(20);
      expect(digestOf([...state.entries])).toBe(made.expectedDigest(20));
    });

    test("halted, leaves what is not at hand and accounts for it", async () => {
      const made = (await (await source(SLOW)).begin()).start();
      made.batches(2, 150);
      await made.until(() => made.link.recorder.counts().processed > 0);
      const { state } = await made.end(true);
      const { processed, abandoned } = made.link.recorder.counts();
      expect(processed).toBeWithin(1, 250);
      expect(processed + abandoned).toBe(300);
      expect(digestOf([...state.entries])).toBe(made.expectedDigest(processed));
    });

    test("serves one session after another, each from nothing", async () => {
      const made = (await (await source()).begin()).start();
      made.batches(2, 20);
      await made.done(2);
      const first = made.link;
      await made.end();
      (await made.begin()).start();
      expect([made.link.batchesDone, made.link.recorder.counts().processed]).toEqual([0, 0]);
      expect(await made.ask(1, ALL_KEYS)).toBe("[]");
      made.batches(1, 30);
      await made.done(1);
      expect([first.batchesDone, first.recorder.counts().processed, made.link.recorder.counts().processed]).toEqual([2, 40, 30]);
    });

    test("tells of a Worker that cannot begin", async () => {
      const made = await source();
      const { spec } = await MessageStage.open(planOf(scenarioOf({}), "parallel"), 1);
      if (spec.workload !== "message") throw new Error("unreachable");
      await made.begin({ processor: { ...spec, work: { ...spec.work, kind: "handler", module: "/nowhere/at/all.ts" } } });
      expect(made.replies).toEqual([{ type: "broken", reason: expect.stringContaining("/nowhere/at/all.ts") }]);
    });

    test("tells of a Worker that is gone, once, and hears nothing more from it", async () => {
      const made = (await (await source()).begin()).start();
      expect(made.losses).toEqual([]);
      await made.close();
      await made.until(() => made.losses.length > 0);
      made.batches(1, 10);
      made.link.end(false);
      await made.way.pass(50);
      expect(made.losses).toEqual([expect.stringContaining("ended")]);
      expect([made.link.batchesDone, made.count("done")]).toEqual([0, 0]);
    });
  });
}
