import type { Declare } from "../command.ts";
import type { PruneFlags, TrendFlags } from "../commands/runs.ts";

export const declare: Declare = (program) => {
  const runs = program
    .command("runs")
    .description("past runs, newest first")
    // Flags behind a command are of that command.
    .enablePositionalOptions()
    .option("--json", "as JSON")
    .action(async (options: { json?: boolean }) => (await import("../commands/runs.ts")).listRuns(options.json === true));
  runs
    .command("baselines")
    .description("saved baselines")
    .option("--json", "as JSON")
    .action(async (options: { json?: boolean }) => (await import("../commands/runs.ts")).listBaselines(options.json === true));
  runs
    .command("trend")
    .description("the figures of a scenario's runs in order, and where they change (from about 30 runs on)")
    .argument("<scenario>", "its name")
    .option("--json", "as JSON")
    .option("--html <file>", "write charts and values as one HTML file; - is standard output")
    .option("--metrics <names>", "figures with commas, such as throughput,sojourn_p95,cpu")
    .option("--no-color", "no colours")
    .action(async (scenario: string, flags: TrendFlags) => (await import("../commands/runs.ts")).showTrend(scenario, flags));
  runs
    .command("rm")
    .description("removes a past run")
    .argument("<run>", "its name, or last; or baseline:NAME")
    .action(async (run: string) => (await import("../commands/runs.ts")).removeRun(run));
  runs
    .command("prune")
    .description("removes old runs")
    .option("--keep <n>", "keep the newest n, however old")
    .option("--older-than <duration>", "remove what is older, such as 30d")
    .action(async (flags: PruneFlags) => (await import("../commands/runs.ts")).pruneRuns(flags));
};
