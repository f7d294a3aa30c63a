import type { CaseResult } from "../telemetry/result.ts";

/** Loads whose arrivals come whether or not anything is done. */
const OPEN_LOADS: readonly string[] = ["constant-arrival-rate", "ramping-arrival-rate", "bursts", "replay"];

/** True when a case's arrivals do not depend on its completions. */
export function isOpenLoop({ load }: Pick<CaseResult, "load">): boolean {
  return load !== undefined && OPEN_LOADS.includes(load.executor);
}
