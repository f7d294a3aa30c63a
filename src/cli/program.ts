import { Command, CommanderError, Option } from "commander";
import { EXIT, formatProblem, InvalidScenario, suggestion, UserError } from "../kernel/problem.ts";
import { printable, quoted } from "../kernel/text.ts";
import { VERSION } from "../kernel/version.ts";
import type { FetchFlags } from "./fetch.ts";
import type { RunFlags } from "./flags.ts";
import { MOCK_FLAGS } from "./mock-flags.ts";
import type { NewFlags } from "./new.ts";
import type { PredictFlags } from "./predict.ts";
import { withRequestFlags } from "./request-flags.ts";
import type { ShowFlags } from "./runs.ts";
import type { TileFlags } from "./serve.ts";
import type { FlowFlags } from "./serve-flows.ts";

/** Commands of later versions, so that they are refused by name. */
const LATER: Readonly<Record<string, string>> = {
  compare: "two runs side by side, with a verdict",
  report: "a run as HTML, Markdown, CSV or JSON",
  replay: "plays a recorded run in the dashboard",
};

/** Reads the command line and does what it says. Never throws; the result is the process's exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const outcome: { code: number } = { code: EXIT.done };
  try {
    checkWorkingFolder();
    const program = buildProgram(outcome);
    await program.parseAsync(argv, { from: "user" });
    return outcome.code;
  } catch (error) {
    return explainFailure(error);
  }
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

function buildProgram(outcome: { code: number }): Command {
  const program = new Command("lab-tui")
    .description("A concurrency laboratory in the terminal: one stream of work through sync, async and parallel, predicted and measured.")
    .version(VERSION, "-V, --version")
    .exitOverride()
    .showSuggestionAfterError(true)
    .configureOutput({
      outputError: (text, write) =>
        write(
          `${text
            .replace(/^error: /, "")
            .trimEnd()
            .split("\n")
            .map((line) => printable(line, 400))
            .join("\n")}\n`,
        ),
    });
  program.enablePositionalOptions();
  program.helpCommand("help [command]", "what a command does and takes");
  program.action(async (_, command: Command) => {
    const asked = command.args[0];
    if (asked !== undefined) throw new UserError(`There is no command ${quoted(asked)}${suggestion(asked, commandNames(program))}`);
    const { openConsole } = await import("./console.ts");
    outcome.code = await openConsole();
  });
  addRun(program, outcome);
  program
    .command("list")
    .description("shipped scenarios and those in ./scenarios")
    .option("--json", "as JSON")
    .action(async (options: { json?: boolean }) => {
      const { list } = await import("./list.ts");
      list(options.json === true);
    });
  program
    .command("validate")
    .description("checks scenario files without running them")
    .argument("<file...>", "scenario files")
    .action(async (files: string[]) => {
      const { validate } = await import("./validate.ts");
      outcome.code = validate(files);
    });
  program
    .command("schema")
    .description("JSON Schema of a scenario file, for editors")
    .action(async () => {
      const { printSchema } = await import("./schema.ts");
      printSchema();
    });
  program
    .command("new")
    .description("writes a commented starter scenario")
    .argument("<name>", "name of the scenario, or a path")
    .option("--workload <workload>", "message, fetch or flow", "message")
    .option("--force", "overwrite")
    .action(async (name: string, flags: NewFlags) => {
      const { writeStarter } = await import("./new.ts");
      writeStarter(name, flags);
    });
  program
    .command("explain")
    .description("how a message travels in a mode, where it waits and where the loop takes turns, drawn")
    .argument("[mode...]", "sync, async, parallel; none: each of them")
    .action(async (modes: string[]) => {
      const { explainModes } = await import("./explain.ts");
      explainModes(modes);
    });
  program
    .command("predict")
    .description("what theory and the simulator expect of a scenario, without running it")
    .argument("<scenario>", "a path, or the name of a shipped scenario")
    .option("--cores <n>", "of a machine with so many cores")
    .option("--mode <modes>", "sync,async,parallel")
    .option("-d, --duration <duration>", "how long the load lasts, such as 30s")
    .option("-r, --rate <rate>", "arrivals per time unit")
    .option("--seed <n>", "seed of everything random")
    .option("--set <path=value>", "any field of the scenario (repeatable)", collect)
    .option("--workers <n>", "Workers of the parallel mode")
    .option("--json", "as JSON")
    .action(async (scenario: string, flags: PredictFlags) => {
      const { predictScenario } = await import("./predict.ts");
      predictScenario(scenario, flags);
    });
  program
    .command("bench")
    .description("the project's own benchmark table: this console's engines beside the peers")
    .argument("[scenario...]", "with --truth: these scenarios and no others")
    .option("--rounds <n>", "rounds; the median counts", "9")
    .option("--only <text>", "only rows in which this is written")
    .option("--truth", "instead: every shipped scenario, measured beside predicted")
    .option("--sojourn", "instead: Poisson arrivals at one thread, mean time in system beside M/D/1 and M/M/1")
    .option("--floors", "instead: flows at the least rate they are good for, and how far beyond they go")
    .option("--stall", "instead: what clients tell of a server that stands still once, beside arithmetic")
    .option("--json", "as JSON")
    .action(
      async (
        names: string[],
        options: { rounds: string; truth?: boolean; floors?: boolean; sojourn?: boolean; stall?: boolean; json?: boolean },
      ) => {
        if (names.length > 0 && options.truth !== true) {
          throw new UserError(`bench: scenarios are measured with --truth, got ${quoted(names[0])} without it; \`run\` runs one`);
        }
        const textOnly = (["sojourn", "floors", "stall"] as const).find((table) => options[table] === true);
        if (options.json === true && textOnly !== undefined) {
          throw new UserError(`bench: --json goes with the tables of speed and with --truth, not with --${textOnly}`);
        }
        if (options.stall === true) {
          const { stall } = await import("./bench/stall.ts");
          await stall();
          return;
        }
        if (options.sojourn === true) {
          const { sojourn } = await import("./bench/sojourn.ts");
          await sojourn(options.rounds);
          return;
        }
        if (options.floors === true) {
          const { floors } = await import("./bench/floors.ts");
          await floors();
          return;
        }
        if (options.truth === true) {
          const { truth } = await import("./bench/truth.ts");
          await truth(options.json === true, names);
          return;
        }
        const { bench } = await import("./bench/bench.ts");
        await bench(options);
      },
    );
  addServe(program, outcome);
  addRuns(program);
  for (const [name, description] of Object.entries(LATER)) {
    program
      .command(name)
      .description(`${description} (not available in this version)`)
      .allowUnknownOption()
      .allowExcessArguments()
      .action(() => {
        throw new UserError(`\`${name}\` is not available in this version`);
      });
  }
  program.allowExcessArguments(true);
  return program;
}

function commandNames(program: Command): string[] {
  return program.commands.map((command) => command.name());
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

function addRuns(program: Command): void {
  const runs = program
    .command("runs")
    .description("past runs, newest first")
    .option("--json", "as JSON")
    .action(async (options: { json?: boolean }) => {
      const { listRuns } = await import("./runs.ts");
      listRuns(options.json === true);
    });
  runs
    .command("rm")
    .description("removes a past run")
    .argument("<run>", "its name, or last")
    .action(async (run: string) => {
      const { removeRun } = await import("./runs.ts");
      removeRun(run);
    });
  runs
    .command("prune")
    .description("removes old runs")
    .option("--keep <n>", "keep the newest n, however old")
    .option("--older-than <duration>", "remove what is older, such as 30d")
    .action(async (flags: { keep?: string; olderThan?: string }) => {
      const { pruneRuns } = await import("./runs.ts");
      pruneRuns(flags);
    });
  program
    .command("show")
    .description("a past run's summary again")
    .argument("<run>", "its name, or last")
    .option("--all", "every figure that was measured, not only what matters most")
    .option("--requests", "instead: what became of each request that was kept, as NDJSON (fetch)")
    .action(async (run: string, flags: ShowFlags) => {
      const { showRun } = await import("./runs.ts");
      await showRun(run, flags);
    });
}

function addServe(program: Command, outcome: { code: number }): void {
  const serve = program
    .command("serve")
    .description("starts a part alone: serve tiles (a mock tile server), serve flows (flows over HTTP and WebSocket)");
  const tiles = serve
    .command("tiles")
    .description("a mock tile server on loopback, as well or badly behaved as its flags say")
    .option("--port <port>", "to listen on; 0 for any", "8001")
    .option("--seed <n>", "seed of everything random", "1");
  for (const [flag, description] of MOCK_FLAGS) tiles.option(flag, description);
  tiles.action(async (flags: TileFlags) => {
    const { serveTiles } = await import("./serve.ts");
    outcome.code = await serveTiles(flags);
  });
  serve
    .command("flows")
    .description("flows over HTTP and WebSocket: pipelines, events, queues, streams, health and metrics")
    .option("--port <port>", "to listen on; 0 for any", "8002")
    .option("--host <host>", "address to listen on; others than this machine's own need a token", "127.0.0.1")
    .option("--module <file>", "code that registers the parts to serve, instead of the demonstration's")
    .option("--allow-modules", "lets --module run")
    .option("--token-file <file>", "what every request has to bear, at least 128 bits; or LAB_TUI_TOKEN")
    .option("--allow-origin <origin...>", "origins of pages that may ask")
    .option("--allow-host <host...>", "names it may be asked under, beside this machine's own")
    .action(async (flags: FlowFlags) => {
      const { serve } = await import("./serve-flows.ts");
      outcome.code = await serve(flags);
    });
}

function addRun(program: Command, outcome: { code: number }): void {
  const command = program
    .command("run")
    .description("runs scenarios: a live dashboard on a terminal, progress lines otherwise")
    .argument("<scenario...>", "paths, or names of shipped scenarios")
    .option("-d, --duration <duration>", "how long the load lasts, such as 30s")
    .option("-r, --rate <rate>", "arrivals per time unit");
  withRunFlags(command).action(async (scenarios: string[], flags: RunFlags) => {
    const { run } = await import("./run.ts");
    outcome.code = await run(scenarios, flags);
  });
  const fetch = program
    .command("fetch")
    .description("asks for addresses: makes a scenario on the spot and runs it")
    .argument("<url...>", "asked for in turn")
    .option("-r, --rate <rate>", "requests per second (default: each place asks again when it is answered)")
    .option("-c, --concurrency <n>", "requests in flight, and connections, at most", "50")
    .option("-d, --duration <duration>", "how long requests go out (default 10s)")
    .option("--http2", "by HTTP/2, many requests at once on one connection")
    .option("--unix-socket <path>", "every request goes to this socket of the machine")
    .option("--print", "shows the scenario and runs nothing");
  withRunFlags(withRequestFlags(fetch)).action(async (urls: string[], flags: FetchFlags) => {
    const { fetchUrls } = await import("./fetch.ts");
    outcome.code = await fetchUrls(urls, flags);
  });
}

/** What all commands that run something take. */
function withRunFlags(command: Command): Command {
  return command
    .option("--mode <modes>", "sync,async,parallel")
    .option("--headless", "no dashboard")
    .option("--json <file>", "write the result as JSON; - is standard output")
    .option("-o, --out <dir>", "write result.json and summary.txt into a folder")
    .option("--seed <n>", "seed of everything random")
    .option("--set <path=value>", "any field of the scenario (repeatable)", collect)
    .option("--workers <n>", "Workers of the parallel mode")
    .option("--http <port>", "answer queries and show metrics on this port of 127.0.0.1 while it runs")
    .option("--dump-state <file>", "write the final states as JSON")
    .option("--fps <n>", "most frames per second of the dashboard (default 4)")
    .option("--allow-modules", "run the handler modules that the scenarios name")
    .option("--force", "overwrite")
    .option("--no-color", "no colours")
    .option("-q, --quiet", "no progress, no summary")
    .option("--strict", "exit 99 when a hypothesis (expect) does not hold, as when a threshold fails")
    .option("--no-store", "do not keep this run among the past runs")
    .addOption(new Option("--cast <file>", "record the dashboard (not available in this version)"))
    .option("--log <file>", "structured log of every attempt (NDJSON; fetch)")
    .option("--allow-host <host>", "load may go to this public host (repeatable; fetch)", collect)
    .option("--keep-requests", "keep what became of every request (fetch)")
    .option("--log-urls", "whole URLs in the log and in kept requests, not only hosts (fetch)");
}
