import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { BatchRunner } from "../../../src/engine/executor/batch-runner.ts";
import { HEAD_WORDS, ItemFrameReader, ItemFrameWriter } from "../../../src/engine/executor/parallel/item-frame.ts";
import { describeExit, endedUnborn } from "../../../src/engine/run/runner-process.ts";
import { type Spooled, spoolReplay } from "../../../src/engine/run/spool.ts";
import { sampleInterval } from "../../../src/engine/runner/sampler.ts";
import { Slope } from "../../../src/engine/runner/slope.ts";
import { Lifecycle } from "../../../src/engine/source/lifecycle.ts";
import { burn, RealEffort } from "../../../src/engine/work/effort.ts";
import { BATCH_END, RingReader, RingWriter, ringMemory } from "../../../src/kernel/frame-ring.ts";
import { LoopTime } from "../../../src/kernel/loop-time.ts";
import { VirtualTime } from "../../../src/kernel/virtual-time.ts";
import { WordReader, WordWriter } from "../../../src/kernel/word-buffer.ts";
import { Clients } from "../../../src/load/clients.ts";
import { Offered } from "../../../src/load/offered.ts";
import { openDueTimes } from "../../../src/load/open.ts";
import { Item } from "../../../src/queueing/item.ts";
import { scenarioSchema } from "../../../src/scenario/schema.ts";
import { unswept } from "../../../src/scenario/sweep.ts";
import { Recorder } from "../../../src/telemetry/recorder.ts";
import { patience, rounds } from "../../support/campaign.ts";
import { temporaryFolder } from "../../support/cli.ts";

setDefaultTimeout(patience(60_000));

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

describe("ring between threads", () => {
  test("frames come out as they went in, whatever their sizes and whoever is ahead", () => {
    const steps = fc.array(
      fc.oneof(fc.record({ write: fc.integer({ min: 0, max: 40 }) }), fc.record({ reads: fc.integer({ min: 1, max: 4 }) })),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(fc.integer({ min: 16, max: 128 }), steps, (words, plan) => {
        const memory = ringMemory(words);
        const writer = new RingWriter(memory);
        const reader = new RingReader(memory);
        const waiting: number[][] = [];
        let next = 0;
        const read = () => {
          const expected = waiting.shift();
          expect(reader.open()).toBe(expected !== undefined);
          if (expected === undefined) return;
          expect([reader.items, reader.flags]).toEqual([expected.length, BATCH_END]);
          expect(expected.map(() => reader.words.float())).toEqual(expected);
          reader.close();
        };
        for (const step of plan) {
          if ("reads" in step) for (let i = 0; i < step.reads; i++) read();
          else {
            const size = Math.min(step.write, writer.largestFrame);
            const room = writer.open(size);
            if (room === 0) continue;
            expect(room).toBeGreaterThanOrEqual(size);
            const frame = Array.from({ length: size }, () => next++);
            for (const value of frame) writer.words.float(value);
            writer.publish(size, BATCH_END);
            waiting.push(frame);
          }
        }
        while (waiting.length > 0) read();
        expect(reader.empty).toBe(true);
        // However it got here, an empty ring takes the largest frame.
        expect(writer.open(writer.largestFrame)).toBeGreaterThan(0);
      }),
      { numRuns: rounds(300) },
    );
  });
});

describe("effort", () => {
  test("a computation is a chain: every round counts and the same rounds give the same end", () => {
    expect(burn(1000, 1)).toBe(burn(400, burn(600, 1)));
    expect(new Set(Array.from({ length: 50 }, (_, i) => burn(i, 1))).size).toBe(50);
  });

  test("blocking effort blocks, other effort yields", async () => {
    const time = new LoopTime();
    const blocking = new RealEffort(time, 1000, true);
    const before = blocking.now();
    blocking.compute(1e6);
    blocking.block(1e6);
    expect(blocking.wait(1e6)).toBeUndefined();
    expect(blocking.now() - before).toBeGreaterThanOrEqual(2e6);
    const yielding = new RealEffort(time, 1000, false).wait(1e6);
    expect(yielding).toBeInstanceOf(Promise);
    await yielding;
  });
});

