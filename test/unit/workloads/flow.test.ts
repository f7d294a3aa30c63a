import { describe, expect, test } from "bun:test";
import { DataPipeline, EventBus, MessageQueue, type Part, ReactiveStream } from "../../../src/flows/index.ts";
import { cutTo } from "../../../src/kernel/text.ts";
import type { FlowPart } from "../../../src/scenario/flow-schema.ts";
import { scenarioSchema } from "../../../src/scenario/schema.ts";
import type { FlowPartFigures } from "../../../src/telemetry/flow-figures.ts";
import { BRIEF, kindOf, writePartSummary } from "../../../src/workloads/flow/brief.ts";
import { addSamples, FlowBoard, mergeParts } from "../../../src/workloads/flow/figures.ts";
import { FlowIntake } from "../../../src/workloads/flow/intake.ts";
import { draw, Lab } from "../../../src/workloads/flow/lab.ts";
import type { Effort } from "../../../src/workloads/workload.ts";
import { VirtualTimers } from "../../support/virtual-timers.ts";

const quiet = { onFailure: () => {} };
const never = () => new Promise<never>(() => {});

/** A part's figures in brief, at a place of an array that others use too. */
function figuresOf(part: Part): Record<string, number> {
  const all = new Float64Array(BRIEF.length + 2).fill(-1);
  writePartSummary(part, all, 1);
  expect([all[0], all.at(-1)]).toEqual([-1, -1]);
  return Object.fromEntries(BRIEF.map((name, i) => [name, all[i + 1] ?? Number.NaN]));
}

describe("the figures of a part in brief", () => {
  test("of a bus are those of its subscribers", async () => {
    const bus = new EventBus<{ a: number }>({ name: "b", ...quiet });
    bus.subscribe("a", () => {});
    bus.subscribe("a", () => {
      throw new Error("no");
    });
    bus.subscribe("a", never, { concurrency: 1, buffer: 1 });
    for (let i = 0; i < 4; i++) bus.emit("a", i);
    expect(figuresOf(bus)).toEqual({ handled: 4, failed: 4, retried: 0, dropped: 2, waiting: 1, inFlight: 1 });
  });

  test("of a pipeline are what came through it, what failed and was tried again, and what is inside", async () => {
    const timers = new VirtualTimers();
    const pipeline = DataPipeline.of<number>("p", { timers, ...quiet })
      .stage(
        "first",
        (value, { attempt }) => {
          if (value === 1 && attempt < 3) throw new Error("again");
          if (value === 2) throw new Error("no");
          return value > 2 ? never() : value;
        },
        { retry: { max: 2, baseDelay: 1, jitter: "none" } },
      )
      .discard();
    pipeline.start();
    for (const value of [0, 1, 2, 3, 4]) void pipeline.process(value).catch(() => {});
    await timers.advance(1000);
    expect(figuresOf(pipeline)).toEqual({ handled: 2, failed: 1, retried: 4, dropped: 0, waiting: 1, inFlight: 1 });
  });

  test("of a stream are those of its transformers and its subscribers together", async () => {
    const stream = ReactiveStream.of<number>("s", { ...quiet }).transform((value: number) => {
      if (value === 0) throw new Error("no");
      return value;
    });
    stream.subscribe((value) => {
      if (value === 1) throw new Error("no");
    });
    stream.subscribe(never, { buffer: 1, overflow: "drop-oldest" });
    for (let i = 0; i < 5; i++) stream.emit(i);
    expect(figuresOf(stream)).toEqual({ handled: 3, failed: 2, retried: 0, dropped: 2, waiting: 1, inFlight: 1 });
  });

  test("of a queue are what its groups have settled, and what they have not", async () => {
    const timers = new VirtualTimers();
    const queue = MessageQueue.open<number>("q", { timers, groups: ["a", "b"], maxAttempts: 2, backoff: { baseDelay: 1 }, ...quiet });
    await timers.run(queue.sendAll([0, 1, 2]));
    queue.consume(
      ({ value }) => {
        if (value === 0) throw new Error("no");
        return value === 2 ? never() : undefined;
      },
      { group: "a", concurrency: 2 },
    );
    await timers.advance(1000);
    expect(figuresOf(queue)).toEqual({ handled: 1, failed: 1, retried: 1, dropped: 0, waiting: 3, inFlight: 1 });
    expect([kindOf(queue), kindOf(new EventBus({ name: "b" })), kindOf(ReactiveStream.of("s"))]).toEqual([
      "message-queue",
      "event-bus",
      "reactive-stream",
    ]);
  });
});

