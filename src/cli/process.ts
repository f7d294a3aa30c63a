import { errorText } from "../kernel/error-text.ts";
import { EXIT } from "../kernel/exit.ts";
import { fileProblem } from "../kernel/file-problem.ts";
import { neverWaitFor, terminalsCaughtUp } from "../kernel/terminal-writer.ts";
import { printable } from "../kernel/text.ts";
import { restoreTerminal } from "../views/live/terminal.ts";
import { main } from "./program.ts";
import { StopSignals } from "./signals.ts";

// React's development build costs three times as much per picture.
process.env["NODE_ENV"] ??= "production";

// A terminal that does not read must block neither the measurement nor the signals that end it.
neverWaitFor(process.stdout);
neverWaitFor(process.stderr);

/** Streams that have failed: they never report the end of their output. */
const failed = new Set<NodeJS.WriteStream>();
/** Why standard output was not written; a reader that leaves early, such as `head`, is no failure. */
let untold = "";
// The reader of stderr may go away; results are written all the same.
process.stderr.on("error", () => failed.add(process.stderr));
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  failed.add(process.stdout);
  if (error.code !== "EPIPE") untold = fileProblem(error);
});

/** Reports an uncaught exception, which is an internal error: one sentence, on the main screen, and its exit code. */
function broke(error: unknown): void {
  restoreTerminal();
  process.stderr.write(`lab-tui: it met an error of its own (${printable(errorText(error), 300)})\n`);
  process.exit(EXIT.internal);
}
process.on("uncaughtException", broke);
process.on("unhandledRejection", broke);

const STOPPED: readonly number[] = [EXIT.interrupted, EXIT.terminated];
const LAST_WORDS_MS = 500;

/** Arguments → exit code; the only way out of the console process. */
void main(process.argv.slice(2), new StopSignals()).then(async (code) => {
  await drained(process.stdout);
  if (untold !== "") process.stderr.write(`lab-tui: standard output could not be written: ${untold}\n`);
  await drained(process.stderr);
  // After a stop signal the process waits for no terminal.
  await terminalsCaughtUp(STOPPED.includes(code) ? LAST_WORDS_MS : Number.POSITIVE_INFINITY);
  process.exit(untold === "" ? code : code || EXIT.usage);
});

/** Resolves when everything was written out, or could not be. */
function drained(stream: NodeJS.WriteStream): Promise<void> {
  if (failed.has(stream)) return Promise.resolve();
  return new Promise((resolve) => {
    stream.on("error", () => resolve());
    // Only `end` waits for a slow reader of a pipe; the callback of the last write does not.
    stream.end(() => resolve());
  });
}
