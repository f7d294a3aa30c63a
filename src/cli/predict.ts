import { coreCount } from "../engine/machine.ts";
import { UserError } from "../kernel/problem.ts";
import { printable, quoted, safeJson } from "../kernel/text.ts";
import { formatCount, formatMs, formatShare } from "../kernel/units.ts";
import { planCases } from "../plan/plan.ts";
import { findScenario } from "../scenario/find.ts";
import { loadScenarioFile } from "../scenario/load.ts";
import type { Prediction } from "../telemetry/result.ts";
import { predict } from "../theory/predict.ts";
import { paramsText } from "../views/report/sweep.ts";
import { textTable } from "../views/report/table.ts";
import { overridesOf, type RunFlags } from "./flags.ts";

export interface PredictFlags extends Pick<RunFlags, "mode" | "duration" | "rate" | "seed" | "set" | "workers"> {
  readonly cores?: string;
  readonly json?: boolean;
}

/** `lab-tui predict SCENARIO`: what theory and the simulator expect, on this machine or one of so many cores. */
export function predictScenario(asked: string, { cores: askedCores, json, ...flags }: PredictFlags): void {
  const cores = askedCores === undefined ? coreCount() : Number(askedCores);
  if (!Number.isInteger(cores) || cores < 1 || cores > 1_000_000) {
    throw new UserError(`--cores: must be a whole number from 1 to 1000000, got ${quoted(askedCores)}`);
  }
  const file = findScenario(asked);
  const { scenario, points } = loadScenarioFile(file, overridesOf(flags, file));
  const cases = planCases(points, cores).map((plan) => ({ mode: plan.mode, params: plan.params, predicted: predict({ ...plan, cores }) }));
  if (json === true) {
    process.stdout.write(`${safeJson({ cases }, 2)}\n`);
    return;
  }
  const rows = cases.map(({ mode, params, predicted }) => [`${mode} ${paramsText(params)}`.trim(), ...cells(predicted)]);
  process.stdout.write(`${printable(scenario.title, 200)}, on ${cores} ${cores === 1 ? "core" : "cores"}\n\n`);
  process.stdout.write(`${textTable(["case", "capacity", "done/s", "used", "sojourn", "p99", "bottleneck", "model"], rows)}\n`);
}

function cells({ capacity, throughput, utilization, sojournMean, sojournP99, bottleneck, model }: Prediction): string[] {
  const or = (value: number | null, text: (value: number) => string) => (value === null ? "–" : text(value));
  return [
    or(capacity, formatCount),
    or(throughput, formatCount),
    or(utilization, formatShare),
    or(sojournMean, formatMs),
    or(sojournP99, formatMs),
    bottleneck,
    model,
  ];
}
