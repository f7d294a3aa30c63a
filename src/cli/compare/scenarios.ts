import type { ResultComparison } from "../../analysis/compare.ts";
import { UserError } from "../../kernel/problem.ts";
import { printable, quoted } from "../../kernel/text.ts";
import { findScenario, scenarioFiles, scenarioName } from "../../scenario/find.ts";
import type { RunEvent } from "../../telemetry/events.ts";
import { armProgress } from "../../views/report/arm-progress.ts";
import { NO_ACCESS, type RequestAccess } from "../../workloads/access.ts";
import { RunKeeper } from "../keep.ts";
import { type LoadedForRun, loadForRun } from "../load-scenario.ts";
import type { StopSignal, StopSignals } from "../signals.ts";
import { compareArms, runArms } from "./arms.ts";
import { Noise } from "./noise.ts";
import { type ComparedFigures, type CompareFlags, roundsAsked } from "./settings.ts";

/** True for names of scenarios, and files of that kind. */
export function isScenario(name: string): boolean {
  return /\.ya?ml$/i.test(name) || scenarioFiles().some((file) => scenarioName(file) === name);
}

export interface ScenariosCompared {
  readonly comparison: ResultComparison;
  readonly stoppedBy: StopSignal | null;
}

/** Runs two scenarios, or one with changes and without, round by round, and compares them. */
export async function compareScenarios(
  a: string,
  b: string | undefined,
  flags: CompareFlags,
  figures: ComparedFigures,
  signals: StopSignals,
): Promise<ScenariosCompared> {
  const asked = roundsAsked(flags);
  const arms = armsAsked(a, b, flags);
  const { seed } = arms[0].named.scenario;
  const keepers = flags.store === false ? [] : arms.map(() => new RunKeeper());
  const tell = armProgress(["A", "B"], asked.rounds, say);
  const onEvent = (arm: number, event: RunEvent) => {
    keepers[arm]?.onEvent(event);
    tell(arm, event);
  };
  const scenarios = arms.map(({ named }) => named);
  const { results, reruns, stoppedBy } = await runArms(scenarios, { ...asked, seed, access: accessOf(flags), onEvent }, signals);
  for (const [arm, keeper] of keepers.entries()) {
    const result = results[arm];
    if (result !== undefined) keeper.finish(result, []);
    if (keeper.warning !== null) say(keeper.warning);
  }
  const [ofA, ofB] = results.map((result, arm) => ({ name: arms[arm]?.name ?? "", result, reruns: reruns[arm] ?? 0 }));
  if (ofA === undefined || ofB === undefined || ofA.result.cases.length === 0)
    throw new UserError(stoppedBy === null ? "compare: A and B have no case in common" : "compare: stopped before a round was whole");
  const noise = Noise.own();
  const compared = compareArms(ofA, ofB, figures, asked, noise);
  const isWithItself = stoppedBy === null && ofA.result.scenario.hash === ofB.result.scenario.hash;
  const kept = isWithItself ? [noise.add(ofA.result, compared)] : [];
  const order = `A and B ran in turn, in an order shuffled by seed ${seed}`;
  return { comparison: { ...compared, notes: [order, ...compared.notes, ...kept] }, stoppedBy };
}

/** The scenarios of both arms, with the names that the comparison calls them by. */
function armsAsked(a: string, b: string | undefined, flags: CompareFlags) {
  const { with: changes = [], ...common } = flags;
  if (b === undefined && changes.length === 0)
    throw new UserError("compare: B is missing; another scenario, or --with path=value for what is different in B");
  const name = [b ?? a, ...(changes.length === 0 ? [] : ["with", ...changes])].join(" ");
  return [
    { name: a, ...loadArm(a, common) },
    { name, ...loadArm(b ?? a, flags) },
  ] as const;
}

/** Permissions of requests, which write no files. */
export function accessOf({ allowHost = [] }: CompareFlags): RequestAccess {
  return { ...NO_ACCESS, allowedHosts: allowHost };
}

export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** A scenario of a comparison, which must be able to run several times. */
export function loadArm(name: string, flags: CompareFlags): LoadedForRun {
  if (!isScenario(name)) throw new UserError(`compare: ${quoted(name)} is no scenario; two scenarios are compared, or two runs`);
  const loaded = loadForRun(findScenario(name), flags);
  for (const warning of loaded.warnings) say(warning);
  for (const { scenario } of loaded.named.points) {
    if (scenario.load.executor === "replay" && scenario.load.file === "-")
      throw new UserError(`compare: ${printable(name, 80)} reads messages from standard input, which cannot be read twice`);
  }
  return loaded;
}
