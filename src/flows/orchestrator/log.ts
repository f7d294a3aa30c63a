import { errorText } from "../../kernel/error-text.ts";
import { attempt } from "../../kernel/promises.ts";
import { checkFunction } from "../options.ts";

/** A function that passes lines to the log of an orchestrator, if it has one. A log that throws is a warning of the process, once. */
export function flowLog(name: string, write: ((line: string) => void) | undefined): (line: string) => void {
  if (write === undefined) return () => {};
  checkFunction("log", write);
  let warned = false;
  const failed = (error: unknown) => {
    if (warned) return;
    warned = true;
    process.emitWarning(`the log of ${name} failed: ${errorText(error)}`, "FlowWarning");
  };
  return (line) => attempt(() => write(line), failed);
}
