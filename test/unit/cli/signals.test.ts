import { describe, expect, test } from "bun:test";
import { onStopSignals } from "../../../src/cli/signals.ts";

/** What is heard of signals that arrive so many milliseconds after the start. */
function heard(...sent: readonly (readonly [at: number, signal: "SIGINT" | "SIGTERM" | "SIGHUP"])[]): string[] {
  let now = 0;
  const told: string[] = [];
  const deafen = onStopSignals(
    (signal) => told.push(`${now} ${signal}`),
    () => now,
  );
  for (const [at, signal] of sent) {
    now = at;
    process.emit(signal, signal);
  }
  deafen();
  return told;
}

describe("signals that ask to stop", () => {
  test("a hang-up asks for what SIGTERM does", () => {
    expect(heard([1, "SIGHUP"])).toEqual(["1 SIGTERM"]);
  });

  test("one that is passed on a moment later is the same wish", () => {
    expect(heard([1, "SIGINT"], [20, "SIGINT"])).toEqual(["1 SIGINT"]);
  });

  test("one that comes when somebody has had the time to think is another wish", () => {
    expect(heard([1, "SIGINT"], [200, "SIGINT"])).toEqual(["1 SIGINT", "200 SIGINT"]);
  });

  test("whoever hammers is heard again after a while", () => {
    const times = Array.from({ length: 10 }, (_, i) => [i * 50, "SIGINT"] as const);
    expect(heard(...times)).toEqual(["0 SIGINT", "150 SIGINT", "300 SIGINT", "450 SIGINT"]);
  });

  test("nothing is heard any more once it is over", () => {
    const before = process.listenerCount("SIGINT");
    heard([1, "SIGINT"]);
    expect(process.listenerCount("SIGINT")).toBe(before);
  });
});
