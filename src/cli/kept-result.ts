import { existsSync, readFileSync, statSync } from "node:fs";
import { fileProblem } from "../kernel/file-problem.ts";
import { isPlainMap, valueAt } from "../kernel/plain-value.ts";
import { UserError } from "../kernel/problem.ts";
import { printable } from "../kernel/text.ts";
import { withLaterFields } from "../store/kept-result.ts";
import { RESULT_VERSION, type RunResult } from "../telemetry/result.ts";
import { baselineIn, baselineNamed } from "./baseline-name.ts";
import { unknownRun, withStore } from "./keep.ts";

/** Largest result file, in bytes: no run writes a larger one. */
const LARGEST = 512e6;

/** The result of a past run, by its name or `last`, of a baseline, `baseline:NAME` or `baseline:NAME@SCENARIO`, or of a result file. */
export function keptResult(run: string): RunResult {
  const baseline = baselineNamed(run);
  const kept = withStore((store) => (baseline === null ? store.result(run) : baselineIn(store, baseline)));
  if (kept !== null) return kept;
  if (!existsSync(run)) throw unknownRun(run);
  return resultInFile(run);
}

/** The only result in a file. */
export function resultInFile(file: string): RunResult {
  const name = printable(file, 200);
  let value: unknown;
  try {
    if (statSync(file).size > LARGEST) throw new UserError(`${name} is no result: it is larger than any that a run writes`);
    // Without the mark of the byte order that some editors write.
    value = JSON.parse(readFileSync(file, "utf8").replace(/^\uFEFF/, ""));
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(
      `${name} ${error instanceof SyntaxError ? "is no result: it is not JSON" : `cannot be read: ${fileProblem(error)}`}`,
    );
  }
  const results = Array.isArray(value) ? value : [value];
  if (results.length !== 1) throw new UserError(`${name} holds ${results.length} results; a file with one is needed`);
  const [result] = results;
  if (!isResult(result)) throw new UserError(`${name} is no result: a run writes them by --json or --out`);
  if (result.schemaVersion > RESULT_VERSION)
    throw new UserError(`${name} is of a later version (schemaVersion ${result.schemaVersion}); this one reads up to ${RESULT_VERSION}`);
  return withLaterFields(result);
}

function isResult(value: unknown): value is RunResult {
  if (!isPlainMap(value)) return false;
  const { schemaVersion, labVersion, startedAt, scenario, machine, cases, thresholds, repeats = [], hypotheses = [] } = value;
  const texts = [labVersion, startedAt, valueAt(scenario, ["name"]), valueAt(scenario, ["title"])];
  const whole = isVersion(schemaVersion) && texts.every((text) => typeof text === "string") && isPlainMap(machine);
  return whole && [thresholds, repeats, hypotheses].every(isListOfMaps) && Array.isArray(cases) && cases.every(isCase);
}

function isVersion(value: unknown): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 1;
}

function isListOfMaps(value: unknown): boolean {
  return Array.isArray(value) && value.every(isPlainMap);
}

/** Parts of a case that every version writes. */
const PARTS = ["ledger", "latency", "queue", "batches", "queries", "process", "predicted", "tape", "littlesLaw"] as const;

function isCase(value: unknown): boolean {
  if (!isPlainMap(value)) return false;
  const parts = PARTS.every((name) => isPlainMap(value[name])) && isPlainMap(valueAt(value, ["latency", "sojourn"]));
  const measured = ["throughput", "durationMs"].every((name) => typeof value[name] === "number");
  return parts && measured && typeof value["mode"] === "string" && isPlainMap(value["params"]) && isListOfMaps(value["series"]);
}
