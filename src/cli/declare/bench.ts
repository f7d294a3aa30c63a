import type { Declare } from "../command.ts";
import type { BenchFlags } from "../commands/bench.ts";

export const declare: Declare = (program) => {
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
    .option("--compare", "instead: so many comparisons (--rounds) of scenarios with themselves and with 5 % longer service times")
    .option("--json", "as JSON")
    .action(async (names: string[], flags: BenchFlags) => (await import("../commands/bench.ts")).bench(names, flags));
};
