import { roundKey } from "../../analysis/repeats.ts";
import { type CasePlan, inRounds, type NamedScenario } from "../../plan/plan.ts";
import { isDisturbed } from "../../telemetry/disturbance.ts";
import type { RunEvent } from "../../telemetry/events.ts";
import type { RunResult } from "../../telemetry/result.ts";
import type { RequestAccess } from "../../workloads/access.ts";
import type { RanCase } from "./asked-rates.ts";
import { ScenarioRun } from "./scenario-run.ts";

/** What an arm of a comparison does; a `ScenarioRun`. */
export interface Arm {
  readonly plans: readonly CasePlan[];
  stopped(): boolean;
  /** Runs a case; run again, it replaces its result. */
  runCase(index: number): Promise<RanCase>;
}

/** Rules of interleaving, fixed before anything runs. */
export interface InterleaveRules {
  /** Of the order of the arms. */
  readonly seed: number;
  /** Most times that a disturbed case is run again. */
  readonly mostReruns: number;
  /** Nothing is run after a case that stayed disturbed. */
  readonly endsRefused?: boolean;
  /** Called before each round but the first. */
  readonly betweenRounds?: () => Promise<void>;
}

/** What interleaving has come to. */
export interface Interleaving {
  /** Reruns of each arm. */
  readonly reruns: readonly number[];
  /** True: it ended at a case that stayed disturbed. */
  readonly refused: boolean;
}

/**
 * Runs the cases that all arms have, in the order of the first arm's plans, each in every arm before the next. The arms' order is shuffled
 * in every other round and reversed in the next, so that each is first as often. A disturbed case is run again at once, whatever its
 * figures.
 */
export async function interleave(arms: readonly Arm[], rules: InterleaveRules): Promise<Interleaving> {
  const { seed, mostReruns, endsRefused = false, betweenRounds = async () => {} } = rules;
  const reruns = arms.map(() => 0);
  const stopped = () => arms.some((arm) => arm.stopped());
  let present = 0;
  for (const { arm, index, round } of scheduleOf(arms, seed)) {
    if (round !== present && !stopped()) await betweenRounds();
    present = round;
    for (let again = 0; !stopped(); again++) {
      const ran = await arms[arm]?.runCase(index);
      if (ran === undefined || !isDisturbed(ran.result)) break;
      if (again === mostReruns && endsRefused) return { reruns, refused: true };
      if (again === mostReruns || stopped()) break;
      reruns[arm] = (reruns[arm] ?? 0) + 1;
    }
  }
  return { reruns, refused: false };
}

/** A case of an arm. */
interface Step {
  readonly arm: number;
  readonly index: number;
  readonly round: number;
}

function scheduleOf(arms: readonly Arm[], seed: number): Step[] {
  const plans = arms[0]?.plans ?? [];
  const orders = inRounds([...arms.keys()], plans.length, seed);
  const places = arms.map(({ plans: own }) => new Map(own.map((plan, index) => [roundKey(plan), index])));
  const before = (plan: CasePlan) => places[0]?.get(roundKey({ ...plan, repeat: (plan.repeat ?? 0) - 1 })) ?? -1;
  return plans.flatMap((plan, i) => {
    const round = plan.repeat ?? 0;
    const steps = places.map((own, arm): Step => ({ arm, index: own.get(roundKey(plan)) ?? -1, round }));
    if (steps.some(({ index }) => index < 0)) return [];
    const order = round % 2 === 0 ? orders[i] : orders[before(plan)]?.toReversed();
    return (order ?? []).flatMap((arm) => steps[arm] ?? []);
  });
}

export interface InterleavedOptions extends InterleaveRules {
  readonly rounds: number;
  readonly access?: RequestAccess;
  readonly onEvent?: (arm: number, event: RunEvent) => void;
}

/** The results of the arms. */
export interface Interleaved extends Interleaving {
  readonly results: readonly RunResult[];
}

/**
 * Runs of several scenarios, round by round and side by side. All arms of a round have one calibration; each round has its own, so that a
 * core whose speed has changed since the first round disturbs none of the later ones.
 */
export function startInterleaved(
  scenarios: readonly NamedScenario[],
  options: InterleavedOptions,
): { readonly result: Promise<Interleaved>; stop(): void } {
  const { rounds, access, onEvent } = options;
  const arms = scenarios.map((named, arm) => {
    const shared = { repeats: { rounds, untilShare: null }, ...(access === undefined ? {} : { access }) };
    return new ScenarioRun(named, { ...shared, onEvent: (event) => onEvent?.(arm, event) });
  });
  const run = async (): Promise<Interleaved> => {
    try {
      const calibrating = () => arms.find(({ calibrated }) => calibrated !== null);
      for (const arm of arms) await arm.open(calibrating()?.calibrated ?? null);
      const betweenRounds = async () => {
        const calibration = (await calibrating()?.calibrateAgain()) ?? null;
        if (calibration !== null) for (const arm of arms) arm.adoptCalibration(calibration);
      };
      const interleaving = await interleave(arms, { ...options, betweenRounds });
      return { results: arms.map((arm) => arm.finished()), ...interleaving };
    } finally {
      for (const arm of arms) arm.close();
    }
  };
  return {
    result: run(),
    stop: () => {
      for (const arm of arms) arm.stop();
    },
  };
}