describe("heads of items between threads", () => {
  const instants = fc.constantFrom(0, 1, 0.25, 1e9 + 0.125, 3.6e12);
  const items = fc.record({
    key: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    sequence: fc.nat(2 ** 32 - 1),
    due: instants,
    taken: instants,
    dequeued: instants,
  });

  test("every instant arrives, shared with the neighbour or not, and each frame stands by itself", () => {
    fc.assert(
      fc.property(fc.array(fc.array(items, { maxLength: 20 }), { maxLength: 10 }), (frames) => {
        const memory = new SharedArrayBuffer(8 * HEAD_WORDS * 200);
        const words = new WordWriter(memory);
        const heads = new ItemFrameWriter();
        const begins: number[] = [];
        for (const frame of frames) {
          begins.push(words.at);
          heads.begin();
          for (const item of frame) heads.write(Object.assign(new Item(), item), words);
        }
        const read = new WordReader(memory);
        frames.forEach((frame, i) => {
          // A reader that has seen nothing before.
          const reader = new ItemFrameReader();
          read.at = begins[i] ?? 0;
          for (const item of frame) {
            const made = new Item();
            reader.read(read, made);
            expect(made).toMatchObject(item);
          }
        });
      }),
    );
  });

  test("neighbours that share their instants take a word each", () => {
    const words = new WordWriter(new SharedArrayBuffer(8 * 100));
    const heads = new ItemFrameWriter();
    heads.begin();
    for (let key = 0; key < 10; key++) heads.write(Object.assign(new Item(), { key, taken: 5.5 }), words);
    expect(words.at).toBe(HEAD_WORDS + 9);
  });
});

describe("batch runner", () => {
  function runner(process: (item: Item) => string | null | Promise<string | null>, instant: boolean, concurrency = 1, overlaps = false) {
    const time = new VirtualTime();
    const recorder = new Recorder();
    const released: number[] = [];
    const processor = {
      instant,
      yields: false,
      ordered: true,
      ...(overlaps
        ? {
            overlap: {
              now: true,
              start: (item: Item, ended: (why: string | null) => void) => void Promise.resolve(process(item)).then(ended),
            },
          }
        : {}),
      limit: Number.POSITIVE_INFINITY,
      halt: () => {},
      report: () => ({}),
      process,
      decode: () => {},
      stateOf: () => null,
      names: () => [],
      state: () => ({ entries: [] }),
    };
    return {
      time,
      recorder,
      released,
      batches: new BatchRunner(
        processor,
        recorder,
        time,
        concurrency,
        (item) => released.push(item.index),
        () => false,
      ),
    };
  }
  const items = (count: number) => Array.from({ length: count }, (_, i) => Object.assign(new Item(), { index: i, sequence: i + 1 }));
  const unexpected = () => {
    throw new Error("nothing had to wait");
  };

  test("failures are counted by reason and the order of a key is kept, in groups too", () => {
    const made = runner((item) => (item.index % 3 === 0 ? "odd one" : null), true);
    expect(made.batches.work(items(40), unexpected)).toBe(true);
    expect(made.recorder.counts()).toMatchObject({ processed: 26, failed: 14, orderViolations: 0, batches: 1, batched: 40 });
    expect(made.batches.failureCounts).toEqual([{ reason: "odd one", count: 14 }]);
    expect(made.released).toEqual(items(40).map(({ index }) => index));
  });

  test("what waits holds its key, not the others'", async () => {
    const made = runner(() => made.time.sleepUntil(made.time.now() + 10).then(() => null), false, 3);
    const [a, b, c] = [1, 1, 2].map((key, i) => [Object.assign(new Item(), { index: i, key, sequence: key === 1 ? i + 1 : 1 })]);
    const done = Promise.all([a, b, c].map((batch) => new Promise((resolve) => made.batches.work(batch ?? [], resolve))));
    expect([made.batches.active, made.batches.items]).toEqual([3, 3]);
    await made.time.run(done);
    expect(made.released).toEqual([0, 2, 1]);
    expect([made.time.now(), made.recorder.counts().orderViolations, made.batches.active]).toEqual([20, 0, 0]);
  });

  test("items that overlap are begun together, each in its key's turn, and end in any order", async () => {
    const began: number[] = [];
    const overlapping = (item: Item) => {
      began.push(item.index);
      return made.time.sleepUntil(made.time.now() + 50 - 10 * item.index).then(() => (item.index === 1 ? "bad" : null));
    };
    const made = runner(overlapping, false, 1, true);
    const batch = [7, 8, 7, 9].map((key, index) => Object.assign(new Item(), { index, key, sequence: index === 2 ? 2 : 1 }));
    const done = new Promise((resolve) => expect(made.batches.work(batch, resolve)).toBe(false));
    expect(began).toEqual([0, 1, 3]);
    await made.time.run(made.time.sleepUntil(45));
    expect([made.released, made.batches.items, made.batches.active]).toEqual([[3, 1], 2, 1]);
    await made.time.run(done);
    expect(began).toEqual([0, 1, 3, 2]);
    expect(made.released).toEqual([3, 1, 0, 2]);
    expect(made.recorder.counts()).toMatchObject({ processed: 3, failed: 1, orderViolations: 0, batches: 1, batched: 4 });
  });

  test("items that overlap and have not ended are abandoned, each once", async () => {
    const made = runner((item) => made.time.sleepUntil(item.index === 2 ? 5 : 100).then(() => null), false, 1, true);
    const batch = [1, 2, 3].map((key, i) => Object.assign(new Item(), { index: i, key, sequence: 1 }));
    made.batches.work(batch, unexpected);
    await made.time.run(made.time.sleepUntil(10));
    made.batches.abandon(10);
    await made.time.run(made.time.sleepUntil(200));
    expect(made.recorder.counts()).toMatchObject({ processed: 1, failed: 0, abandoned: 2 });
  });

  test("of one key, what need not wait goes on behind what had to, one after another and not within it", async () => {
    const count = 20_000;
    const made = runner((item) => (item.index === 0 ? made.time.sleepUntil(10).then(() => null) : null), false, count);
    const done = items(count).map((item) => new Promise((resolve) => made.batches.work([item], resolve)));
    await made.time.run(Promise.all(done));
    expect(made.recorder.counts()).toMatchObject({ processed: count, orderViolations: 0 });
    expect(made.released).toEqual(items(count).map(({ index }) => index));
  });

  test("what is abandoned is counted once, and nothing is recorded after it", async () => {
    const made = runner(() => made.time.sleepUntil(made.time.now() + 10).then(() => null), false, 2);
    const working = new Promise((resolve) => made.batches.work(items(3), resolve));
    made.batches.abandon(5);
    await made.time.run(working);
    expect(made.recorder.counts()).toMatchObject({ processed: 0, abandoned: 3 });
  });
});

