import { describe, expect, test } from "bun:test";
import { DataPipeline, EventBus, type FlowFailure, type Health, MessageQueue, ReactiveStream, TimedOut } from "../../src/flows/index.ts";
import { settled, VirtualTimers } from "../support/virtual-timers.ts";

/** Works on a number; the signal is aborted when its time is up, or its part stops. */
type Work = (value: number, signal: AbortSignal | null) => unknown;

interface Rule {
  readonly concurrency?: number;
  readonly timeoutMs?: number;
}

/** A part that runs a handler over the values it is given. */
interface Running {
  give(...values: number[]): Promise<unknown>;
  figures(): { readonly done: number; readonly failed: number; readonly underWay: number };
  health(): Health;
  stop(deadlineMs: number): Promise<unknown>;
}

interface Runner {
  readonly name: string;
  /** What failures call the place of the handler. */
  readonly place: string;
  /** It runs several at a time, has a time limit, or hands out a signal. */
  readonly concurrent: boolean;
  readonly timed: boolean;
  readonly signals: boolean;
  run(work: Work, common: { timers: VirtualTimers; onFailure: (failure: FlowFailure) => void }, rule: Rule): Running;
}

const RUNNERS: readonly Runner[] = [
  {
    name: "a subscription of an event bus",
    place: "handler",
    concurrent: true,
    timed: true,
    signals: true,
    run(work, common, rule) {
      const bus = new EventBus<{ a: number }>(common);
      bus.subscribe("a", ({ data }, { signal }) => work(data, signal), { name: "handler", ...rule });
      return {
        give: async (...values) => {
          for (const value of values) bus.emit("a", value);
        },
        figures() {
          const { handled, failed, inFlight } = bus.stats();
          return { done: handled, failed, underWay: inFlight };
        },
        health: () => bus.health(),
        stop: (deadlineMs) => bus.stop({ deadlineMs }),
      };
    },
  },
  {
    name: "a stage of a data pipeline",
    place: "handler",
    concurrent: true,
    timed: true,
    signals: true,
    run(work, common, rule) {
      const pipeline = DataPipeline.of<number>("p", common)
        .stage(
          "handler",
          (value, { signal }) => {
            const answer = work(value, signal);
            return answer instanceof Promise ? answer.then(() => value) : value;
          },
          rule,
        )
        .discard();
      return {
        give: (...values) => Promise.all(values.map((value) => pipeline.feed(value))),
        figures() {
          const { delivered, failed, inside } = pipeline.stats();
          return { done: delivered, failed, underWay: inside };
        },
        health: () => pipeline.health(),
        stop: (deadlineMs) => pipeline.stop({ deadlineMs }),
      };
    },
  },
  {
    name: "a subscriber of a reactive stream",
    place: "handler",
    concurrent: false,
    timed: false,
    signals: false,
    run(work, common) {
      const stream = ReactiveStream.of<number>("s", common);
      const subscriber = stream.subscribe((value) => work(value, null), { name: "handler" });
      return {
        give: async (...values) => {
          for (const value of values) stream.emit(value);
        },
        figures() {
          const { handled, failed, inFlight } = subscriber.stats();
          return { done: handled, failed, underWay: inFlight };
        },
        health: () => stream.health(),
        stop: (deadlineMs) => stream.stop({ deadlineMs }),
      };
    },
  },
  {
    name: "a consumer of a message queue",
    place: "handler",
    concurrent: true,
    timed: true,
    signals: true,
    run(work, common, rule) {
      const queue = MessageQueue.open<number>("q", { ...common, maxAttempts: 1 });
      const consumer = queue.consume(({ value, signal }) => work(value, signal), { name: "handler", ...rule });
      return {
        give: (...values) => queue.sendAll(values),
        figures() {
          const { acknowledged, dead, running } = consumer.stats();
          return { done: acknowledged, failed: dead, underWay: running };
        },
        health: () => queue.health(),
        stop: (deadlineMs) => queue.stop({ deadlineMs }),
      };
    },
  },
];

const never = () => new Promise<never>(() => {});

