import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { numbered } from "../engine/run/case-files.ts";
import { fileProblem } from "../kernel/file-problem.ts";
import { LineFile } from "../kernel/line-file.ts";
import { UserError } from "../kernel/problem.ts";
import { realPath } from "../kernel/real-path.ts";
import { replaceFile, writeAll } from "../kernel/replace-file.ts";
import { temporaryFolder } from "../kernel/temporary-folder.ts";
import { printable } from "../kernel/text.ts";
import type { Scenario } from "../scenario/schema.ts";
import type { RunResult } from "../telemetry/result.ts";
import { jsonOf } from "../views/export/json.ts";
import { junitOfAll } from "../views/export/junit.ts";
import type { RunVerdicts } from "../views/export/test-cases.ts";
import { closingReport } from "../views/report/closing.ts";
import type { RequestAccess } from "../workloads/access.ts";
import type { RunFlags } from "./flags.ts";
import { pour, targetKind } from "./target.ts";

/** The files that a run writes. Whether they can be written is checked before anything runs. */
export class Outputs {
  private readonly requests: string[] = [];
  /** The log has been created. */
  private logging = false;
  /** All results in one text, where a flag asks for it. */
  private readonly reports: readonly Report[];
  /** Temporary files for targets that are not regular files, by flag. */
  private readonly staged = new Map<string, string>();
  private folder = "";

  constructor(
    private readonly flags: RunFlags,
    private readonly scenarios: number,
    /** Modes of the cases of all scenarios. */
    private readonly modes: readonly string[],
    /** A result with the places of its verdicts and its comparison with a baseline. */
    judged: (result: RunResult, scenario: number) => RunVerdicts,
  ) {
    const { json, junit } = flags;
    const asked = [
      { flag: "--json", target: json, text: (results: readonly RunResult[]) => this.textOf(results) },
      { flag: "--junit", target: junit, text: (results: readonly RunResult[]) => junitOfAll(results.map(judged)) },
    ];
    this.reports = asked.flatMap(({ target, ...rest }) => (target === undefined ? [] : { target, ...rest }));
  }

  /** Checks the state files, whose number depends on the scenarios. */
  checkStateFiles(): void {
    for (const [index, mode] of this.modes.entries()) {
      const file = this.stateFile(index, mode);
      if (file === null) break;
      const same = this.reports.find(({ target }) => realPath(file) === realPath(target));
      if (same !== undefined) throw new UserError(`--dump-state and ${same.flag} name the same file`);
      tryFile("--dump-state", file);
    }
  }

  /** Checks that no input of the scenarios is overwritten, and no file written twice. `runs`: the points of each scenario, by its file. */
  spareInputs(runs: readonly Planned[]): void {
    const scenarios = runs.flatMap(({ points }) => points);
    const inputs = new Map(scenarios.flatMap(inputsOf).map(([field, file]) => [realPath(file), `what ${field} reads`]));
    const taken = new Map(runs.map(({ file }) => [realPath(file), "a scenario of this run"]));
    for (const [flag, file] of this.targets()) {
      const input = inputs.get(realPath(file));
      if (input !== undefined) throw new UserError(`${flag}: ${printable(file, 200)} is ${input}`);
      taken.set(realPath(file), `what ${flag} writes`);
    }
    for (const run of runs) {
      const lists = new Set(run.points.flatMap(({ fetch }) => fetch?.urlsFile ?? []).map(realPath));
      for (const file of deadLettersOf(run)) {
        const at = realPath(file);
        // A dead-letter list may be replaced by what remains of it.
        const other = taken.get(at) ?? (lists.has(at) ? undefined : inputs.get(at));
        if (other !== undefined) throw new UserError(`fetch.deadLetter: ${printable(file, 200)} is ${other}`);
        taken.set(at, "where other dead letters go");
      }
    }
  }

  private targets(): (readonly [flag: string, file: string])[] {
    const { out, log } = this.flags;
    const states = this.modes.flatMap((mode, index) => this.stateFile(index, mode) ?? []);
    return [
      ...this.reports.filter(isFile).map(({ flag, target }) => [flag, target] as const),
      ...(log === undefined || targetKind(log) !== "file" ? [] : [["--log", log] as const]),
      ...(out === undefined ? [] : outFiles(out).map((file) => ["--out", file] as const)),
      ...states.map((file) => ["--dump-state", file] as const),
    ];
  }

