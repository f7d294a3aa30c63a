import type { Declare } from "../command.ts";
import type { ShowFlags } from "../commands/show.ts";

export const declare: Declare = (program) => {
  program
    .command("show")
    .description("a past run's summary again")
    .argument("<run>", "its name, or last")
    .option("--all", "every figure that was measured, not only what matters most")
    .option("--requests", "instead: what became of each request that was kept, as NDJSON (fetch)")
    .option("--no-color", "no colours")
    .action(async (run: string, flags: ShowFlags) => (await import("../commands/show.ts")).showRun(run, flags));
};
