import type { ResultComparison } from "../../analysis/compare.ts";
import { caseKey } from "../../analysis/repeats.ts";
import { UserError } from "../../kernel/problem.ts";
import { quoted } from "../../kernel/text.ts";
import type { NamedScenario } from "../../plan/plan.ts";
import { armProgress } from "../../views/report/arm-progress.ts";
import type { RequestAccess } from "../../workloads/access.ts";
import { hasStatedWork, withLongerWork } from "../../workloads/traits.ts";
import type { StopSignal, StopSignals } from "../signals.ts";
import { compareArms, runArms } from "./arms.ts";
import type { Noise } from "./noise.ts";
import type { ComparedFigures, RoundsAsked } from "./settings.ts";

/** How many times as long the planted service time is. */
const PLANTED = 1.05;
/** The figure in which it must show. */
const SHOWS_IN = "service_mean";

/** Verdicts on comparisons of a scenario with itself, and with longer service times. */
export interface SelfCheckRates {
  readonly schemaVersion: 1;
  readonly scenario: string;
  readonly rounds: number;
  readonly comparisons: number;
  /** Comparisons that ended at a case that stayed disturbed: they count in neither rate. */
  readonly refused: number;
  /** Disturbed cases that were run again. */
  readonly reruns: number;
  /** A against A: cases of which any figure was called better or worse, of all. */
  readonly different: { readonly count: number; readonly of: number };
  /** A against A with 5 % longer service times: cases whose mean service time was called worse, of all. */
  readonly found: { readonly count: number; readonly of: number };
}

export interface SelfCheckOptions extends RoundsAsked {
  readonly times: number;
  readonly figures: ComparedFigures;
  readonly noise: Noise;
  readonly access: RequestAccess;
  readonly say: (line: string) => void;
}

export interface SelfChecked {
  readonly check: SelfCheckRates;
  /** False: a case was invalid or has failed. */
  readonly valid: boolean;
  readonly stoppedBy: StopSignal | null;
}

/** A comparison of A with itself, and with longer service times. */
interface Pair {
  readonly same: ResultComparison;
  readonly planted: ResultComparison;
}

/** Compares a scenario with itself and with 5 % longer service times, several times, by what `compare` does. */
export async function selfCheck(named: NamedScenario, options: SelfCheckOptions, signals: StopSignals): Promise<SelfChecked> {
  if (!named.points.some(({ scenario }) => hasStatedWork(scenario)))
    throw new UserError(`compare: ${quoted(named.name)} states no service time that could be made longer`);
  const { figures, noise, access, say, times, ...asked } = options;
  const pairs: Pair[] = [];
  const counts = { reruns: 0, refused: 0 };
  let stoppedBy: StopSignal | null = null;
  for (let time = 0; time < times && stoppedBy === null; time++) {
    say(`comparison ${time + 1} of ${times}`);
    const onEvent = armProgress(["A", "A again", "A with 5 % longer service"], asked.rounds, say);
    const order = { seed: named.scenario.seed + time, access, onEvent, endsRefused: true };
    const ran = await runArms([named, named, longer(named)], { ...asked, ...order }, signals);
    stoppedBy = ran.stoppedBy;
    if (stoppedBy !== null) break;
    counts.reruns += ran.reruns.reduce((sum, count) => sum + count, 0);
    if (ran.refused) counts.refused++;
    const [a, again, planted] = ran.results.map((result) => ({ name: "", result, reruns: 0 }));
    if (ran.refused || a === undefined || again === undefined || planted === undefined) continue;
    const pair = { same: compareArms(a, again, figures, asked, noise), planted: compareArms(a, planted, figures, asked, noise) };
    noise.add(a.result, pair.same);
    pairs.push(pair);
  }
  const valid = pairs.every(({ same, planted }) => same.valid && planted.valid);
  const comparisons = pairs.length + counts.refused;
  return {
    check: { schemaVersion: 1, scenario: named.name, rounds: asked.rounds, comparisons, ...counts, ...ratesOf(pairs) },
    valid,
    stoppedBy,
  };
}

function longer(named: NamedScenario): NamedScenario {
  const points = named.points.map((point) => ({ ...point, scenario: withLongerWork(point.scenario, PLANTED) }));
  return { ...named, points, scenario: withLongerWork(named.scenario, PLANTED) };
}

/** Both rates over comparisons that the gate let through. */
export function ratesOf(pairs: readonly Pair[]): Pick<SelfCheckRates, "different" | "found"> {
  const cases = (comparison: ResultComparison) => [...Map.groupBy(comparison.comparisons, caseKey).values()];
  const same = pairs.flatMap((pair) => cases(pair.same));
  const planted = pairs.flatMap((pair) => cases(pair.planted));
  const different = same.filter((rows) => rows.some(({ verdict }) => verdict === "better" || verdict === "worse"));
  const found = planted.filter((rows) => rows.some(({ metric, verdict }) => metric === SHOWS_IN && verdict === "worse"));
  return { different: { count: different.length, of: same.length }, found: { count: found.length, of: planted.length } };
}

/** Both rates, in words. */
export function selfCheckText({ scenario, rounds, comparisons, refused, reruns, different, found }: SelfCheckRates): string {
  return [
    `${scenario} against itself, and against itself with 5 % longer service times: ${comparisons} comparisons of ${rounds} rounds`,
    `  nothing changed, and some figure was called better or worse: ${different.count} of ${different.of}`,
    `  5 % longer service times, and ${SHOWS_IN} was called worse:   ${found.count} of ${found.of}`,
    `  refused, since a case stayed disturbed: ${refused} of ${comparisons}; disturbed cases that were run again: ${reruns}`,
    "",
  ].join("\n");
}