describe("a board that several threads read", () => {
  const bus = (name: string) => new EventBus<{ a: number }>({ name, ...quiet });

  test("has nothing on it before its parts are named", () => {
    expect(new FlowBoard().read()).toEqual([]);
  });

  test("shows each part's figures under its name, from whichever side it is read", () => {
    const [one, two] = [bus("one"), bus("two")];
    two.subscribe("a", () => {});
    two.emit("a", 1);
    const board = new FlowBoard();
    board.name([one, two]);
    board.show([one, two]);
    const none = { handled: 0, failed: 0, retried: 0, dropped: 0, waiting: 0, inFlight: 0 };
    expect(new FlowBoard(board.memory).read()).toEqual([
      { name: "one", ...none },
      { name: "two", ...none, handled: 1 },
    ]);
  });

  test("has room for 32 parts, whose names it cuts to 40 characters", () => {
    const board = new FlowBoard();
    const parts = Array.from({ length: 40 }, (_, i) => bus(`${i}`.padEnd(50, "x")));
    board.name(parts);
    board.show(parts);
    expect(board.read().map(({ name }) => name)).toEqual(parts.slice(0, 32).map(({ name }) => cutTo(name, 40)));
  });

  test("has no names that would not fit", () => {
    const board = new FlowBoard();
    board.name(Array.from({ length: 32 }, (_, i) => bus(`${i}`.padEnd(50, "漢"))));
    expect(board.read().length).toBe(32);
    const full = new FlowBoard();
    full.name(Array.from({ length: 32 }, () => bus("\u0001".repeat(40))));
    expect(full.read()).toEqual([]);
    // As JSON 97 bytes and those of the names, of which each of this one's characters takes 6.
    const filled = (last: number) => {
      const lengths = [...Array<number>(15).fill(10), last];
      const exact = new FlowBoard();
      exact.name([...lengths.map((length) => bus("x".repeat(length))), ...Array.from({ length: 16 }, () => bus("\u0001".repeat(40)))]);
      return exact.read().length;
    };
    expect([filled(9), filled(10)]).toEqual([32, 0]);
  });
});

describe("the parts of several threads", () => {
  const sample = (name: string, handled: number) => ({ name, handled, failed: 1, retried: 2, dropped: 3, waiting: 4, inFlight: 5 });

  test("are added up by name", () => {
    expect(addSamples([[sample("a", 10), sample("b", 20)], [sample("a", 1)]])).toEqual([
      { name: "a", handled: 11, failed: 2, retried: 4, dropped: 6, waiting: 8, inFlight: 10 },
      sample("b", 20),
    ]);
  });

  const part = (stats: FlowPartFigures["stats"]): FlowPartFigures[] => [{ name: "a", kind: "event-bus", stats }];

  test("have counts added up, and the longest of times and the largest of sizes", () => {
    const merged = mergeParts([
      part({ handled: 3, oldestMs: 5, meanSize: 7, up: true }),
      part({ handled: 4, oldestMs: 9, meanSize: 2, up: true }),
    ]);
    expect(merged).toEqual({ a: { kind: "event-bus", handled: 7, oldestMs: 9, meanSize: 7, up: true } });
  });

  test("are merged all the way down, member by member", () => {
    const merged = mergeParts([
      part({ subscribers: [{ handled: 1, name: "x" }, { handled: 5 }], only: null }),
      part({ subscribers: [{ handled: 2, name: "x", late: 1 }], only: 4 }),
    ]);
    expect(merged["a"]).toEqual({ kind: "event-bus", subscribers: [{ handled: 3, name: "x", late: 1 }, { handled: 5 }], only: 4 });
  });
});

describe("items of a flow", () => {
  const arrival = { key: 3 } as Parameters<FlowIntake["accept"]>[0];
  const item = () => ({ key: -1, index: 42, sequence: 9, payload: null, demand: 0 }) as unknown as Parameters<FlowIntake["accept"]>[1];

  test("belong to their key where its order matters, else to no thread", () => {
    const [ordered, free] = [item(), item()];
    new FlowIntake(null, true).accept(arrival, ordered);
    new FlowIntake(null, false).accept(arrival, free);
    expect([ordered.key, free.key, ordered.payload, free.payload, ordered.sequence]).toEqual([3, 42, 3, 3, 0]);
    expect([new FlowIntake(null, true).anywhere, new FlowIntake(null, false).anywhere]).toEqual([false, true]);
    expect(new FlowIntake(null, true).shardOf(7, 4)).toBe(3);
  });
});

