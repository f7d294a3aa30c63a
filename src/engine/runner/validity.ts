import type { Nanoseconds } from "../../kernel/clock.ts";
import type { Histogram } from "../../kernel/histogram.ts";
import { formatMs } from "../../kernel/units.ts";
import type { CasePlan } from "../../plan/plan.ts";
import { MODE_TRAITS } from "../../scenario/modes.ts";
import type { Measured } from "./summary.ts";

/** Rules 4, 5 and 7 of measurement: problems that make a case invalid, and warnings. */
export function validityOf(
  { plan, facts, pipeline, execution }: Measured,
  schedule: Histogram,
): { problems: string[]; warnings: string[] } {
  const problems: string[] = [];
  const warnings: string[] = [];
  const { source } = pipeline;
  if (!source.closedLoop && facts.count > 0 && facts.measured === 0)
    problems.push(
      `All ${facts.count} arrivals were due within the warm-up of ${formatMs(plan.scenario.warmup / 1000)}, so nothing was measured.`,
    );
  const late = source.takenTotal === 0 ? 0 : source.lateTotal / source.takenTotal;
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  if (late > 0.01 && lateIsInvalid(plan)) {
    problems.push(`The generator could not keep up: ${percent(late)} of the arrivals were taken in more than 10 ms late.`);
  } else if (late > 0.01) {
    // Items that were taken only to be accounted for after the end have no latency.
    const told = schedule.count === 0 ? 0 : 1 - schedule.ranksAt(LATE).through / schedule.count;
    if (told > 0.01)
      warnings.push(`${percent(told)} of what ended had been taken in more than 10 ms late; the wait is part of latency.schedule.`);
  }
  const { sent = 0, answered = 0 } = pipeline.job.desk?.book ?? {};
  if (answered < sent)
    warnings.push(`${sent - answered} of ${sent} queries were never answered: who has what they asked for was held, or gone, to the end.`);
  const overtaken = execution.recorders.reduce((sum, recorder) => sum + recorder.counts().orderViolations, 0);
  if (!plan.scenario.keys.order && overtaken > 0)
    warnings.push(
      `${overtaken} ${overtaken === 1 ? "message was" : "messages were"} worked out of the order of ${overtaken === 1 ? "its" : "their"} key, as keys.order: false lets them be; what they leave behind may depend on who was first.`,
    );
  const unseen = pipeline.stage.states?.warning(execution.state) ?? null;
  if (unseen !== null) warnings.push(unseen);
  return { problems, warnings };
}

const LATE: Nanoseconds = 10e6;

function lateIsInvalid({ mode, scenario }: CasePlan): boolean {
  const { load, work, queue } = scenario;
  const { spreads, taskIsBatch } = MODE_TRAITS[mode];
  const ownThread = spreads || (taskIsBatch && (work.kind === "io" || work.kind === "mixed"));
  const atOnce = load.executor === "bursts" || (load.executor === "replay" && load.speed === undefined);
  return ownThread && queue.overflow !== "block" && !atOnce;
}
