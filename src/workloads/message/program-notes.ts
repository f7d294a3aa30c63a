import { counted } from "../../kernel/wording.ts";
import { programName } from "../../telemetry/threads.ts";
import type { ProgramReport } from "./command/supervisor.ts";

/** Lines of standard error in a note; the result has all that were kept. */
const SHOWN_LINES = 5;

/** Notes on a program that ended by itself, or had to be ended, with what it wrote on standard error. */
export function programNotes(program: ProgramReport | undefined, number: number): string[] {
  if (program === undefined || program.ends === 0) return [];
  const { ends, restarts, standardError } = program;
  const again = restarts === 0 ? "" : `, and was started again ${times(restarts)}`;
  const shown = standardError.slice(0, SHOWN_LINES).join(" ⏎ ");
  const more = standardError.length > SHOWN_LINES ? ` (and ${counted(standardError.length - SHOWN_LINES, "more line")})` : "";
  const wrote = standardError.length === 0 ? "It wrote nothing on standard error." : `On standard error it wrote: ${shown}${more}`;
  return [`${programName(number)} ended, or had to be ended, ${times(ends)}${again}. ${wrote}`];
}

function times(count: number): string {
  return count === 1 ? "once" : counted(count, "time");
}
