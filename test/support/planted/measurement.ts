import { CaseSampler } from "../../../src/engine/runner/sampler.ts";
import { Source } from "../../../src/engine/source/source.ts";
import { Histogram } from "../../../src/kernel/histogram.ts";
import { HistogramInterval } from "../../../src/kernel/histogram-interval.ts";
import { Offered } from "../../../src/load/offered.ts";
import { Batcher } from "../../../src/queueing/batcher.ts";
import { BoundedQueue } from "../../../src/queueing/bounded-queue.ts";
import { type Passage, Recorder } from "../../../src/telemetry/recorder.ts";
import type { SelfCheck } from "../../../src/telemetry/result.ts";

/** A mistake in the measuring itself, as somebody might make it, and the check that has to find it. */
export interface PlantedFault {
  readonly fault: string;
  readonly caughtBy: SelfCheck["name"];
  /** What has to be there for the mistake to matter. */
  readonly in: "line" | "drops" | "warm-up" | "batches";
  /** It is made in the queue, which `sync` has not. */
  readonly inQueue?: true;
  /** Plants it; what it returns takes it out again. */
  readonly plant: () => () => void;
}

type Methods<T> = { [K in keyof T as T[K] extends (...args: never[]) => unknown ? K : never]: T[K] };
type OwnMethod<T, M> = M extends (...args: infer A) => infer R ? (this: T, ...args: A) => R : never;

/** Puts another method in the place of one of a class, which is given the one before. */
function replace<T extends object, K extends keyof Methods<T>>(
  { prototype }: { readonly prototype: T },
  method: K,
  by: (before: OwnMethod<T, T[K]>) => OwnMethod<T, T[K]>,
): () => void {
  const before: OwnMethod<T, T[K]> = Object.getOwnPropertyDescriptor(prototype, method)?.value;
  Reflect.set(prototype, method, by(before));
  return () => {
    Reflect.set(prototype, method, before);
  };
}

/** What the recorder is told of an item that was processed is not what happened. */
function toldOtherwise(change: (item: Passage, started: number, ended: number) => readonly [Passage, number, number]): () => void {
  return replace(
    Recorder,
    "processed",
    (before) =>
      function (item, started, ended) {
        before.call(this, ...change(item, started, ended));
      },
  );
}

/** Every so many items something goes wrong. */
function everyTenth(wrong: (record: () => void) => void): () => void {
  let seen = 0;
  return replace(
    Recorder,
    "processed",
    (before) =>
      function (item, started, ended) {
        const record = () => before.call(this, item, started, ended);
        if (++seen % 10 === 0) wrong(record);
        else record();
      },
  );
}

/** One of a recorder's histograms holds something else than what it is given. */
function heldOtherwise(part: "sojourn" | "queue" | "service", change: (value: number) => number | null): () => void {
  return replace(
    Recorder,
    "processed",
    (before) =>
      function (item, started, ended) {
        const histogram = this[part];
        histogram.record = (value) => {
          const held = change(value);
          if (held !== null) Histogram.prototype.record.call(histogram, held);
        };
        before.call(this, item, started, ended);
      },
  );
}