describe.each(RUNNERS)("$name", (runner) => {
  function start(work: Work, rule: Rule = {}) {
    const timers = new VirtualTimers();
    const failures: FlowFailure[] = [];
    const running = runner.run(work, { timers, onFailure: (failure) => failures.push(failure) }, { concurrency: 1, ...rule });
    return { timers, failures, running, give: (...values: number[]) => timers.run(running.give(...values)) };
  }

  /** Gives values whose handlers may never let it return. */
  async function giveAndGo({ timers, running }: ReturnType<typeof start>, ...values: number[]) {
    void running.give(...values);
    await timers.advance(5);
  }

  test("handles everything it is given, in order", async () => {
    const seen: number[] = [];
    const { timers, running, give } = start((value) => void seen.push(value));
    await give(1, 2, 3);
    await timers.advance(5);
    expect(seen).toEqual([1, 2, 3]);
    expect(running.figures()).toEqual({ done: 3, failed: 0, underWay: 0 });
    await timers.run(running.stop(10));
  });

  test("runs one handler at a time", async () => {
    let [now, most] = [0, 0];
    const started = start(async () => {
      most = Math.max(most, ++now);
      await new Promise<void>((resolve) => started.timers.after(10, resolve));
      now--;
    });
    await giveAndGo(started, 1, 2, 3, 4);
    await started.timers.advance(100);
    expect(most).toBe(1);
    expect(started.running.figures()).toEqual({ done: 4, failed: 0, underWay: 0 });
    await started.timers.run(started.running.stop(10));
  });

  test.skipIf(!runner.concurrent)("runs as many handlers at a time as its concurrency says, and no more", async () => {
    let [now, most] = [0, 0];
    const work = async () => {
      most = Math.max(most, ++now);
      await new Promise<void>((resolve) => started.timers.after(10, resolve));
      now--;
    };
    const started = start(work, { concurrency: 3 });
    await giveAndGo(started, 1, 2, 3, 4, 5, 6, 7);
    await started.timers.advance(100);
    expect(most).toBe(3);
    expect(started.running.figures()).toEqual({ done: 7, failed: 0, underWay: 0 });
    await started.timers.run(started.running.stop(10));
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("no");
      },
    ],
    ["rejects", async () => Promise.reject(new Error("no"))],
  ] as const)("reports a handler that %s with its place and its error, and handles what comes next", async (_, fail) => {
    const { timers, failures, running, give } = start((value) => (value === 1 ? fail() : undefined));
    await give(1, 2);
    await timers.advance(5);
    expect(failures.map(({ place, error }) => [place, String(error)])).toEqual([[runner.place, "Error: no"]]);
    expect(running.figures()).toEqual({ done: 1, failed: 1, underWay: 0 });
    await timers.run(running.stop(10));
  });

  test("counts a handler that rejects with nothing as failed", async () => {
    const { timers, running, give } = start(() => Promise.reject());
    await give(1);
    await timers.advance(5);
    expect(running.figures()).toEqual({ done: 0, failed: 1, underWay: 0 });
    await timers.run(running.stop(10));
  });

  test("is degraded while a handler has been at it for long", async () => {
    const gate = Promise.withResolvers<void>();
    const started = start(() => gate.promise);
    await giveAndGo(started, 1);
    expect(started.running.health()).toEqual({ status: "up" });
    await started.timers.advance(31_000);
    expect(started.running.health()).toMatchObject({ status: "degraded" });
    gate.resolve();
    await started.timers.advance(5);
    expect(started.running.health()).toEqual({ status: "up" });
    await started.timers.run(started.running.stop(10));
  });

  test("stops by its deadline though a handler never returns, and counts nothing of it", async () => {
    const started = start(never);
    await giveAndGo(started, 1);
    const from = started.timers.now();
    await started.timers.run(started.running.stop(50));
    expect(started.timers.now() - from).toBeLessThanOrEqual(100);
    expect(started.running.figures()).toEqual({ done: 0, failed: 0, underWay: 0 });
  });

  test("begins no handler after a stop", async () => {
    const seen: number[] = [];
    const started = start((value) => {
      seen.push(value);
      return never();
    });
    await giveAndGo(started, 1, 2);
    await started.timers.run(started.running.stop(50));
    await started.timers.advance(1000);
    expect(seen).toEqual([1]);
  });

  test("waits for a handler that ends before the deadline of a stop", async () => {
    const started = start(() => new Promise<void>((resolve) => started.timers.after(20, resolve)));
    await giveAndGo(started, 1);
    await started.timers.run(started.running.stop(1000));
    expect(started.running.figures()).toEqual({ done: 1, failed: 0, underWay: 0 });
  });

  test("counts nothing of a handler that ends after the deadline of a stop", async () => {
    const gate = Promise.withResolvers<void>();
    const started = start(() => gate.promise);
    await giveAndGo(started, 1);
    await started.timers.run(started.running.stop(10));
    gate.resolve();
    await settled();
    expect(started.running.figures()).toEqual({ done: 0, failed: 0, underWay: 0 });
  });

  test.skipIf(!runner.signals)("aborts the signal of a handler that is under way when a stop meets its deadline", async () => {
    const signals: (AbortSignal | null)[] = [];
    const started = start((_, signal) => {
      signals.push(signal);
      return never();
    });
    await giveAndGo(started, 1);
    expect(signals.map((signal) => signal?.aborted)).toEqual([false]);
    await started.timers.run(started.running.stop(10));
    expect(signals.map((signal) => signal?.aborted)).toEqual([true]);
  });

  test.skipIf(!runner.timed)("counts a handler as failed once its time is up, aborts its signal, and goes on", async () => {
    const signals: (AbortSignal | null)[] = [];
    const work: Work = (value, signal) => {
      if (value > 1) return undefined;
      signals.push(signal);
      return never();
    };
    const started = start(work, { timeoutMs: 100 });
    await giveAndGo(started, 1, 2);
    await started.timers.advance(99);
    expect(started.failures.length).toBe(1);
    expect(started.failures[0]?.error).toBeInstanceOf(TimedOut);
    expect(signals[0]?.reason).toBeInstanceOf(TimedOut);
    await started.timers.advance(10);
    expect(started.running.figures()).toEqual({ done: 1, failed: 1, underWay: 0 });
    await started.timers.run(started.running.stop(10));
  });
});
