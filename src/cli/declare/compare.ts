import { collected, type Declare } from "../command.ts";
import type { CompareFlags } from "../commands/compare.ts";

export const declare: Declare = (program, host) => {
  program
    .command("compare")
    .description("two past runs or result files: what changed, with an interval and a verdict for each figure")
    .argument("<a>", "a run by its name, last, or a result file")
    .argument("[b]", "the same")
    .option("--json", "as JSON")
    .option("--metrics <names>", "figures with commas, such as throughput,sojourn_p95,cpu")
    .option("--margin <share>", "the least change of interest (default: 1%)")
    .option("--anyway", "compare even if scenario, seed, machine, cores or version differ")
    .option("--fail-on-regression", "exit 98 if a figure is worse")
    .option("--format <format>", "html, markdown or json (not available in this version)")
    .option("--rounds <n>", "rounds of scenarios that it runs (not available in this version)")
    .option("--with <path=value>", "a field that is different in B (not available in this version)", collected)
    .option("--self-check", "a scenario against itself (not available in this version)")
    .action(async (a: string, b: string | undefined, flags: CompareFlags) => {
      host.exit((await import("../commands/compare.ts")).compareRuns(a, b, flags));
    });
};
