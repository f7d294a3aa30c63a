import { Argument } from "commander";
import type { Declare } from "../command.ts";

export const declare: Declare = (program) => {
  program
    .command("completion")
    .description("a script that completes commands, flags, scenarios and runs in a shell")
    .addArgument(new Argument("<shell>", "the shell that reads it").choices(["bash", "zsh", "fish"]))
    .action(async (shell: string) => (await import("../commands/completion.ts")).printCompletion(program, shell));
};
