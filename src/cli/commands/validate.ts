import { EXIT } from "../../kernel/exit.ts";
import { formatProblem, InvalidScenario, UserError } from "../../kernel/problem.ts";
import { printable } from "../../kernel/text.ts";
import { type ReadText, readScenario, resolveScenario } from "../../scenario/load.ts";

/** `lab-tui validate FILE…`: prints the problems of scenario files. */
export function validate(files: readonly string[], read?: ReadText): number {
  let valid = true;
  for (const file of files) {
    try {
      resolveScenario(readScenario(file, read), file);
      process.stdout.write(`${printable(file, 400)}: valid\n`);
    } catch (error) {
      valid = false;
      if (error instanceof InvalidScenario) for (const problem of error.problems) process.stderr.write(`${formatProblem(problem)}\n`);
      else if (error instanceof UserError) process.stderr.write(`${error.message}\n`);
      else throw error;
    }
  }
  return valid ? EXIT.done : EXIT.invalidScenario;
}
