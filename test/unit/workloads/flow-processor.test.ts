import { describe, expect, test } from "bun:test";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Arrival } from "../../../src/load/tape.ts";
import { Item } from "../../../src/queueing/item.ts";
import type { FlowSettings } from "../../../src/scenario/flow-schema.ts";
import { scenarioSchema } from "../../../src/scenario/schema.ts";
import { FlowBoard } from "../../../src/workloads/flow/figures.ts";
import type { FlowMaker } from "../../../src/workloads/flow/flow.ts";
import { draw } from "../../../src/workloads/flow/lab.ts";
import { makerOf } from "../../../src/workloads/flow/makers.ts";
import { FlowProcessor } from "../../../src/workloads/flow/processor.ts";
import { FlowStage } from "../../../src/workloads/flow/stage.ts";
import type { Effort } from "../../../src/workloads/workload.ts";
import { temporaryFolder } from "../../support/cli.ts";
import { planOf } from "../../support/virtual-setup.ts";

const MS = 1e6;

const scenarioOf = (flow: object, more: object = {}) => scenarioSchema.parse({ title: "x", workload: "flow", flow, ...more });

function settingsOf(flow: object): FlowSettings {
  const settings = scenarioOf(flow).flow;
  if (settings === undefined) throw new Error("unreachable");
  return settings;
}

const itemOf = (index: number, demand = 0) => Object.assign(new Item(), { index, key: index, payload: index % 3, demand });

/** A processor whose clock the test sets, and what its handlers have spent. */
function rig(flow: object, maker?: FlowMaker, seed = 1) {
  const settings = settingsOf(flow);
  const board = new FlowBoard();
  const clock = { now: 0 };
  const spent: number[] = [];
  const effort: Effort = {
    now: () => clock.now,
    compute: (span) => void spent.push(span),
    block: (span) => void spent.push(span),
    wait: (span) => void spent.push(span),
    pause: async () => {},
  };
  const spec = { settings, seed, folder: "", boards: [board.memory] };
  const processor = new FlowProcessor(spec, effort, 0, maker ?? makerOf(settings));
  return { processor, clock, spent, shown: () => board.read().map(({ handled, failed }) => [handled, failed]), read: () => board.read() };
}

const work = (kind: string, more: object = {}) => ({ work: { kind, time: "2ms", ...more } });

describe("a thread's flow", () => {
  test("shows its figures with the first item, and again when more than 50 ms have passed", async () => {
    const { processor, clock, shown } = rig({ kind: "event-bus", subscribers: 1 });
    const seen: unknown[] = [];
    for (const ms of [0, 10, 50, 50.001, 60, 100.001, 100.002]) {
      clock.now = ms * MS;
      expect(await processor.process(itemOf(seen.length))).toBeNull();
      seen.push(shown()[0]?.[0]);
    }
    expect(seen).toEqual([1, 1, 1, 4, 4, 4, 7]);
  });

  test("shows all of them at its end, once", async () => {
    const { processor, shown } = rig({ kind: "event-bus", subscribers: 2 });
    for (let i = 0; i < 3; i++) await processor.process(itemOf(i));
    expect(shown()).toEqual([[2, 0]]);
    processor.halt();
    expect(shown()).toEqual([[6, 0]]);
    expect(processor.report().flow).toMatchObject([{ name: "event-bus", kind: "event-bus", stats: { handled: 6 } }]);
    expect(processor.report().flow).toBe(processor.report().flow as never);
  });

  test("yields where its work only waits, and takes an item's own service time only where they vary", async () => {
    expect(["io", "cpu", "mixed"].map((kind) => rig({ kind: "event-bus", ...work(kind) }).processor.yields)).toEqual([true, false, false]);
    const spentBy = async (more: object) => {
      const { processor, spent } = rig({ kind: "event-bus", subscribers: 1, ...work("cpu", more) });
      await processor.process(itemOf(1, 777));
      await processor.process(itemOf(2, 888));
      return [spent, processor.demandOf(1)] as const;
    };
    expect(await spentBy({ distribution: "exponential" })).toEqual([[777, 888], 0]);
    expect(await spentBy({ distribution: "constant" })).toEqual([[2e6, 2e6], 0]);
    const { processor } = rig({ kind: "event-bus" });
    void processor.process(itemOf(1, 777));
    expect(processor.demandOf(1)).toBe(0);
  });

  test("of a module is made with settings of one part, whatever its kind", () => {
    const kindOf = (flow: object) => {
      const seen: string[] = [];
      rig(flow, (_, { settings }) => {
        seen.push(settings.kind);
        return () => {};
      });
      return seen;
    };
    expect(["orchestrator", "data-pipeline"].map((kind) => kindOf({ kind }))).toEqual([["event-bus"], ["data-pipeline"]]);
  });

  test("has as many consumers of each group as it says", async () => {
    const { processor } = rig({ kind: "message-queue", groups: 2, consumers: 3 });
    await processor.process(itemOf(0));
    expect(processor.report().flow?.[0]?.stats["consumers"]).toHaveLength(6);
  });

  test("that gives no function fails each item with that reason", async () => {
    const { processor } = rig({ kind: "event-bus" }, () => "no function" as never);
    const outcomes = [await processor.process(itemOf(0)), await processor.process(itemOf(1))];
    expect(outcomes).toEqual(Array(2).fill(expect.stringContaining("gave no function")));
  });
});

