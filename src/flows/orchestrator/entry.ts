import { errorText } from "../../kernel/error-text.ts";
import type { BackoffRule } from "../../resilience/backoff.ts";
import { BACKOFF_NAMES, checkBackoff, checkCount, checkNames, checkTexts } from "../options.ts";
import type { Durations, Health, Part, PartStats } from "../part.ts";

/** Options of a registered part. */
export interface RegisterOptions {
  /** Parts that must be up first, and are stopped after it. */
  readonly dependsOn?: readonly string[];
  /** Most restarts after failures, and the waits before them in milliseconds. Default: no limit. */
  readonly restart?: Partial<BackoffRule> & { readonly max?: number };
}

export type PartState = "idle" | "waiting" | "starting" | "up" | "failed" | "stopped";

/**
 * A part under the orchestrator's care.
 *
 * | state    | event                                            | next                                            |
 * |----------|--------------------------------------------------|-------------------------------------------------|
 * | idle     | start, all parts that it depends on are up       | starting                                        |
 * | idle     | start, one of them is not                        | waiting                                         |
 * | waiting  | the last of them is up                           | starting                                        |
 * | starting | its start resolves                               | up                                              |
 * | starting | its start rejects, or it reports that it is down | failed                                          |
 * | up       | it reports that it is down                       | failed                                          |
 * | failed   | the wait before a restart is over                | starting, or waiting                            |
 * | failed   | it has failed more often than `restart.max`      | failed, permanently                             |
 * | any      | stop                                             | stopped; one that is starting, once it has started |
 * | stopped  | start                                            | as idle                                         |
 */
export interface PartEntry {
  readonly name: string;
  readonly part: Part;
  readonly options: RegisterOptions;
  state: PartState;
  restarts: number;
  /** Failures since it last ran steadily. */
  failures: number;
  upSince: number;
  degraded: boolean;
  /** Set while a restart is scheduled. */
  cancelRestart: (() => void) | null;
  readonly quit: (() => void)[];
}

/** Throws a sentence for what is no part, and for an option that does not exist or cannot be. */
export function checkRegistering(part: Part, options: RegisterOptions): void {
  if (
    typeof part?.name !== "string" ||
    typeof part.stop !== "function" ||
    typeof part.stats !== "function" ||
    typeof part.health !== "function"
  )
    throw new TypeError(`part: must have a name, stop, stats and health, got ${String(part)}`);
  checkNames(options, { dependsOn: true, restart: true });
  checkTexts("dependsOn", options.dependsOn);
  checkNames(options.restart, { ...BACKOFF_NAMES, max: true }, "restart.");
  checkBackoff("restart", options.restart);
  checkCount("restart.max", options.restart?.max, 0);
}

export function newEntry(part: Part, options: RegisterOptions): PartEntry {
  return {
    name: part.name,
    part,
    options,
    state: "idle",
    restarts: 0,
    failures: 0,
    upSince: 0,
    degraded: false,
    cancelRestart: null,
    quit: [],
  };
}

/** Health of a part. A part whose `health` throws is degraded; no other is affected. */
export function askHealth(part: Part): Health {
  try {
    return part.health();
  } catch (error) {
    return { status: "degraded", detail: `its health could not be told: ${errorText(error)}` };
  }
}

/** How long a part's members take; nothing where its `durations` throws. */
export function askDurations(part: Part): readonly Durations[] {
  try {
    return part.durations?.() ?? [];
  } catch {
    return [];
  }
}

/** Figures of a part; only the error where its `stats` throws. */
export function askStats(part: Part): PartStats {
  try {
    return part.stats();
  } catch (error) {
    return { error: errorText(error) };
  }
}
