import type { Declare } from "../command.ts";
import type { NewFlags } from "../commands/new.ts";

export const declare: Declare = (program) => {
  program
    .command("new")
    .description("writes a commented starter scenario")
    .argument("<name>", "name of the scenario, or a path")
    .option("--workload <workload>", "message, fetch or flow", "message")
    .option("--work <language>", "python, node or go: with a program that does the work, in a file beside it")
    .option("--force", "overwrite")
    .action(async (name: string, flags: NewFlags) => (await import("../commands/new.ts")).writeStarter(name, flags));
};