describe("an item of a flow", () => {
  const PARTS = {
    "event-bus": { subscribers: 3 },
    "reactive-stream": { subscribers: 3, transformers: 2 },
    "data-pipeline": { stages: 3 },
    "message-queue": { groups: 3 },
  };

  test.each(Object.entries(PARTS))("of a %s is done when every handler has handled it, once each", async (kind, part) => {
    const { processor, spent } = rig({ kind, ...part, ...work("cpu") });
    for (let i = 0; i < 4; i++) {
      expect(await processor.process(itemOf(i))).toBeNull();
      expect(spent).toHaveLength(3 * (i + 1));
    }
    processor.halt();
  });

  test.each(Object.entries(PARTS))("of a %s fails where one of its handlers fails, as its seed says", async (kind, part) => {
    const [seed, failureRate] = [5, 0.2];
    const { processor, read } = rig({ kind, ...part, failureRate, retry: { max: 0 } }, undefined, seed);
    for (let i = 0; i < 20; i++) {
      const fails = [0, 1, 2].some((place) => draw(seed, i, place) < failureRate);
      expect([i, (await processor.process(itemOf(i))) !== null]).toEqual([i, fails]);
    }
    processor.halt();
    const failed = Array.from({ length: 20 }, (_, i) => [0, 1, 2].filter((place) => draw(seed, i, place) < failureRate).length);
    // A pipeline's item goes no further than the stage that it fails in.
    const all = kind === "data-pipeline" ? failed.map((times) => Math.min(1, times)) : failed;
    expect(read()[0]?.failed).toBe(all.reduce((sum, times) => sum + times, 0));
  });

  test.each(["data-pipeline", "message-queue"] as const)("of a %s is tried again, with failures of each attempt's own", async (kind) => {
    const [seed, failureRate] = [7, 0.4];
    const { processor } = rig({ kind, ...PARTS[kind], failureRate, retry: { max: 1, baseDelay: "1us" } }, undefined, seed);
    for (let i = 0; i < 20; i++) {
      const fails = [0, 1, 2].some((place) => [place, place + 3].every((drawn) => draw(seed, i, drawn) < failureRate));
      expect([i, (await processor.process(itemOf(i))) !== null]).toEqual([i, fails]);
    }
    processor.halt();
  });

  test("of several parts fails in each by draws of its own", async () => {
    const [seed, failureRate] = [3, 0.3];
    const parts = { a: { kind: "event-bus", subscribers: 1, failureRate }, b: { kind: "event-bus", subscribers: 1, failureRate } };
    const { processor, read } = rig({ kind: "orchestrator", parts }, undefined, seed);
    for (let i = 0; i < 20; i++) {
      const fails = [1e6, 2e6].some((place) => draw(seed, i, place) < failureRate);
      expect([i, (await processor.process(itemOf(i))) !== null]).toEqual([i, fails]);
    }
    processor.halt();
    const failed = [1e6, 2e6].map(
      (place) => Array.from({ length: 20 }, (_, i) => draw(seed, i, place) < failureRate).filter(Boolean).length,
    );
    expect(read().map((part) => [part.name, part.failed])).toEqual([
      ["a", failed[0] ?? 0],
      ["b", failed[1] ?? 0],
    ]);
  });
});

