import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileProblem } from "./file-problem.ts";
import { UserError } from "./problem.ts";
import { printable } from "./text.ts";

/** Creates an empty temporary folder; the caller removes it. Throws a sentence where none can be created. */
export function temporaryFolder(): string {
  const place = tmpdir();
  try {
    return mkdtempSync(join(place, "lab-tui-"));
  } catch (error) {
    const where = printable(place, 200);
    throw new UserError(`The folder for temporary files, ${where}, cannot be used: ${fileProblem(error)}; TMPDIR names another`);
  }
}
