import type { Scenario } from "../scenario/schema.ts";
import { takesStatedTime } from "../scenario/work-kinds.ts";

/** Properties of a scenario's work that are known before anything is opened. */

/** True when any of its work is computation, which needs calibration. */
export function computes({ work, flow }: Scenario): boolean {
  const works = [work, flow?.work, ...Object.values(flow?.parts ?? {}).map((part) => part.work)];
  return work.perBatch > 0 || works.some((one) => one?.kind === "cpu" || one?.kind === "mixed");
}

/** Number of parts shown side by side; 0: not an application of parts. */
export function partCount({ flow }: Scenario): number {
  return Object.keys(flow?.parts ?? {}).length;
}

/** The same scenario with constant service times, at their mean. */
export function withSteadyWork(scenario: Scenario): Scenario {
  return withEveryWork(scenario, (work) => ({ ...work, distribution: "constant" as const }));
}

/** The same scenario with service times multiplied by a factor. */
export function withLongerWork(scenario: Scenario, times: number): Scenario {
  return withEveryWork(scenario, (work) => ({ ...work, time: work.time * times }));
}

type Work = Pick<Scenario["work"], "time" | "distribution">;

/** The scenario with its work, and that of each part of its flow, changed. */
function withEveryWork(scenario: Scenario, change: <W extends Work>(work: W) => W): Scenario {
  const changed = <P extends { readonly work?: Work | undefined }>(part: P): P =>
    part.work === undefined ? part : { ...part, work: change(part.work) };
  const { flow } = scenario;
  const work = change(scenario.work);
  if (flow === undefined) return { ...scenario, work };
  const parts = Object.entries(flow.parts ?? {}).map(([name, part]) => [name, changed(part)] as const);
  return { ...scenario, work, flow: { ...changed(flow), ...(flow.parts === undefined ? {} : { parts: Object.fromEntries(parts) }) } };
}

/** True when some of its work takes a time that the scenario states. */
export function hasStatedWork({ workload, work, flow }: Scenario): boolean {
  const works = workload === "message" ? [work] : [flow?.work, ...Object.values(flow?.parts ?? {}).map((part) => part.work)];
  return workload !== "fetch" && works.some((one) => one !== undefined && one.time > 0 && takesStatedTime(one.kind));
}

/** A text that is equal for scenarios that do the same with each item, however it is batched, distributed and limited. */
export function whatIsDone({ workload, work, keys, source, message, fetch, flow }: Scenario): string {
  const { concurrency: _, connections: __, ...asked } = fetch ?? {};
  return JSON.stringify([workload, work, keys, source, message, asked, flow]);
}

/** True when the scenario says how long each item's work takes. */
export function hasKnownWork({ workload, work }: Scenario): boolean {
  return workload === "message" && takesStatedTime(work.kind);
}

/** True when a Worker has keys of its own: an item waits for its Worker though another is free. */
export function keysHaveWorkers({ workload }: Scenario): boolean {
  return workload === "message";
}

/** True when failures signal an overload of the server, since no threshold says how many are allowed. */
export function failuresMeanTooMuch({ workload, thresholds }: Scenario): boolean {
  const said = Object.keys(thresholds ?? {}).some((metric) => metric === "failed" || metric === "fetch_ok");
  return workload === "fetch" && !said;
}

/** The files that a case reads its list from, and writes its dead letters to; null: none. */
export function listFiles({ fetch }: Scenario): { readonly list: string | null; readonly deadLetter: string | null } {
  return { list: fetch?.urlsFile ?? null, deadLetter: fetch?.deadLetter ?? null };
}
