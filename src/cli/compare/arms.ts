import { compareResults, type ResultComparison } from "../../analysis/compare.ts";
import { roundKey } from "../../analysis/repeats.ts";
import { type Interleaved, type InterleavedOptions, startInterleaved } from "../../engine/run/interleave.ts";
import { counted } from "../../kernel/wording.ts";
import type { NamedScenario } from "../../plan/plan.ts";
import { isDisturbed } from "../../telemetry/disturbance.ts";
import type { CaseResult, RunResult } from "../../telemetry/result.ts";
import type { StopSignal, StopSignals } from "../signals.ts";
import type { Noise } from "./noise.ts";
import type { ComparedFigures, RoundsAsked } from "./settings.ts";

/** Arms that have run, and the signal that stopped them, if one did. */
export interface ArmsRun extends Interleaved {
  readonly stoppedBy: StopSignal | null;
}

/** Runs scenarios side by side until all rounds are done or a signal stops them; keeps the rounds that are whole in all. */
export async function runArms(scenarios: readonly NamedScenario[], options: InterleavedOptions, signals: StopSignals): Promise<ArmsRun> {
  let stoppedBy: StopSignal | null = null;
  const running = startInterleaved(scenarios, options);
  signals.handle((signal) => {
    stoppedBy ??= signal;
    running.stop();
  });
  const { results, ...interleaving } = await running.result;
  return { results: wholeRounds(results), ...interleaving, stoppedBy };
}

/** The results without cases that were stopped, and without their partners. */
export function wholeRounds(results: readonly RunResult[]): RunResult[] {
  const whole = results.map(({ cases }) => new Set(cases.filter(({ status }) => status !== "aborted").map(roundKey)));
  const isWhole = (one: CaseResult) => whole.every((keys) => keys.has(roundKey(one)));
  return results.map((result) => ({ ...result, cases: result.cases.filter(isWhole) }));
}

/** An arm with its name and its reruns. */
export interface ComparedArm {
  readonly name: string;
  readonly result: RunResult;
  readonly reruns: number;
}

/** Compares two arms; rounds in which a case stayed disturbed are left out and counted in a note. */
export function compareArms(
  a: ComparedArm,
  b: ComparedArm,
  { figures, ...options }: ComparedFigures,
  { mostReruns }: Pick<RoundsAsked, "mostReruns">,
  noise: Noise,
): ResultComparison {
  const compared = compareResults(a, b, figures, { ...options, floorOf: noise.floorOf(a.result) });
  const disturbed = { a: a.result.cases.filter(isDisturbed).length, b: b.result.cases.filter(isDisturbed).length };
  const passed = disturbed.a + disturbed.b === 0;
  const again = `run again because they were disturbed: A ${counted(a.reruns, "case")}, B ${counted(b.reruns, "case")}, each at most ${counted(mostReruns, "time")}`;
  const left = options.gated ? "left out; --anyway keeps them" : "kept, since --anyway was given";
  return {
    ...compared,
    notes: [...compared.notes, again, ...(passed ? [] : [`rounds with a case that stayed disturbed are ${left}`])],
    gate: { mostReruns, reruns: { a: a.reruns, b: b.reruns }, disturbed, passed },
  };
}