describe("the stage of a flow", () => {
  const open = (flow: object, more: object = {}, mode: "async" | "parallel" = "async") =>
    FlowStage.open(planOf(scenarioOf(flow, more), mode), 1000);

  test("has a board for each thread, whose figures its samples add up", async () => {
    const stage = await open({ kind: "event-bus" }, { parallel: { workers: 3 } }, "parallel");
    if (stage.spec.workload !== "flow") throw new Error("unreachable");
    const { boards, folder } = stage.spec.flow;
    expect([boards.length, existsSync(folder), stage.sample().flow?.parts.length]).toEqual([3, true, 0]);
    stage.close();
    expect(existsSync(folder)).toBe(false);
  });

  test("has items that belong to their key only where its order matters", async () => {
    const anywhere = async (order: string) => {
      const stage = await open({ kind: "message-queue", order });
      stage.close();
      return stage.intake().anywhere;
    };
    expect([await anywhere("key"), await anywhere("none")]).toEqual([false, true]);
  });

  test("merges the parts of the threads that reported", async () => {
    const stage = await open({ kind: "event-bus" });
    const flow = [{ name: "a", kind: "event-bus", stats: { handled: 2 } }] as const;
    expect(await stage.figures([{ flow }, null, {}, { flow }])).toEqual({ flow: { parts: { a: { kind: "event-bus", handled: 4 } } } });
    stage.close();
  });

  test("is rehearsed in memory, with at most 2 µs of work and no failures", async () => {
    const rehearsed = async (flow: object) => {
      const stage = await open(flow);
      const light = await stage.rehearsal();
      stage.close();
      light.close();
      if (light.spec.workload !== "flow") throw new Error("unreachable");
      return light.spec.flow.settings;
    };
    const heavy = { kind: "message-queue", failureRate: 0.5, durability: "process" };
    expect(await rehearsed({ ...heavy, ...work("cpu") })).toMatchObject({ failureRate: 0, durability: "memory", work: { time: 2 } });
    expect((await rehearsed({ kind: "event-bus", work: { kind: "cpu", time: "1us" } })).work?.time).toBe(1);
    expect((await rehearsed({ kind: "event-bus" })).work).toBeUndefined();
    const parts = { a: { ...heavy, ...work("io") }, b: { kind: "event-bus" } };
    expect((await rehearsed({ kind: "orchestrator", parts })).parts).toMatchObject({
      a: { failureRate: 0, durability: "memory", work: { time: 2 } },
      b: { kind: "event-bus" },
    });
  });

  test("is rehearsed with service times of that size where they vary", async () => {
    const stage = await open({ kind: "event-bus" }, { work: { kind: "cpu", time: "50ms", distribution: "exponential" } });
    const light = await stage.rehearsal();
    const intake = light.intake();
    const item = itemOf(0);
    for (let i = 0; i < 100; i++) {
      intake.accept(new Arrival(), item);
      expect(item.demand).toBeLessThan(100_000);
    }
    expect(item.demand).toBeGreaterThan(0);
    stage.close();
    light.close();
  });

  test("is rehearsed without its module, which as an orchestrator with no parts is a bus", async () => {
    const folder = temporaryFolder();
    const module = join(folder, "flow.ts");
    writeFileSync(module, "export default () => () => {};");
    const parts = { a: { kind: "event-bus" } };
    const kindOf = async (flow: object) => {
      const stage = await open(flow);
      const light = await stage.rehearsal();
      stage.close();
      light.close();
      return light.spec.workload === "flow" ? [light.spec.flow.settings.kind, light.spec.flow.settings.module] : null;
    };
    expect(await kindOf({ kind: "orchestrator", module })).toEqual(["event-bus", undefined]);
    expect(await kindOf({ kind: "orchestrator", module, parts })).toEqual(["orchestrator", undefined]);
    expect(await kindOf({ kind: "orchestrator" })).toEqual(["orchestrator", undefined]);
    expect(await kindOf({ kind: "message-queue", module })).toEqual(["message-queue", undefined]);
    rmSync(folder, { recursive: true });
  });
});
