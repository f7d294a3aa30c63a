import type { Declare } from "../command.ts";

export const declare: Declare = (program) => {
  program
    .command("list")
    .description("shipped scenarios and those in ./scenarios")
    .option("--json", "as JSON")
    .action(async (options: { json?: boolean }) => {
      const { list } = await import("../commands/list.ts");
      list(options.json === true);
    });
};
