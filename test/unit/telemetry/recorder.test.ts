import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Histogram } from "../../../src/kernel/histogram.ts";
import type { Counts } from "../../../src/telemetry/counts.ts";
import { type Passage, Recorder } from "../../../src/telemetry/recorder.ts";
import { rounds } from "../../support/campaign.ts";

const WARMUP = 500;
const span = fc.integer({ min: 0, max: 300 });

/** An item's instants, each after the one before. */
const passage = fc
  .tuple(fc.integer({ min: 1, max: 1000 }), span, span)
  .map(([due, early, waited]): Passage => ({ key: 0, sequence: 0, due, taken: due + early, dequeued: due + early + waited }));
const WAYS = ["rejected", "droppedNewest", "droppedOldest", "abandoned", "leftWaiting"] as const;
const step = fc.oneof(
  fc.record({ do: fc.constant("processed" as const), item: passage, began: span, took: span }),
  fc.record({ do: fc.constant("failed" as const), item: passage, began: span, took: span }),
  fc.record({ do: fc.constantFrom(...WAYS), item: passage, began: span, took: span }),
  fc.record({
    do: fc.constant("together" as const),
    items: fc.array(fc.tuple(passage, fc.integer({ min: 1, max: 3 })), { minLength: 1, maxLength: 3 }),
    skipped: fc.nat(2),
    each: fc.integer({ min: 1, max: 50 }),
  }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** One item's way, told as simply as can be. */
interface Told {
  readonly how: "processed" | "failed" | (typeof WAYS)[number];
  readonly item: Passage;
  readonly started: number;
  readonly ended: number;
}

function tell(recorder: Recorder, one: Step): Told[] {
  if (one.do === "together") {
    const group = one.items.flatMap(([item, times]) => new Array<Passage>(times).fill(item));
    const began = Math.max(...group.map(({ dequeued }) => dequeued)) + 7;
    const skipped = new Array<Passage>(one.skipped).fill({ key: 0, sequence: 0, due: 1, taken: 1, dequeued: 1 });
    recorder.processedTogether(
      [...skipped, ...group],
      skipped.length,
      skipped.length + group.length,
      began,
      began + one.each * group.length,
    );
    return group.map((item, i) => ({ how: "processed", item, started: began + i * one.each, ended: began + (i + 1) * one.each }));
  }
  const { item } = one;
  const started = item.dequeued + one.began;
  const ended = started + one.took;
  if (one.do === "processed") recorder.processed(item, started, ended);
  else if (one.do === "failed") recorder.failed(item, ended, started);
  else recorder[one.do](item, ended);
  return [{ how: one.do, item, started, ended }];
}

function sum<T>(all: readonly T[], of: (one: T) => number): number {
  return all.reduce((total, one) => total + of(one), 0);
}

/** What the counts of such ways are. */
function countsOf(told: readonly Told[]): Partial<Counts> {
  const count = (how: Told["how"], all = told) => all.filter((one) => one.how === how).length;
  const measured = told.filter(({ item }) => item.due >= WARMUP);
  const others = measured.filter(({ how }) => how !== "processed" && how !== "failed");
  const done = measured.filter(({ how }) => how === "processed" || how === "failed");
  return {
    processed: count("processed"),
    failed: count("failed"),
    rejected: count("rejected"),
    droppedNewest: count("droppedNewest"),
    droppedOldest: count("droppedOldest"),
    abandoned: count("abandoned") + count("leftWaiting"),
    measured: count("processed", measured),
    measuredFailed: count("failed", measured),
    others: others.length,
    othersInside: sum(others, ({ item, ended }) => ended - item.due),
    left: measured.length,
    leftInstants: sum(measured, ({ ended }) => ended),
    firstDue: Math.min(Number.POSITIVE_INFINITY, ...measured.map(({ item }) => item.due)),
    lastDone: Math.max(0, ...done.map(({ ended }) => ended)),
  };
}

const TIMES: Readonly<Record<"sojourn" | "schedule" | "queue" | "batch" | "service", (told: Told) => number>> = {
  sojourn: ({ item, ended }) => ended - item.due,
  schedule: ({ item }) => item.taken - item.due,
  queue: ({ item }) => item.dequeued - item.taken,
  batch: ({ item, started }) => started - item.dequeued,
  service: ({ started, ended }) => ended - started,
};

const figures = ({ count, sum, min, max }: Histogram) => ({ count, sum, min, max });

describe("a recorder, whatever becomes of items", () => {
  const told = (act: (recorder: Recorder, told: readonly Told[]) => void) =>
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const recorder = new Recorder(undefined, WARMUP);
        act(
          recorder,
          steps.flatMap((one) => tell(recorder, one)),
        );
      }),
      { numRuns: rounds(100) },
    );

  test("counts what a list of them would", () => {
    told((recorder, all) => expect(recorder.counts()).toMatchObject(countsOf(all)));
  });

  test.each(["sojourn", "schedule", "queue", "batch", "service"] as const)("has their %s, of those that were worked to an end", (part) => {
    told((recorder, all) => {
      const ended = all.filter(({ how, item }) => item.due >= WARMUP && (how === "processed" || how === "failed"));
      const times = ended.map(TIMES[part]);
      const [least, most] = times.length === 0 ? [0, 0] : [Math.min(...times), Math.max(...times)];
      expect(figures(recorder[part])).toEqual({
        count: times.length,
        sum: expect.closeTo(
          sum(times, (time) => time),
          6,
        ),
        min: least,
        max: most,
      });
    });
  });

  test("has the sojourns of those that failed by themselves", () => {
    told((recorder, all) => {
      const failed = all.filter(({ how, item }) => item.due >= WARMUP && how === "failed").map(TIMES.sojourn);
      expect([recorder.failures.count, recorder.failures.sum]).toEqual([
        failed.length,
        expect.closeTo(
          sum(failed, (time) => time),
          6,
        ),
      ]);
      expect(recorder.wellDone.count).toBe(recorder.sojourn.count - failed.length);
    });
  });

  test("knows how many had left the queue and ended, at any instant", () => {
    told((recorder, all) => {
      const ended = all.filter(({ how }) => how === "processed" || how === "failed" || how === "abandoned");
      expect(recorder.endedUntil(9999)).toBeCloseTo(
        sum(ended, (one) => 9999 - one.ended),
        6,
      );
    });
  });
});

