import type { Declare } from "../command.ts";

export const declare: Declare = (program) => {
  program
    .command("config")
    .description("where the settings are kept, and what they say")
    .option("--schema", "instead: their JSON Schema, for editors")
    .action(async (flags: { schema?: boolean }) => (await import("../commands/config.ts")).showConfig(flags.schema === true));
};
