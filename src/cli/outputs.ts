import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync, rmSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { UserError, fileProblem } from "../kernel/problem.ts";
import { printable } from "../kernel/text.ts";
import type { RunResult } from "../telemetry/result.ts";
import type { RunFlags } from "./run.ts";

/** The files a run writes. Whether they can be written is found out before anything runs. */
export class Outputs {
  constructor(
    private readonly flags: RunFlags,
    private readonly scenarios: number,
    private readonly cases: number,
  ) {}

  checkWritable(): void {
    const { json, out, dumpState, force } = this.flags;
    if (out !== undefined) {
      try {
        mkdirSync(out, { recursive: true });
        accessSync(out, constants.W_OK);
      } catch (error) {
        throw new UserError(`--out: ${printable(out, 200)} cannot be written: ${fileProblem(error)}`);
      }
      if (existsSync(this.resultFile(out)) && force !== true) {
        throw new UserError(`--out: ${printable(this.resultFile(out), 200)} exists already; --force overwrites it`);
      }
      tryFile("--out", this.resultFile(out));
    }
    if (json !== undefined && json !== "-") tryFile("--json", json);
    if (dumpState !== undefined) tryFile("--dump-state", this.stateFile(0, "sync") ?? dumpState);
  }

  /** Where the state of a case goes; with several cases its number and mode are in the name. */
  stateFile(index: number, mode: string): string | null {
    const file = this.flags.dumpState;
    if (file === undefined || this.cases === 1) return file ?? null;
    const extension = extname(file);
    return `${file.slice(0, file.length - extension.length)}-${index}-${mode}${extension}`;
  }

  /** Writes all results so far; called after every scenario, so that nothing is lost later. */
  write(results: readonly RunResult[]): void {
    const value = this.scenarios === 1 ? results[0] : results;
    const text = `${JSON.stringify(value, null, 2)}\n`;
    const { json, out } = this.flags;
    const last = results.length === this.scenarios;
    if (json === "-") {
      if (last) process.stdout.write(text);
    } else if (json !== undefined) this.writeFile("--json", json, text);
    if (out !== undefined) this.writeFile("--out", this.resultFile(out), text);
  }

  private resultFile(out: string): string {
    return join(out, "result.json");
  }

  private writeFile(flag: string, file: string, text: string): void {
    try {
      writeFileSync(file, text);
    } catch (error) {
      throw new UserError(`${flag}: ${printable(file, 200)} cannot be written: ${fileProblem(error)}`);
    }
  }
}

/** Opens the file for writing and closes it again; leaves nothing behind that was not there. */
function tryFile(flag: string, file: string): void {
  const existed = existsSync(file);
  try {
    closeSync(openSync(file, "a"));
  } catch (error) {
    throw new UserError(`${flag}: ${printable(file, 200)} cannot be written: ${fileProblem(error)}`);
  }
  if (!existed) rmSync(file, { force: true });
}
