import { machineFor } from "../../engine/run/machine.ts";
import { foreseenCase } from "../../engine/run/probe.ts";
import { UserError } from "../../kernel/problem.ts";
import { printable, quoted, safeJson } from "../../kernel/text.ts";
import { formatCount, formatMs, formatShare, parseDuration } from "../../kernel/units.ts";
import { sketchArrivals } from "../../load/sketch.ts";
import { planCases } from "../../plan/plan.ts";
import { findScenario } from "../../scenario/find.ts";
import { type ReadText, scenarioWithFlags } from "../../scenario/load.ts";
import { MODE_TRAITS } from "../../scenario/modes.ts";
import type { Scenario } from "../../scenario/schema.ts";
import { type Allowance, coresText, readAllowance, threadsFor } from "../../telemetry/allowance.ts";
import { paramsText } from "../../telemetry/params.ts";
import type { Prediction, SteadyState } from "../../telemetry/prediction.ts";
import type { Expected } from "../../theory/demand.ts";
import { predict } from "../../theory/predict.ts";
import { usualCosts } from "../../theory/redis.ts";
import { intentLines, oneLine } from "../../views/report/intent.ts";
import { textTable } from "../../views/report/table.ts";
import { wrappedText } from "../../views/report/wrapping.ts";
import { numberFrom, type RunFlags } from "../flags.ts";
import { widthOf } from "../terminal.ts";

export interface PredictFlags extends Pick<RunFlags, "mode" | "duration" | "rate" | "seed" | "set" | "workers"> {
  readonly cores?: string;
  readonly hosts?: string;
  readonly roundTrip?: string;
  readonly json?: boolean;
}

/**
 * `lab-tui predict SCENARIO`: predictions by theory and simulator, for this machine, one with another number of cores, or several; these
 * are of mode `distributed`, unless others are asked for.
 */
export function predictScenario(asked: string, { cores, hosts, roundTrip, json, ...given }: PredictFlags, read?: ReadText): void {
  const allowance = cores === undefined ? readAllowance() : machineOf(cores);
  const count = hosts === undefined ? 1 : numberFrom("--hosts", hosts, 1, MOST_HOSTS);
  const machine = machineFor(allowance);
  const many = { ...machine, hosts: count, ...(roundTrip === undefined ? {} : { roundTrip: secondsOf(roundTrip) }) };
  const flags = hosts === undefined || given.mode !== undefined ? given : { ...given, mode: "distributed" };
  const { scenario, points } = scenarioWithFlags(findScenario(asked), flags, read);
  // --workers: of all hosts together.
  const each = given.workers === undefined || given.workers === "auto";
  const plans = planCases(points, threadsFor(allowance), hosts !== undefined && each ? count : null);
  const cases = plans.map((plan) => ({
    mode: plan.mode,
    params: plan.params,
    predicted: predict({ ...foreseenCase(plan, plans, machine), ...(MODE_TRAITS[plan.mode].remote ? many : machine) }),
  }));
  if (json === true) {
    const arrivals = sketchArrivals(scenario.load, scenario.seed, SPANS);
    process.stdout.write(`${safeJson({ cases, arrivals }, 2)}\n`);
    return;
  }
  const on = count === 1 ? coresText(allowance) : `${count} hosts, each ${coresText(allowance)}`;
  const rows = cases.map(({ mode, params, predicted }) => [`${mode} ${paramsText(params)}`.trim(), ...cells(predicted)]);
  const columns = widthOf(process.stdout) ?? Number.POSITIVE_INFINITY;
  const intent = intentLines(scenario).map((line) => wrappedText(line, columns, ""));
  const paragraphs = [`${printable(scenario.title, 200)}, on ${on}`, ...intent].map((line) => line.split("\n"));
  for (const lines of [...paragraphs, expectedLines(scenario)]) {
    if (lines.length > 0) process.stdout.write(`${lines.map((line) => wrappedText(line, columns)).join("\n")}\n\n`);
  }
  process.stdout.write(`${textTable(COLUMNS, rows)}\n`);
  const remote = cases.some(({ mode }) => MODE_TRAITS[mode].remote);
  const notes = [...new Set([...cases.flatMap(({ predicted }) => notesOf(predicted)), ...(remote ? [costsNote(many)] : [])])];
  if (notes.length > 0) process.stdout.write(`\n${notes.map((line) => wrappedText(line, columns)).join("\n")}\n`);
}

/** Spans of the sketch of arrivals. */
const SPANS = 100;

const MOST_HOSTS = 1024;
const MOST_CORES = 1_000_000;

/** Seconds of a flag's duration. */
function secondsOf(text: string): number {
  const parsed = parseDuration(text);
  if (parsed === null) throw new UserError(`--round-trip: must be a duration such as 0.5ms, got ${quoted(text)}`);
  return parsed / 1e6;
}

/** A machine with this number of cores, without a quota. */
function machineOf(asked: string): Allowance {
  const cores = numberFrom("--cores", asked, 1, MOST_CORES);
  return { cores, places: cores, quota: null, limits: null };
}

const COLUMNS = ["case", "capacity", "done/s", "used", "sojourn", "p99", "bottleneck", "model", "settles at (9 of 10 runs)"];

/** Notes on the figures of the table. */
function notesOf({ sojournMean, steadyState, part, capacity, drawn }: Prediction): string[] {
  return [
    sojournMean === null ? [] : "sojourn and p99: of the run's own arrivals and service times, simulated.",
    steadyState == null
      ? []
      : "settles at: the mean sojourn time by the model's formula, and between which nine of ten runs of this length have it.",
    drawn == null
      ? []
      : `The capacity of ${formatCount(capacity ?? 0)}/s is of the work as it was drawn, ${formatMs(drawn)} on average: more is done of that than by its mean.`,
    part == null ? [] : `Of ${formatCount(part.of)} arrivals the first ${formatCount(part.arrivals)} were simulated.`,
  ].flat();
}

/** The assumed costs of Redis. */
function costsNote(machine: Pick<Expected, "hosts" | "roundTrip">): string {
  const { add, added, take, taken, commit, committed, read, readEach, roundTrip } = usualCosts(machine, 1000);
  const calls = formatMs(add + take + commit + read);
  return `distributed: round trips of ${formatMs(roundTrip)}; Redis computes ${calls} for the calls of a batch, and ${formatMs(added + taken + committed + readEach)} for a message.`;
}

/** The scenario's expectations, which a run would judge. */
function expectedLines({ expect = [] }: Scenario): string[] {
  if (expect.length === 0) return [];
  const lines = expect.flatMap(({ that, because }) => [
    ...(because === undefined ? [] : [`  ${oneLine(because)}`]),
    `    ${printable(that, 500)}`,
  ]);
  return ["A run will judge:", ...lines];
}

function cells({ capacity, throughput, utilization, sojournMean, sojournP99, bottleneck, model, steadyState }: Prediction): string[] {
  const or = (value: number | null, text: (value: number) => string) => (value === null ? "–" : text(value));
  return [
    or(capacity, formatCount),
    or(throughput, formatCount),
    or(utilization, formatShare),
    or(sojournMean, formatMs),
    or(sojournP99, formatMs),
    bottleneck,
    model,
    steadyState == null ? "–" : settles(steadyState),
  ];
}

function settles({ sojournMean, band }: SteadyState): string {
  const [low, high] = band.map((end) => formatMs(end));
  return low === high ? formatMs(sojournMean) : `${formatMs(sojournMean)} (${low} to ${high})`;
}
