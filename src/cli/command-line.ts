import { Command, CommanderError } from "commander";
import { EXIT } from "../kernel/exit.ts";
import { UserError } from "../kernel/problem.ts";
import { suggestion } from "../kernel/spelling.ts";
import { printable, quoted } from "../kernel/text.ts";
import { VERSION } from "../kernel/version.ts";
import type { Declare, Host } from "./command.ts";

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

/** Parses a command line and executes its command; `openConsole`: for one without a command. Throws a UserError. */
export async function execute(argv: readonly string[], host: Host, openConsole: () => Promise<void>): Promise<void> {
  const program = emptyProgram(openConsole);
  for (const load of wanted(argv)) (await load()).declare(program, host);
  // Last, since commands inherit the program's settings, and only the program itself accepts excess arguments, to suggest a command.
  program.allowExcessArguments(true);
  try {
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // It has said why.
    host.exit(error.exitCode === 0 ? EXIT.done : EXIT.usage);
  }
}

/** The requested command; all for the help, for completion, or when the command is unknown. */
function wanted([first = ""]: readonly string[]): readonly (() => Promise<{ readonly declare: Declare }>)[] {
  const asked = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
  return asked === undefined || first === "completion" ? Object.values(COMMANDS) : [asked];
}

/** The program without its commands; alone, it is the console. */
function emptyProgram(openConsole: () => Promise<void>): Command {
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
    await openConsole();
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