export const PLANTED: readonly PlantedFault[] = [
  {
    fault: "coordinated omission: sojourns begin when the source gets round to an item",
    caughtBy: "littlesLaw",
    in: "line",
    plant: () => toldOtherwise((item, started, ended) => [{ ...item, due: item.taken }, started, ended]),
  },
  {
    fault: "coordinated omission: an item falls due when it is taken",
    caughtBy: "littlesLaw",
    in: "line",
    plant: () =>
      replace(
        Source,
        "take",
        (before) =>
          function (now) {
            const item = before.call(this, now);
            if (item !== null) item.due = now;
            return item;
          },
      ),
  },
  { fault: "a departure is lost", caughtBy: "ledger", in: "line", plant: () => everyTenth(() => {}) },
  {
    fault: "an item is counted twice",
    caughtBy: "ledger",
    in: "line",
    plant: () =>
      everyTenth((record) => {
        record();
        record();
      }),
  },
  {
    fault: "the last arrivals are forgotten",
    caughtBy: "departures",
    in: "line",
    plant: () =>
      replace(
        Offered,
        "advance",
        (before) =>
          function (now) {
            before.call(this, Math.min(now, 300e6));
          },
      ),
  },
  {
    fault: "a drop is forgotten in the ledger",
    caughtBy: "ledger",
    in: "drops",
    inQueue: true,
    plant: () => replace(Recorder, "droppedNewest", () => () => {}),
  },
  {
    fault: "the wait in the queue is left out",
    caughtBy: "parts",
    in: "line",
    inQueue: true,
    plant: () => heldOtherwise("queue", () => null),
  },
  {
    fault: "the wait in the queue is taken for lateness of the source",
    caughtBy: "waiting",
    in: "line",
    inQueue: true,
    plant: () => toldOtherwise((item, started, ended) => [{ ...item, taken: item.dequeued }, started, ended]),
  },
  {
    fault: "service is measured by a clock that runs 1 % fast",
    caughtBy: "parts",
    in: "line",
    plant: () => heldOtherwise("service", (value) => value * 1.01),
  },
  {
    fault: "work ends before it starts, by another clock",
    caughtBy: "clock",
    in: "line",
    plant: () => toldOtherwise((item, started) => [item, started, started - 5e6]),
  },
  { fault: "the series lacks its end", caughtBy: "series", in: "line", plant: () => replace(CaseSampler, "finish", () => () => {}) },
  {
    fault: "a histogram takes all beyond 50 ms for 50 ms",
    caughtBy: "littlesLaw",
    in: "line",
    plant: () => heldOtherwise("sojourn", (value) => Math.min(value, 50e6)),
  },
  {
    fault: "a histogram's buckets lose the tail",
    caughtBy: "histograms",
    in: "line",
    plant: () =>
      replace(
        Histogram,
        "merge",
        (before) =>
          function (other) {
            before.call(this, other);
            const top = this.counts.findLastIndex((count) => count > 0);
            this.counts.fill(0, top - 50);
          },
      ),
  },
  {
    fault: "percentiles are read one rank in a hundred too low",
    caughtBy: "histograms",
    in: "line",
    plant: () =>
      replace(
        Histogram,
        "percentile",
        (before) =>
          function (share) {
            return before.call(this, share - 0.01);
          },
      ),
  },
  {
    fault: "the series' percentiles leave out what took longest",
    caughtBy: "series",
    in: "line",
    plant: () =>
      replace(
        HistogramInterval,
        "next",
        (before) =>
          function () {
            const { count, p50 } = before.call(this);
            return { count: Math.floor(count * 0.99), p50, p99: p50 };
          },
      ),
  },
  {
    fault: "items of a key change places",
    caughtBy: "keyOrder",
    in: "batches",
    inQueue: true,
    plant: () =>
      replace(
        Batcher,
        "release",
        (before) =>
          function (spare) {
            return before.call(this, spare).reverse();
          },
      ),
  },
  {
    fault: "warm-up is cut by when items end instead of when they are due",
    caughtBy: "departures",
    in: "warm-up",
    plant: () => toldOtherwise((item, started, ended) => [{ ...item, due: Math.max(item.due, Math.min(ended, WARMUP)) }, started, ended]),
  },
  {
    fault: "the high-water mark is forgotten",
    caughtBy: "highWater",
    in: "line",
    inQueue: true,
    plant: () =>
      replace(
        BoundedQueue,
        "meanDepth",
        (before) =>
          function (now) {
            this.highWater = 0;
            return before.call(this, now);
          },
      ),
  },
  {
    fault: "the depth is integrated only where somebody looks",
    caughtBy: "waiting",
    in: "line",
    inQueue: true,
    plant: () =>
      replace(
        BoundedQueue,
        "areaUntil",
        () =>
          function (now) {
            return this.depth * now;
          },
      ),
  },
  {
    fault: "what is in flight is counted when it is done with, not while it is",
    caughtBy: "inFlight",
    in: "line",
    plant: () => replace(Recorder, "endedUntil", () => () => 0),
  },
];

/** Nanoseconds of warm-up in the scenario that has one. */
export const WARMUP = 100e6;
