import { z } from "zod";
import { delay, flag, scalar, text } from "./scalars.ts";

/** Building blocks of the scenario schema for thresholds and hypotheses. */

/** A threshold on a metric; `delayAbortEval` in microseconds. */
export interface ThresholdRule {
  readonly threshold: string;
  readonly abortOnFail: boolean;
  readonly delayAbortEval: number;
}

const expression = () =>
  scalar(
    "must be an expression such as p(99)<50",
    { type: "string", minLength: 1, maxLength: 200, examples: ["p(99)<50", "count==0"] },
    (value) => (typeof value === "string" && value.length > 0 && value.length <= 200 ? value : null),
  );

/** An expression, or the long form `{ threshold, abortOnFail, delayAbortEval }`. */
export const threshold = () =>
  z.union(
    [
      expression().transform((text): ThresholdRule => ({ threshold: text, abortOnFail: false, delayAbortEval: 0 })),
      z.strictObject({
        threshold: expression().describe("The expression, such as p(99)<50."),
        abortOnFail: flag().default(false).describe("The case ends as soon as it does not hold."),
        delayAbortEval: delay().default(0).describe("How long after the start it is judged for the first time."),
      }),
    ],
    { error: "must be an expression such as p(99)<50, or { threshold: p(99)<50, abortOnFail: true, delayAbortEval: 5s }" },
  );

/** A comparison between cases that is expected to hold; `because`: the hypothesis in words. */
export interface ExpectRule {
  readonly that: string;
  readonly because?: string | undefined;
}

const comparison = () =>
  scalar(
    "must be a comparison of figures, such as parallel.throughput > 1.8 * sync.throughput",
    { type: "string", minLength: 1, maxLength: 500, examples: ["parallel.throughput > 1.8 * sync.throughput", "async.dropped == 0"] },
    (value) => (typeof value === "string" && value.trim() !== "" && value.length <= 500 ? value : null),
  );

/** A comparison, or the long form `{ that, because }`. */
export const expectation = () =>
  z.union(
    [
      comparison().transform((that): ExpectRule => ({ that })),
      z
        .strictObject({
          that: comparison().describe("The comparison, such as parallel.throughput > 1.8 * sync.throughput."),
          because: text(1000).optional().describe("The sentence it stands for."),
        })
        .transform((rule): ExpectRule => rule),
    ],
    { error: "must be a comparison of figures, or { that: parallel.throughput > 1.8 * sync.throughput, because: a sentence }" },
  );
