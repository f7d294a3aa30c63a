import { EXIT } from "../kernel/exit.ts";
import { formatProblem, InvalidScenario, UserError } from "../kernel/problem.ts";
import { printable } from "../kernel/text.ts";
import type { Host } from "./command.ts";
import { StopSignals } from "./signals.ts";

/**
 * Reads and executes the command line. Never throws; resolves with the process's exit code. `signals`: of a caller that ends the process
 * afterwards; by default they are handled only during the call.
 */
export async function main(argv: readonly string[], signals?: StopSignals): Promise<number> {
  let code: number = EXIT.done;
  const exit = (other: number) => {
    code = other;
  };
  const host: Host = { exit, signals: signals ?? new StopSignals() };
  try {
    checkWorkingFolder();
    await perform(argv, host);
    return code;
  } catch (error) {
    return explainFailure(error);
  } finally {
    if (signals === undefined) host.signals.close();
  }
}

/** The console is there at once; whatever else is asked for is parsed, by a package that is slow to load. */
async function perform(argv: readonly string[], host: Host): Promise<void> {
  const openConsole = async () => {
    const console = await import("./commands/console.ts");
    host.exit(await console.openConsole(host.signals));
  };
  if (argv.length === 0) return await openConsole();
  const { execute } = await import("./command-line.ts");
  await execute(argv, host, openConsole);
}

function checkWorkingFolder(): void {
  try {
    process.cwd();
  } catch {
    throw new UserError("The working folder is gone; change to one that is there");
  }
}

function explainFailure(error: unknown): number {
  if (error instanceof InvalidScenario) {
    for (const problem of error.problems) process.stderr.write(`${formatProblem(problem)}\n`);
    return error.exitCode;
  }
  if (error instanceof UserError) {
    process.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
  const what = printable(error instanceof Error ? error.message : String(error), 400);
  process.stderr.write(`lab-tui met an error of its own: ${what}\n`);
  return EXIT.internal;
}
