import type { Declare } from "../command.ts";

export const declare: Declare = (program, host) => {
  program
    .command("validate")
    .description("checks scenario files without running them")
    .argument("<file...>", "scenario files")
    .action(async (files: string[]) => {
      const { validate } = await import("../commands/validate.ts");
      host.exit(validate(files));
    });
};
