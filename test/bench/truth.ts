import { startRun } from "../../src/engine/run/run.ts";
import { printable } from "../../src/kernel/text.ts";
import { findScenario, SHIPPED, scenarioFiles, scenarioName } from "../../src/scenario/find.ts";
import { loadScenarioFile } from "../../src/scenario/load.ts";
import type { CaseResult, RunResult } from "../../src/telemetry/result.ts";

/** Measured beside predicted, of one shipped scenario. */
export interface TruthRow {
  readonly scenario: string;
  readonly cases: number;
  /** Measured ÷ predicted throughput: the lowest and the highest of all cases; null: theory says nothing of any. */
  readonly throughput: readonly [number, number] | null;
  /** Measured throughput ÷ predicted capacity, of the cases in which more arrives than can be done; null: there is none. */
  readonly saturated: readonly [number, number] | null;
  /** Largest relative error of Little's law. */
  readonly little: number;
  readonly thresholds: readonly [held: number, all: number];
  readonly hypotheses: readonly [held: number, untold: number, all: number];
  readonly seconds: number;
}

/** `lab-tui bench --truth`: runs every shipped scenario, or those named, and says how near theory came. */
export async function truth(json: boolean, names: readonly string[] = []): Promise<void> {
  const rows: TruthRow[] = [];
  for (const file of names.length > 0 ? names.map((name) => findScenario(name)) : scenarioFiles(SHIPPED)) {
    const name = scenarioName(file);
    process.stderr.write(`${printable(name, 80)}\n`);
    const { scenario, points } = loadScenarioFile(file);
    if (scenario.modes.includes("distributed") && Bun.which("redis-server") === null) {
      process.stderr.write("  skipped: there is no redis-server\n");
      continue;
    }
    const from = performance.now();
    const result = await startRun({ name, file, scenario, points }).result;
    rows.push(truthRow(name, result, (performance.now() - from) / 1000));
  }
  process.stdout.write(json ? `${JSON.stringify(rows, null, 2)}\n` : truthTable(rows));
}

export function truthRow(scenario: string, { cases, thresholds, hypotheses = [] }: RunResult, seconds: number): TruthRow {
  const ratios = cases.flatMap(({ throughput, predicted }) => (predicted.throughput === null ? [] : [throughput / predicted.throughput]));
  const saturated = cases.filter(isSaturated).map(({ throughput, predicted }) => throughput / (predicted.capacity ?? Number.NaN));
  return {
    scenario,
    cases: cases.length,
    throughput: ratios.length === 0 ? null : range(ratios),
    saturated: saturated.length === 0 ? null : range(saturated),
    little: Math.max(...cases.map(({ littlesLaw }) => littlesLaw.relativeError)),
    thresholds: [thresholds.filter(({ ok }) => ok).length, thresholds.length],
    hypotheses: [hypotheses.filter(({ ok }) => ok === true).length, hypotheses.filter(({ ok }) => ok === null).length, hypotheses.length],
    seconds,
  };
}

/** More arrives than can be done, and no key or queue decides otherwise. */
function isSaturated({ predicted, offeredRate, params, fetch }: CaseResult): boolean {
  // A list that is asked for once is never more than can be done.
  if (fetch !== undefined) return false;
  const { capacity, bottleneck } = predicted;
  if (capacity === null || bottleneck === "arrivals" || bottleneck === "hot key" || "keys.exponent" in params) return false;
  return (offeredRate ?? 0) > 1.05 * capacity;
}

function range(values: readonly number[]): readonly [number, number] {
  return [Math.min(...values), Math.max(...values)];
}

export function truthTable(rows: readonly TruthRow[]): string {
  const span = ([low, high]: readonly [number, number]) =>
    low.toFixed(3) === high.toFixed(3) ? low.toFixed(3) : `${low.toFixed(3)} … ${high.toFixed(3)}`;
  const lines = rows.map(({ scenario, cases, throughput, saturated, little, thresholds: [held, all], hypotheses, seconds }) => {
    const cells = [scenario, cases, throughput === null ? "–" : span(throughput), saturated === null ? "–" : span(saturated)];
    return `| ${[...cells, `${(little * 100).toFixed(2)} %`, `${held} of ${all}`, `${seconds.toFixed(0)} s`, hypothesesText(hypotheses)].join(" | ")} |`;
  });
  return [
    "| scenario | cases | measured ÷ predicted throughput | saturated: measured ÷ capacity | Little's law off by | thresholds held | took | hypotheses held |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ...lines,
    "",
  ].join("\n");
}

function hypothesesText([held, untold, all]: TruthRow["hypotheses"]): string {
  return `${held} of ${all}${untold === 0 ? "" : `, ${untold} not to be told`}`;
}
