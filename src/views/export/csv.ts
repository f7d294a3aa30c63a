import { isRepeated } from "../../analysis/repeats.ts";
import { printable } from "../../kernel/text.ts";
import type { HostFigures } from "../../telemetry/distributed-figures.ts";
import { isDisturbed } from "../../telemetry/disturbance.ts";
import { metricNamed, metricNames } from "../../telemetry/metrics.ts";
import { paramsText } from "../../telemetry/params.ts";
import type { CaseResult, RunResult } from "../../telemetry/result.ts";

const HEADING = ["run", "scenario", "mode", "params", "metric", "field", "value"];

/**
 * The figures of a run in long form, one per line (RFC 4180): times in milliseconds, rates per second, sizes in bytes; an empty value: not
 * measured, or too few items bear it. `run`: the instant at which it started. The metrics `valid` and `disturbed` are 1 or 0.
 * `arrival_rate` is there where it was changed by hand: from the instant in its field on. Of cases that ran several times, a last column has
 * the repeat, from 0.
 */
export function csvOf(result: RunResult): string {
  const repeated = isRepeated(result.cases);
  const lines = result.cases.flatMap((one) => {
    const where = [result.startedAt, result.scenario.name, one.mode, paramsText(one.params)];
    const last = repeated ? [one.repeat ?? null] : [];
    return figuresOf(one, result.scenario.workload).map((figure) => [...where, ...figure, ...last]);
  });
  return [[...HEADING, ...(repeated ? ["repeat"] : [])], ...lines].map((cells) => `${cells.map(csvCell).join(",")}\r\n`).join("");
}

type Figure = readonly [metric: string, field: string, value: number | null];

function figuresOf(one: CaseResult, workload: string): Figure[] {
  const measured = metricNames(workload).flatMap((name): Figure[] => {
    const found = metricNamed(name);
    return (found?.fields ?? []).filter((field) => field !== "").map((field) => [name, field, found?.read(one, field) ?? null]);
  });
  const { predicted } = one;
  return [
    ["valid", "value", one.status === "completed" || one.status === "aborted" ? 1 : 0],
    ["disturbed", "value", isDisturbed(one) ? 1 : 0],
    ...measured,
    ...(one.rateChanges ?? []).map(({ atMs, rate }): Figure => ["arrival_rate", `from ${atMs} ms`, rate]),
    ...(one.hosts ?? []).flatMap(hostFigures),
    ["throughput", "predicted", predicted.throughput],
    ["sojourn_ms", "predicted avg", predicted.sojournMean],
    ["sojourn_ms", "predicted p(99)", predicted.sojournP99],
  ];
}

/** Figures of one host, whose name is part of the metric's. */
function hostFigures({ name, processed, cpuMs, clockOffsetMs, clockErrorMs, startSkewMs, status }: HostFigures): Figure[] {
  const metric = `host ${printable(name, 40)}`;
  return [
    [metric, "processed", processed],
    [metric, "cpu_ms", cpuMs],
    [metric, "clock_offset_ms", clockOffsetMs],
    [metric, "clock_error_ms", clockErrorMs],
    [metric, "start_skew_ms", startSkewMs],
    [metric, "ok", status === "ok" ? 1 : 0],
  ];
}

/** Beginnings that make a spreadsheet take a cell for a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/** A cell: quoted where needed, without control characters, and with an apostrophe before text that a spreadsheet would compute. */
export function csvCell(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const isNumber = value.trim() !== "" && Number.isFinite(Number(value));
  const text = value.replace(/[^\t\r\n]+/g, (part) => printable(part, Number.POSITIVE_INFINITY));
  const safe = FORMULA.test(text) && !isNumber ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
