import type { Nanoseconds } from "../../kernel/clock.ts";
import type { ThresholdRule } from "../../scenario/schema.ts";
import { isThresholdMetric, type Standing } from "../../telemetry/metrics.ts";
import type { ThresholdResult } from "../../telemetry/result.ts";
import { judge, parseThreshold, type Threshold } from "../../telemetry/threshold.ts";

export type Verdict = Omit<ThresholdResult, "case">;

/** Time after the start, or the warm-up, before which a rate means nothing. */
const LEAST_SPAN: Nanoseconds = 500e6;
/** Time in which nothing may be done yet because the first item is slow. */
const FIRST_DONE: Nanoseconds = 10 * LEAST_SPAN;

/** Work in progress is not yet in a rate. After ten times the shortest sojourn the error is small. */
function begunAfter({ recorders }: Standing): Nanoseconds {
  const done = recorders.filter(({ sojourn }) => sojourn.count > 0);
  return done.length === 0 ? FIRST_DONE : LEAST_SPAN + 10 * Math.min(...done.map(({ sojourn }) => sojourn.min));
}

/** The thresholds of a case. */
export class Thresholds {
  private readonly rules: readonly { readonly threshold: Threshold; readonly abort: Nanoseconds | null }[];

  constructor(
    thresholds: Readonly<Record<string, readonly ThresholdRule[]>> = {},
    private readonly warmup: Nanoseconds = 0,
  ) {
    this.rules = Object.entries(thresholds).flatMap(([metric, rules]) =>
      rules.flatMap(({ threshold, abortOnFail, delayAbortEval }) => {
        const parsed = isThresholdMetric(metric) ? parseThreshold(metric, threshold) : "unknown";
        return typeof parsed === "string" ? [] : [{ threshold: parsed, abort: abortOnFail ? delayAbortEval * 1000 : null }];
      }),
    );
  }

  /** The sentence for the first threshold that is broken now and ends the case; null: none. */
  broken(now: Nanoseconds, standing: () => Standing): string | null {
    const urgent = this.rules.filter(({ abort }) => abort !== null && now >= abort);
    if (urgent.length === 0) return null;
    const stands = standing();
    for (const { threshold } of urgent) {
      if (!this.canTell(threshold, now, stands)) continue;
      const { value, ok } = judge(threshold, stands);
      if (!ok)
        return `Ended early: the threshold ${threshold.metric} ${threshold.expression} was broken (${Number(value.toPrecision(4))}) and has abortOnFail.`;
    }
    return null;
  }

  /** Whether a figure is already final enough to be judged. */
  private canTell({ metric }: Threshold, now: Nanoseconds, stands: Standing): boolean {
    // Items in progress count as unfinished until they are done.
    if (metric === "unfinished") return false;
    return metric !== "throughput" || now >= this.warmup + begunAfter(stands);
  }

  verdicts(standing: Standing): Verdict[] {
    return this.rules.map(({ threshold }) => ({
      metric: threshold.metric,
      expression: threshold.expression,
      ...judge(threshold, standing),
    }));
  }
}
