import { Command, CommanderError } from "commander";
import { EXIT } from "../kernel/exit.ts";
import { formatProblem, InvalidScenario, UserError } from "../kernel/problem.ts";
import { suggestion } from "../kernel/spelling.ts";
import { printable, quoted } from "../kernel/text.ts";
import { VERSION } from "../kernel/version.ts";
import type { Declare, Host } from "./command.ts";
import { StopSignals } from "./signals.ts";

/** Declarations of all commands, in the order of the help. A command's code is loaded when it runs. */
const COMMANDS: Readonly<Record<string, () => Promise<{ readonly declare: Declare }>>> = {
  run: () => import("./declare/run.ts"),
  fetch: () => import("./declare/fetch.ts"),
  list: () => import("./declare/list.ts"),
  validate: () => import("./declare/validate.ts"),
  schema: () => import("./declare/schema.ts"),
  new: () => import("./declare/new.ts"),
  explain: () => import("./declare/explain.ts"),
  predict: () => import("./declare/predict.ts"),
  bench: () => import("./declare/bench.ts"),
  serve: () => import("./declare/serve.ts"),
  worker: () => import("./declare/worker.ts"),
  runs: () => import("./declare/runs.ts"),
  show: () => import("./declare/show.ts"),
  compare: () => import("./declare/compare.ts"),
  report: () => import("./declare/report.ts"),
  replay: () => import("./declare/replay.ts"),
  config: () => import("./declare/config.ts"),
  completion: () => import("./declare/completion.ts"),
};

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
    const program = emptyProgram(host);
    for (const load of wanted(argv)) (await load()).declare(program, host);
    // Last, since commands inherit the program's settings, and only the program itself accepts excess arguments, to suggest a command.
    program.allowExcessArguments(true);
    await program.parseAsync(argv, { from: "user" });
    return code;
  } catch (error) {
    return explainFailure(error);
  } finally {
    if (signals === undefined) host.signals.close();
  }
}

/** The requested command; none for the console or the version; all for the help, for completion, or when the command is unknown. */
function wanted([first]: readonly string[]): readonly (() => Promise<{ readonly declare: Declare }>)[] {
  if (first === undefined || first === "-V" || first === "--version") return [];
  const asked = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
  return asked === undefined || first === "completion" ? Object.values(COMMANDS) : [asked];
}

function checkWorkingFolder(): void {
  try {
    process.cwd();
  } catch {
    throw new UserError("The working folder is gone; change to one that is there");
  }
}

function explainFailure(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
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

/** The program without its commands; alone, it is the console. */
function emptyProgram(host: Host): Command {
  const program = new Command("lab-tui")
    .description(
      "A concurrency laboratory in the terminal: one stream of work through sync, async, parallel and distributed, predicted and measured.",
    )
    .version(VERSION, "-V, --version")
    .exitOverride()
    .showSuggestionAfterError(true)
    .configureOutput({ outputError: (text, write) => write(plainError(text)) });
  program.enablePositionalOptions();
  program.helpCommand("help [command]", "what a command does and takes");
  program.action(async (_, command: Command) => {
    const asked = command.args[0];
    if (asked !== undefined) {
      throw new UserError(`There is no command ${quoted(asked)}${suggestion(asked, Object.keys(COMMANDS))}`);
    }
    const { openConsole } = await import("./commands/console.ts");
    host.exit(await openConsole(host.signals));
  });
  return program;
}

/** Commander's error without its prefix, as lines that are safe to print. */
function plainError(text: string): string {
  const lines = text
    .replace(/^error: /, "")
    .trimEnd()
    .split("\n");
  return `${lines.map((line) => printable(line, 400)).join("\n")}\n`;
}
