import { collected, type Declare } from "../command.ts";
import type { PredictFlags } from "../commands/predict.ts";

export const declare: Declare = (program) => {
  program
    .command("predict")
    .description("what theory and the simulator expect of a scenario, without running it")
    .argument("<scenario>", "a path, or the name of a shipped scenario")
    .option("--cores <n>", "of a machine with so many cores, or of hosts with so many each")
    .option("--hosts <n>", "mode distributed on so many hosts, with a worker thread for each of their cores")
    .option("--round-trip <duration>", "between a host and Redis, such as 0.5ms (default: 0.25ms on one host, 0.5ms between several)")
    .option("--mode <modes>", "sync,async,parallel,distributed")
    .option("-d, --duration <duration>", "how long the load lasts, such as 30s")
    .option("-r, --rate <rate>", "arrivals per time unit")
    .option("--seed <n>", "seed of everything random")
    .option("--set <path=value>", "any field of the scenario (repeatable)", collected)
    .option("--workers <n>", "Workers of the parallel mode, or worker threads of distributed over all hosts")
    .option("--json", "as JSON")
    .action(async (asked: string, flags: PredictFlags) => (await import("../commands/predict.ts")).predictScenario(asked, flags));
};