describe("lifecycle", () => {
  const make = () => {
    const offered = new Offered(
      openDueTimes(
        { load: { executor: "bursts", size: 2, every: 1000, count: 2 }, keys: { count: 1, distribution: "uniform", exponent: 1 }, seed: 1 },
        4,
        () => null,
      ),
      0,
    );
    return { offered, lifecycle: new Lifecycle(offered, 1e6, 500) };
  };

  test("ends by itself when the grace after the last arrival is over", () => {
    const { lifecycle } = make();
    expect([lifecycle.expired(1e6 + 499), lifecycle.expired(1e6 + 500), lifecycle.taking]).toEqual([false, true, true]);
  });

  test("a stop ends taking, its grace ends the rest, a second stop ends all", () => {
    const { lifecycle, offered } = make();
    lifecycle.stop(10);
    expect([lifecycle.taking, lifecycle.aborted, lifecycle.expired(100), lifecycle.expired(510), offered.count]).toEqual([
      false,
      true,
      false,
      true,
      2,
    ]);
    lifecycle.stop(20);
    expect(lifecycle.expired(21)).toBe(true);
  });

  test("a closed loop in which nobody is answered any more fails; one that is drained, or answered now and then, does not", () => {
    const clients = new Clients(2, { next: () => 0 }, 10, Number.POSITIVE_INFINITY);
    const offered = new Offered(clients.dueTimes(), 0);
    const lifecycle = new Lifecycle(offered, null, 500, 3e9);
    const at = (now: number) => {
      offered.advance(now);
      return lifecycle.expired(now);
    };
    expect([at(1), at(2.9e9)]).toEqual([false, false]);
    clients.answered(1, 2.9e9);
    expect([at(3.1e9), at(5.8e9), lifecycle.reason]).toEqual([false, false, null]);
    expect(at(5.91e9)).toBe(true);
    expect(lifecycle.reason).toBe(
      "Nobody was answered for 3 s, so nobody sent any more; what was under way is unfinished (a longer gracefulStop waits longer).",
    );
  });

  test("a failure keeps its first reason", () => {
    const { lifecycle } = make();
    lifecycle.fail(5, "first");
    lifecycle.fail(6, "second");
    expect([lifecycle.reason, lifecycle.expired(6), lifecycle.taking, lifecycle.stopped]).toEqual(["first", true, false, 5]);
  });
});

