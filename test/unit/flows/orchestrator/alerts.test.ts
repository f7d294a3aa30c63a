import { describe, expect, test } from "bun:test";
import { DataPipeline } from "../../../../src/flows/index.ts";
import { AlertBoard, type AlertRule } from "../../../../src/flows/orchestrator/alerts.ts";
import { type Alert, EventBus, FlowFace, FlowOrchestrator, ReactiveStream, Service } from "../../../../src/flows.ts";

/** What a rule says of a figure over time, checked once a second. */
function said(rule: Omit<AlertRule, "part" | "figure">, figures: readonly (number | null)[]): string[] {
  const board = new AlertBoard();
  const texts: string[] = [];
  board.add({ part: "orders", figure: "failed", ...rule }, ({ text }: Alert) => void texts.push(text));
  for (const [second, failed] of figures.entries()) {
    const before = texts.length;
    board.check(() => (failed === null ? null : { failed }), second * 1000);
    if (texts.length > before) texts[before] = `${second}: ${texts[before]}`;
  }
  return texts;
}

describe("F-5 alerts", () => {
  test("a growth per second, over a window", () => {
    const burst = [0, 0, 0, 30, 60, 60, 60, 60, 60];
    expect(said({ above: 10, perSecond: true, windowMs: 2000 }, burst)).toEqual([
      "3: orders failed grows by 15/s over 2 s, above 10/s",
      "6: orders failed grows by 0/s over 2 s, no longer above 10/s",
    ]);
    expect(said({ above: 10, perSecond: true }, burst)).toEqual([
      "4: orders failed grows by 15/s over 60 s, above 10/s",
      "6: orders failed grows by 10/s over 60 s, no longer above 10/s",
    ]);
    expect(said({ below: 1, perSecond: true, windowMs: 1000 }, [0, 5, 10, 10])).toEqual([
      "3: orders failed grows by 0/s over 1 s, below 1/s",
    ]);
  });

  test("a part that was started again counts from nothing", () => {
    expect(said({ above: 10, perSecond: true, windowMs: 3000 }, [1000, 1000, 2, 4, 6])).toEqual([]);
  });

  test("a bound that must be crossed for some time, without a break", () => {
    const rule = { above: 10, forMs: 2000 };
    expect(said(rule, [20, 20, 5, 20, 20, 20, 20, 5])).toEqual([
      "5: orders failed is 20, above 10 for 2 s",
      "7: orders failed is 5, no longer above 10",
    ]);
    expect(said(rule, [20, 20, 9])).toEqual([]);
  });

  test("a bound is crossed beyond it, not at it, and an alert ends at it", () => {
    expect(said({ above: 10 }, [10, 11, 10])).toEqual(["1: orders failed is 11, above 10", "2: orders failed is 10, no longer above 10"]);
    expect(said({ below: 10 }, [10, 9, 10])).toEqual(["1: orders failed is 9, below 10", "2: orders failed is 10, no longer below 10"]);
    expect(said({ above: 10, below: 5 }, [5, 10, 4, 7, 11])).toEqual([
      "2: orders failed is 4, below 5",
      "3: orders failed is 7, no longer below 5",
      "4: orders failed is 11, above 10",
    ]);
    // An alert ends with the bound that it was raised by, whichever is crossed meanwhile.
    expect(said({ above: 10, below: 5 }, [11, 4, 7, 4, 11, 7])).toEqual([
      "0: orders failed is 11, above 10",
      "2: orders failed is 7, no longer above 10",
      "3: orders failed is 4, below 5",
      "5: orders failed is 7, no longer below 5",
    ]);
  });

  const alert = (rule: Partial<AlertRule>) => () => new FlowOrchestrator().alert({ part: "a", figure: "b", ...rule });
  const flows = () => new FlowOrchestrator();
  const rate = (rateLimit: { perSecond: number; burst: number }) => () => new FlowFace(flows(), { rateLimit });
  const part = () => ReactiveStream.of<number>("s");
  test.each<[string, () => unknown]>([
    ["alert: needs `above` or `below`, the bound it watches", alert({})],
    ["alert.above: must be a number, got NaN", alert({ above: Number.NaN })],
    ["alert.windowMs: must be more than 0 milliseconds, got -5", alert({ above: 1, perSecond: true, windowMs: -5 })],
    ["alert.windowMs: goes with `perSecond`", alert({ above: 1, windowMs: 5 })],
    ["alert.forMs: must be a number of milliseconds, 0 or more, got NaN", alert({ above: 1, forMs: Number.NaN })],
    ["checkMs: must be more than 0 milliseconds, got -5", () => new FlowOrchestrator({ checkMs: -5 })],
    ["startMs: must be a number of milliseconds, 0 or more, got NaN", () => new FlowOrchestrator({ startMs: Number.NaN })],
    ["restart.max: must be a whole number of at least 0, got -1", () => flows().register(part(), { restart: { max: -1 } })],
    [
      "restart.baseDelay: must be a number of milliseconds, 0 or more, got -1",
      () => flows().register(part(), { restart: { baseDelay: -1 } }),
    ],
    ["rateLimit.perSecond: must be more than 0, got NaN", rate({ perSecond: Number.NaN, burst: 1 })],
    ["rateLimit.burst: must be 1 or more, got 0", rate({ perSecond: 1, burst: 0 })],
    ["prefix: must be a path like /flows, got flows/", () => new FlowFace(flows(), { prefix: "flows/" })],
    ["maxBodyBytes: must be a whole number of at least 1, got -1", () => new FlowFace(flows(), { maxBodyBytes: -1 })],
    [
      "overflow: must be drop-newest or drop-oldest, got latest",
      () => new EventBus().subscribe("*", () => {}, { overflow: "latest" as never }),
    ],
    [
      "overflow: must be drop-oldest or drop-newest or latest or fail, got block",
      () => part().subscribe(() => {}, { overflow: "block" as never }),
    ],
    [
      "overflow: must be block or drop-oldest or drop-newest or latest, got fail",
      () => new EventBus().events("*", { overflow: "fail" as never }),
    ],
    ["historyBytes: must be a whole number of at least 0, got -1", () => new EventBus({ historyBytes: -1 })],
  ])("%s", (sentence, make) => {
    expect(make).toThrow(sentence);
  });

  test.each([
    ["a bus", () => new EventBus()],
    ["a pipeline", () => DataPipeline.of<number>("p")],
    ["a stream", part],
    ["a task", () => new Service("t", async () => {})],
    ["an orchestrator", flows],
  ] as const)("%s does not stop by a deadline that is none", async (_, make) => {
    expect(make().stop({ deadlineMs: Number.NaN })).rejects.toThrow("deadlineMs: must be a number of milliseconds, 0 or more, got NaN");
  });
});
