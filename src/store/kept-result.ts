import { gunzipSync, gzipSync } from "node:zlib";
import { VERSION as VERSION_OF_LAB } from "../kernel/version.ts";
import type { RunEvent, RunOutline } from "../telemetry/events.ts";
import type { RunResult } from "../telemetry/result.ts";

/** A finished case and its thresholds. */
export type KeptCase = Omit<Extract<RunEvent, { readonly type: "case-finished" }>, "type" | "index">;

export function packed(value: RunResult | KeptCase): Uint8Array {
  return gzipSync(JSON.stringify(value));
}

export function unpacked<T extends RunResult | KeptCase>(bytes: Uint8Array): T {
  return JSON.parse(gunzipSync(bytes).toString()) as T;
}

/** The result of a run without finished cases. */
export function resultSoFar({ startedAt, scenario, machine, cases }: RunOutline): RunResult {
  const unfinished = { planned: cases.length };
  return {
    schemaVersion: 2,
    labVersion: VERSION_OF_LAB,
    startedAt,
    scenario,
    machine,
    cases: [],
    conclusions: [],
    thresholds: [],
    unfinished,
  };
}

export function withCases(result: RunResult, done: readonly KeptCase[]): RunResult {
  const thresholds = done.flatMap(({ verdicts = [] }, i) => verdicts.map((verdict) => ({ case: i, ...verdict })));
  return { ...result, cases: done.map((one) => one.result), thresholds };
}

/** The result with the lists that the first version did not write, empty. */
export function withLaterFields(result: RunResult): RunResult {
  const cases = result.cases.map((one) => {
    const { warnings = [], rejections = [], failures = [] } = one;
    return { ...one, warnings, rejections, failures };
  });
  return { ...result, cases, conclusions: result.conclusions ?? [] };
}