describe("spooling", () => {
  const named = (...files: string[]) => {
    const points = files.map((file) => ({
      params: { "load.file": file },
      scenario: scenarioSchema.parse({ title: "x", load: { executor: "replay", file } }),
    }));
    return { name: "n", file: "s.yaml", scenario: scenarioSchema.parse({ title: "x" }), points };
  };
  const filesOf = ({ points }: Spooled) => points.map(({ scenario }) => (scenario.load as { file?: string }).file);
  const live = new AbortController().signal;

  test("plain files and other loads are left where they are", async () => {
    const plain = join(folder, "plain.ndjson");
    writeFileSync(plain, "{}\n");
    expect(filesOf(await spoolReplay(named(plain), live))).toEqual([plain]);
    const other = { ...named(), points: unswept(scenarioSchema.parse({ title: "x" })) };
    const spooled = await spoolReplay(other, live);
    spooled.remove();
    expect(spooled.points).toEqual(other.points);
  });

  test("gzip is unpacked once, to a file that is removed again; half a gzip is refused; a stop ends it", async () => {
    const path = join(folder, "packed.gz");
    writeFileSync(path, gzipSync("a\nb\n"));
    const spooled = await spoolReplay(named(path, path), live);
    const [file = "", again] = filesOf(spooled);
    expect(again).toBe(file);
    expect(readFileSync(file, "utf8")).toBe("a\nb\n");
    spooled.remove();
    expect(() => readFileSync(file)).toThrow();
    writeFileSync(path, gzipSync("x".repeat(99_999)).subarray(0, 50));
    await expect(spoolReplay(named(path), live)).rejects.toThrow("whole gzip");
    const stopped = AbortSignal.abort();
    expect(filesOf(await spoolReplay(named(path), stopped))).toEqual([path]);
  });
});

describe("sentences and slopes", () => {
  const exit = { code: null, signal: null, spoke: true, lastWords: "", peakRssBytes: 5e6, silentMs: null };

  test("how a runner ended is a sentence", () => {
    expect(describeExit({ ...exit, silentMs: 12_000 })).toContain("no sign of life for 12 s");
    expect(describeExit({ ...exit, signal: "SIGKILL" })).toContain("killed (SIGKILL) at 5 MB");
    expect(describeExit({ ...exit, signal: "SIGTRAP", lastWords: "a\nout of memory\u001b\n" })).toContain(
      "died of SIGTRAP: it crashed or ran out of memory (peak 5 MB). Its last words: out of memory\\x1b",
    );
    expect(describeExit({ ...exit, code: 3 })).toContain("ended with code 3");
  });

  test.each(["SIGINT", "SIGTERM", "SIGHUP"])("a runner that %s ended before it spoke never heard what it was for", (signal) => {
    expect(endedUnborn({ ...exit, spoke: false, signal })).toBe(true);
  });

  test("a runner that ends after it spoke, or by what nobody sends to a job, has met its own end", () => {
    expect([
      endedUnborn({ ...exit, signal: "SIGTERM" }),
      endedUnborn({ ...exit, spoke: false, signal: "SIGKILL" }),
      endedUnborn({ ...exit, spoke: false, code: 1 }),
    ]).toEqual([false, false, false]);
  });

  test("samples come every 100 ms to 1 s, about 600 over a long load", () => {
    expect([0, 6e9, 60e9, 300e9, 3600e9].map(sampleInterval)).toEqual([100e6, 100e6, 100e6, 500e6, 1e9]);
  });

  test("the slope is that of the least-squares line", () => {
    const slope = new Slope();
    expect(slope.value).toBe(0);
    for (const [x, y] of [
      [0, 1],
      [1, 3],
      [2, 4],
      [3, 8],
    ] as const)
      slope.add(x, y);
    expect(slope.value).toBeCloseTo(2.2, 12);
  });
});
