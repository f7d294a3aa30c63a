import { describe, expect, test } from "bun:test";
import { RequestWindow } from "../../../src/workloads/fetch/window.ts";

const rule = { max: 8, adaptive: "none", min: 1, decrease: 0.5, window: "sliding" } as const;

describe("the window of requests under way", () => {
  test("leaves the number to the executor when it is fixed", () => {
    const window = new RequestWindow(rule, 4, 1);
    for (let i = 0; i < 4; i++) window.begin();
    expect([window.limit, window.shown, window.running]).toEqual([Number.POSITIVE_INFINITY, 4, 4]);
  });

  test("takes nothing more once a wave is full, until its last request has ended", () => {
    const window = new RequestWindow({ ...rule, window: "waves" }, 2, 1);
    window.begin();
    expect(window.limit).toBe(Number.POSITIVE_INFINITY);
    window.begin();
    expect(window.limit).toBe(0);
    window.end();
    expect(window.limit).toBe(0);
    window.end();
    expect(window.limit).toBe(Number.POSITIVE_INFINITY);
  });

  test("counts a wave anew when its requests end before it is full", () => {
    const window = new RequestWindow({ ...rule, window: "waves" }, 2, 1);
    window.begin();
    window.end();
    window.begin();
    expect(window.limit).toBe(Number.POSITIVE_INFINITY);
    window.begin();
    expect(window.limit).toBe(0);
  });

  test("shows a limit above 0 while a wave is full", () => {
    const window = new RequestWindow({ ...rule, window: "waves" }, 1, 1);
    window.begin();
    expect([window.limit, window.shown]).toEqual([0, 1]);
  });

  test("adapts to overload, down to a thread's share of the least", () => {
    const window = new RequestWindow({ ...rule, adaptive: "aimd", min: 4 }, 8, 2);
    for (let at = 1; at <= 100; at++) window.overloaded(at * 1e9, at * 1e9 + 1);
    expect([window.adapts, window.limit, window.shown]).toEqual([true, 2, 2]);
  });
});