describe("the work of a flow's handlers", () => {
  function lab(settings: object, demand = 0) {
    const { flow } = scenarioSchema.parse({ title: "x", workload: "flow", flow: { kind: "event-bus", ...settings } });
    if (flow === undefined || flow.kind === "orchestrator") throw new Error("unreachable");
    const done: [string, number][] = [];
    const waits = Promise.withResolvers<void>();
    const effort: Effort = {
      now: () => 0,
      compute: (span) => void done.push(["compute", span]),
      block: (span) => void done.push(["block", span]),
      wait: (span) => {
        done.push(["wait", span]);
        return waits.promise;
      },
      pause: async () => {},
    };
    const part: FlowPart = { ...flow, kind: flow.kind };
    return { lab: new Lab(part, effort, { demandOf: () => demand }, 1, 0, ""), done, end: waits.resolve };
  }
  const item = { index: 0, key: "k" };
  const work = (kind: string, more: object = {}) => ({ work: { kind, time: "2ms", ...more } });

  test("is computing, blocking or waiting, by its kind, or a share of each", () => {
    const spent = (settings: object) => {
      const { lab: one, done } = lab(settings);
      void one.handle(item, 0);
      return done;
    };
    expect(spent(work("cpu"))).toEqual([["compute", 2e6]]);
    expect(spent(work("sleep"))).toEqual([["block", 2e6]]);
    expect(spent(work("io"))).toEqual([["wait", 2e6]]);
    expect(spent(work("mixed", { cpuShare: 0.25 }))).toEqual([
      ["compute", 0.5e6],
      ["wait", 1.5e6],
    ]);
    expect(spent({})).toEqual([]);
    expect(spent(work("cpu", { time: 0 }))).toEqual([]);
  });

  test("takes what was drawn for the item where it is not the same for all", () => {
    const { lab: one, done } = lab(work("cpu", { distribution: "exponential" }), 777);
    void one.handle(item, 0);
    expect(done).toEqual([["compute", 777]]);
  });

  test("of a part is its own, or the flow's where it has none", () => {
    const { lab: one, done } = lab(work("cpu"));
    const { settings } = lab(work("sleep")).lab;
    void one.part({ ...settings, work: undefined }, 0).handle(item, 0);
    void one.part(settings, 0).handle(item, 0);
    expect(done).toEqual([
      ["compute", 2e6],
      ["block", 2e6],
    ]);
  });

  test("is done before a planted failure, whether or not it waits", async () => {
    const { lab: computing, done } = lab({ failureRate: 1, ...work("cpu") });
    expect(() => computing.handle(item, 0)).toThrow("a planted failure");
    expect(done).toEqual([["compute", 2e6]]);
    const { lab: waiting, end } = lab({ failureRate: 1, ...work("io") });
    const handling = waiting.handle(item, 0);
    end();
    expect(handling).rejects.toThrow("a planted failure");
  });

  test("fails as often as it says, by seed, item and place", () => {
    const { lab: one } = lab({ failureRate: 0.25 });
    let failed = 0;
    for (let index = 0; index < 4000; index++)
      try {
        void one.handle({ index, key: "k" }, 0);
      } catch {
        failed++;
      }
    expect(Math.abs(failed / 4000 - 0.25)).toBeLessThan(0.03);
    expect(new Set([draw(1, 2, 3), draw(2, 2, 3), draw(1, 3, 3), draw(1, 2, 4)]).size).toBe(4);
  });

  test("fails by the same draws in every version, below the rate and not at it", () => {
    expect([draw(1, 0, 0), draw(2, 3, 4), draw(-5, 1e6, 2e6)]).toEqual([0.7138079106807709, 0.5377640940714628, 0.3367624816019088]);
    for (const [more, fails] of [
      [0, false],
      [2 ** -32, true],
    ] as const) {
      const handle = () => lab({ failureRate: draw(1, 0, 0) + more }).lab.handle(item, 0);
      if (fails) expect(handle).toThrow();
      else expect(handle).not.toThrow();
    }
  });
});