  /** Permissions of a scenario's requests, and the files they write to. */
  access(scenario: number, makesRequests: boolean): RequestAccess {
    const { allowHost = [], log, logUrls, keepRequests } = this.flags;
    const logFile = log === undefined ? null : resolve(this.fileFor("--log", log));
    if (logFile !== null && makesRequests && !this.logging) {
      createFile("--log", logFile);
      this.logging = true;
    }
    const kept = keepRequests === true && makesRequests;
    const requests = kept ? join(temporaryFolder(), "requests.ndjson") : null;
    if (requests !== null) this.requests[scenario] = requests;
    const files = { deadLetter: null, log: logFile, logUrls: logUrls === true, requests };
    return { allowedHosts: allowHost, files };
  }

  /** The stored requests of each case of a scenario, where there are some. */
  requestFiles(scenario: number, { cases }: RunResult): (readonly [index: number, file: string])[] {
    const file = this.requests[scenario];
    if (file === undefined) return [];
    const files = cases.map(({ mode }, i) => [i, cases.length > 1 ? numbered(file, i, mode) : file] as const);
    return files.filter(([, name]) => existsSync(name));
  }

  /** The state file of a case; with several cases its name contains number and mode. */
  stateFile(index: number, mode: string): string | null {
    const file = this.flags.dumpState;
    if (file === undefined) return null;
    if (this.modes.length === 1) return this.fileFor("--dump-state", file);
    return targetKind(file) === "file" ? numbered(file, index, mode) : this.refused(file);
  }

  private refused(file: string): never {
    throw new UserError(
      `--dump-state: ${printable(file, 200)} takes the states of one case, and this run has ${this.modes.length}; name a file`,
    );
  }

  /** The file that a runner writes: the requested one, or a temporary one where that is not a regular file. */
  private fileFor(flag: string, asked: string): string {
    if (targetKind(asked) === "file") return asked;
    if (this.folder === "") this.folder = temporaryFolder();
    const file = join(this.folder, flag.slice(2));
    this.staged.set(flag, file);
    return file;
  }

  /** Writes all results so far; called after every scenario, so that nothing is lost later. */
  write(results: readonly RunResult[]): void {
    for (const { flag, target, text } of this.reports.filter(isFile)) this.writeFile(flag, target, text(results));
    const { out } = this.flags;
    if (out === undefined) return;
    this.writeFile("--out", resultFile(out), this.textOf(results));
    this.writeFile("--out", summaryFile(out), results.map((result) => closingReport(result, 120)).join("\n"));
    // Loaded where it is asked for: a run without it starts a tenth sooner.
    const { htmlOf } = require("../views/export/html.ts") as typeof import("../views/export/html.ts");
    this.writeFile("--out", reportFile(out), htmlOf(results));
  }

  /** Ends the output: standard output and other streams are written in one piece. */
  async finish(results: readonly RunResult[]): Promise<void> {
    const { log, dumpState } = this.flags;
    try {
      for (const report of this.reports) {
        if (!isFile(report)) await this.pour(report.flag, { text: report.text(results) }, report.target);
      }
      for (const [flag, path] of [
        ["--dump-state", dumpState],
        ["--log", log],
      ] as const) {
        const file = this.staged.get(flag);
        if (file !== undefined && path !== undefined && existsSync(file)) await this.pour(flag, { file }, path);
      }
    } finally {
      if (this.folder !== "") rmSync(this.folder, { recursive: true, force: true });
    }
  }

  private async pour(flag: string, source: Parameters<typeof pour>[0], path: string): Promise<void> {
    try {
      await pour(source, path);
    } catch (error) {
      // A reader of standard output that has gone is no failure; one that fails is reported where the process ends.
      if (targetKind(path) !== "stdout") throw unwritable(flag, path, error);
    }
  }

  private textOf(results: readonly RunResult[]): string {
    return jsonOf(this.scenarios === 1 ? (results[0] ?? null) : results);
  }

