import { GUARD_NAMES, type GuardOptions } from "../guard.ts";
import { checkCount, checkFlag, checkFunction, checkNames, checkSpan, type OptionNames } from "../options.ts";
import type { FlowContext } from "./context.ts";

/** Function of a stage: returns what the item has become, or `undefined` to filter it out. */
export type StageFunction<In, Out> = (value: In, context: FlowContext) => Out | undefined | PromiseLike<Out | undefined>;

/** Options of a stage, with the time limit, retries and breaker of each attempt. */
export interface StageOptions<In, Out> extends GuardOptions {
  /** Items it works on at a time. Default 1. */
  readonly concurrency?: number;
  /** Items that may wait for it. Default 64. */
  readonly buffer?: number;
  /** Whether items leave in the order they came. Default true. */
  readonly ordered?: boolean;
  /** What to return instead when all attempts have failed. */
  readonly fallback?: (value: In, context: FlowContext, error: unknown) => Out | undefined | PromiseLike<Out | undefined>;
}

const STAGE_NAMES: OptionNames<StageOptions<unknown, unknown>> = {
  ...GUARD_NAMES,
  concurrency: true,
  buffer: true,
  ordered: true,
  fallback: true,
};

/** Options of a stage that passes items on as they came. */
export type TapOptions = Omit<StageOptions<unknown, unknown>, "fallback">;

/** Throws a sentence for an option that does not exist or cannot be. `name`: the stage's. */
export function checkStageOptions(name: string, options: StageOptions<unknown, unknown>): void {
  checkNames(options, STAGE_NAMES, `${name}, `);
  checkCount(`${name}, concurrency`, options.concurrency, 1);
  checkCount(`${name}, buffer`, options.buffer, 0);
  checkFlag(`${name}, ordered`, options.ordered);
  if (options.fallback !== undefined) checkFunction(`${name}, fallback`, options.fallback);
  checkSpan(`${name}, timeoutMs`, options.timeoutMs);
}
