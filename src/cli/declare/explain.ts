import type { Declare } from "../command.ts";

export const declare: Declare = (program) => {
  program
    .command("explain")
    .description("how a message travels in a mode, where it waits and where the loop takes turns, drawn")
    .argument("[mode...]", "sync, async, parallel, distributed; none: each of them")
    .action(async (asked: string[]) => (await import("../commands/explain.ts")).explainModes(asked));
};
