import { Option } from "commander";
import { collected, type Declare } from "../command.ts";
import type { CompareFlags } from "../compare/settings.ts";
import { COMPARISON_FORMATS } from "../report-formats.ts";

export const declare: Declare = (program, host) => {
  program
    .command("compare")
    .description("two runs, result files or scenarios, which it runs: what changed, with an interval and a verdict for each figure")
    .argument("<a>", "a run by its name, last, baseline:NAME, a result file, or a scenario")
    .argument("[b]", "the same")
    .option("--json", "as JSON")
    .option("--metrics <names>", "figures with commas, such as throughput,sojourn_p95,cpu")
    .option("--margin <share>", "the least change of interest (default: 1%)")
    .option("--anyway", "compare even if scenario, seed, machine, cores or version differ, or rounds stayed disturbed")
    .option("--fail-on-regression", "exit 98 if a figure is worse")
    .addOption(new Option("--format <format>", "what is written (default: as FILE is named, else a table)").choices(COMPARISON_FORMATS))
    .option("-o, --out <file>", "where it goes (default: standard output)")
    .option("--with <path=value>", "a field that is different in B (repeatable; scenarios)", collected)
    .option("--rounds <n>", "rounds, each with A and B on the same tape (6 to 40, default 8; scenarios)")
    .option("--reruns <n>", "most times that a disturbed case is run again (0 to 20, default 3; scenarios)")
    .option("--self-check", "a scenario against itself, and against 5 % longer service times: how often it is told right")
    .option("--times <n>", "comparisons of --self-check (1 to 100, default 1)")
    .option("--mode <modes>", "sync,async,parallel,distributed (scenarios)")
    .option("--seed <n>", "seed of everything random (scenarios)")
    .option("--set <path=value>", "any field of both scenarios (repeatable)", collected)
    .option("--allow-modules", "run the handler modules that the scenarios name")
    .option("--allow-host <host>", "load may go to this public host (repeatable; fetch)", collected)
    .option("--no-store", "do not keep what it runs among the past runs (scenarios)")
    .action(async (a: string, b: string | undefined, flags: CompareFlags) => {
      const { compareCommand } = await import("../commands/compare.ts");
      host.exit(await compareCommand(a, b, flags, host.signals));
    });
};