describe("batches", () => {
  const item = (due: number): Passage => ({ key: 0, sequence: 0, due, taken: due, dequeued: due });

  test("are measured by their items that were due after warm-up, and count whether or not they have any", () => {
    const recorder = new Recorder(undefined, WARMUP);
    for (const group of [[WARMUP - 1, WARMUP, WARMUP + 1], [WARMUP - 1], [WARMUP]])
      recorder.batchDone(recorder.measuredIn(group.map(item)));
    expect(recorder.counts()).toMatchObject({ batches: 3, measuredBatches: 2, batched: 3 });
  });

  test("without a warm-up are measured whole", () => {
    expect(new Recorder().measuredIn([item(0), item(1)])).toBe(2);
  });
});

describe("the order of a key", () => {
  const item = (key: number, sequence: number): Passage => ({ key, sequence, due: 0, taken: 0, dequeued: 0 });
  const violations = (...items: readonly Passage[]) => {
    const recorder = new Recorder();
    for (const one of items) recorder.processed(one, 0, 0);
    return recorder.counts().orderViolations;
  };

  test("is that of its numbers, each by itself", () => {
    expect(violations(item(1, 1), item(2, 1), item(1, 2), item(2, 5))).toBe(0);
    expect(violations(item(1, 2), item(1, 1))).toBe(1);
    expect(violations(item(1, 2), item(1, 2))).toBe(1);
  });

  test("of an item without a number does not matter", () => {
    expect(violations(item(1, 2), item(1, 0), item(1, 3))).toBe(0);
  });

  test("is kept of keys beyond any number", () => {
    expect(violations(item(1, 5), item(1024, 7), item(5000, 9), item(1, 4), item(1024, 6), item(5000, 8))).toBe(3);
  });
});

test("an item that was processed and failed afterwards changes sides, and none does where none was", () => {
  const recorder = new Recorder();
  const before = recorder.stray();
  recorder.processed({ key: 0, sequence: 0, due: 0, taken: 0, dequeued: 0 }, 1, 2);
  expect([before, recorder.stray(), recorder.stray()]).toEqual([false, true, false]);
  expect(recorder.counts()).toMatchObject({ processed: 0, failed: 1, strayed: 1 });
});
