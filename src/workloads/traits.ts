import type { Scenario } from "../scenario/schema.ts";

/** What can be told of a scenario's work before anything of it is opened. */

/** True when any of its work is computing, of which somebody has to know how long it takes here. */
export function computes({ work, flow }: Scenario): boolean {
  const works = [work, flow?.work, ...Object.values(flow?.parts ?? {}).map((part) => part.work)];
  return work.perBatch > 0 || works.some((one) => one?.kind === "cpu" || one?.kind === "mixed");
}

/** Parts of an application that are shown side by side; 0: there is one thing only. */
export function partCount({ flow }: Scenario): number {
  return Object.keys(flow?.parts ?? {}).length;
}

/** The same work, each piece of which takes its mean. */
export function withSteadyWork(scenario: Scenario): Scenario {
  const { flow } = scenario;
  const work = { ...scenario.work, distribution: "constant" as const };
  return flow === undefined ? { ...scenario, work } : { ...scenario, work, flow: steadyFlow(flow) };
}

type FlowSettings = NonNullable<Scenario["flow"]>;

function steadyFlow(flow: FlowSettings): FlowSettings {
  const parts = Object.entries(flow.parts ?? {}).map(([name, part]) => [name, { ...part, ...steady(part) }] as const);
  return { ...flow, ...steady(flow), ...(flow.parts === undefined ? {} : { parts: Object.fromEntries(parts) }) };
}

function steady<W extends object>({ work }: { readonly work?: W | undefined }) {
  return work === undefined ? {} : { work: { ...work, distribution: "constant" as const } };
}

/** A text that is the same for scenarios that do the same with each item, however it is batched, spread and limited. */
export function whatIsDone({ workload, work, keys, source, message, fetch, flow }: Scenario): string {
  const { concurrency: _, connections: __, ...asked } = fetch ?? {};
  return JSON.stringify([workload, work, keys, source, message, asked, flow]);
}

/** Failures are a server's way to say that there is too much, unless the thresholds say how many there may be. */
export function failuresMeanTooMuch({ workload, thresholds }: Scenario): boolean {
  const said = Object.keys(thresholds ?? {}).some((metric) => metric === "failed" || metric === "fetch_ok");
  return workload === "fetch" && !said;
}

/** Files that a case reads its list from, and writes to what of it could not be done; null: there is none. */
export function listFiles({ fetch }: Scenario): { readonly list: string | null; readonly deadLetter: string | null } {
  return { list: fetch?.urlsFile ?? null, deadLetter: fetch?.deadLetter ?? null };
}