  private writeFile(flag: string, file: string, text: string): void {
    try {
      replaceFile(file, (descriptor) => writeAll(descriptor, text));
    } catch (error) {
      throw unwritable(flag, file, error);
    }
  }
}

/** A text made of all results, and where it goes. */
interface Report {
  readonly flag: string;
  readonly target: string;
  readonly text: (results: readonly RunResult[]) => string;
}

function isFile({ target }: Report): boolean {
  return targetKind(target) === "file";
}

function unwritable(flag: string, file: string, error: unknown): UserError {
  return new UserError(`${flag}: ${printable(file, 200)} cannot be written: ${fileProblem(error)}`);
}

function resultFile(out: string): string {
  return join(out, "result.json");
}

function summaryFile(out: string): string {
  return join(out, "summary.txt");
}

function reportFile(out: string): string {
  return join(out, "report.html");
}

function outFiles(out: string): string[] {
  return [resultFile(out), summaryFile(out), reportFile(out)];
}

/** A scenario file and its points. */
export interface Planned {
  readonly file: string;
  readonly points: readonly Scenario[];
}

/** Every file that a run may write dead letters to. */
function deadLettersOf({ points }: Planned): string[] {
  const modes = points.flatMap((point) => point.modes);
  const asked = new Set(points.flatMap(({ fetch }) => fetch?.deadLetter ?? []));
  return [...asked].flatMap((file) => (modes.length === 1 ? [file] : [file, ...modes.map((mode, i) => numbered(file, i, mode))]));
}

/** The files that a scenario reads, by field. */
function inputsOf({ load, work, fetch, flow }: Scenario): (readonly [field: string, file: string])[] {
  const replayed = load.executor === "replay" && load.file !== "-" ? load.file : undefined;
  const files = { "load.file": replayed, "work.module": work.module, "flow.module": flow?.module, "fetch.urlsFile": fetch?.urlsFile };
  return Object.entries(files).flatMap(([field, file]) => (file === undefined ? [] : [[field, file] as const]));
}

/** Checks that a run's outputs can be written, are no scenario that it reads, and are all different. */
export function checkTargets({ json, junit, out, log, dumpState, cast, force }: RunFlags, scenarios: readonly string[]): void {
  const taken = new Map(scenarios.map((file) => [realPath(file), "the scenario itself"]));
  for (const [flag, file] of [
    ["--json", json],
    ["--junit", junit],
    ["--dump-state", dumpState],
    ["--log", log],
    ["--cast", cast],
  ] as const) {
    if (file === undefined) continue;
    const place = targetKind(file) === "stdout" ? "-" : realPath(file);
    const other = taken.get(place);
    if (other !== undefined) throw new UserError(`${flag}: ${printable(file, 200)} is ${other}`);
    taken.set(place, `what ${flag} writes`);
  }
  if (out !== undefined) {
    try {
      mkdirSync(out, { recursive: true });
      accessSync(out, constants.W_OK);
    } catch (error) {
      throw unwritable("--out", out, error);
    }
    for (const file of outFiles(out)) {
      if (existsSync(file) && force !== true) {
        throw new UserError(`--out: ${printable(file, 200)} exists already; --force overwrites it`);
      }
      tryFile("--out", file);
    }
  }
  if (json !== undefined) tryFile("--json", json);
  if (junit !== undefined) tryFile("--junit", junit);
}

/**
 * Opens the file for writing and closes it again; removes it if it did not exist. Targets that are not regular files are opened only once,
 * to be written.
 */
export function tryFile(flag: string, file: string): void {
  const kind = targetKind(file);
  if (kind === "stdout") return;
  if (kind === "stream") {
    try {
      accessSync(file, constants.W_OK);
    } catch (error) {
      throw unwritable(flag, file, error);
    }
    return;
  }
  const existed = existsSync(file);
  try {
    closeSync(openSync(file, "a"));
  } catch (error) {
    throw unwritable(flag, file, error);
  }
  if (!existed) rmSync(file, { force: true });
}

function createFile(flag: string, file: string): void {
  try {
    LineFile.create(file);
  } catch (error) {
    throw unwritable(flag, file, error);
  }
}
