import type { Declare } from "../command.ts";

export const declare: Declare = (program) => {
  program
    .command("schema")
    .description("JSON Schema of a scenario file, for editors")
    .action(async () => (await import("../commands/schema.ts")).printSchema());
};
