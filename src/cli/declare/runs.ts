import type { Command } from "commander";
import type { Declare } from "../command.ts";
import type { PruneFlags } from "../commands/runs.ts";

export const declare: Declare = (program) => {
  const runs = program
    .command("runs")
    .description("past runs, newest first")
    .option("--json", "as JSON")
    .action(async (options: { json?: boolean }) => (await import("../commands/runs.ts")).listRuns(options.json === true));
  runs
    .command("baselines")
    .description("saved baselines")
    .option("--json", "as JSON")
    .action(async (options: { json?: boolean }, command: Command) => {
      (await import("../commands/runs.ts")).listBaselines(options.json === true || command.parent?.opts()["json"] === true);
    });
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
