import { inForeground, suspendJob } from "../../kernel/parent.ts";

const WRAP = "\x1b[?7h";
const CUT = "\x1b[?7l";

/**
 * Lines that are too long are cut, not wrapped: a terminal that has become narrower is drawn on once before its new width is known, and
 * what wraps then would scroll the picture away.
 */
export function cutLines(): void {
  if (process.stdout.isTTY) process.stdout.write(CUT);
}

/** Main screen, cursor shown, cooked mode, long lines wrapped: harmless when all is so already. */
export function restoreTerminal(): void {
  if (process.stdin.isTTY && process.stdin.isRaw) {
    try {
      process.stdin.setRawMode(false);
    } catch {
      // A terminal that is gone has no mode.
    }
  }
  if (process.stdout.isTTY) process.stdout.write(`${WRAP}\x1b[?1049l\x1b[?25h`);
}

/** What ends a process that does not listen, a hang-up and the polite ones aside: those are heard elsewhere. */
const FATAL = ["SIGQUIT", "SIGABRT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGXCPU", "SIGTRAP", "SIGSYS"] as const;

/** A terminal that closes is no defect of the lab's: SIGHUP says what it means. Until what is returned is called. */
function surviveItsEnd(stdin: typeof process.stdin): () => void {
  const nothing = () => {};
  const { setRawMode } = stdin;
  stdin.on("error", nothing);
  if (stdin.isTTY)
    stdin.setRawMode = (raw) => {
      try {
        return setRawMode.call(stdin, raw);
      } catch {
        return stdin;
      }
    };
  return () => {
    stdin.off("error", nothing);
    if (stdin.isTTY) stdin.setRawMode = setRawMode;
  };
}

/** From now on the terminal is put back on every way out: at the process's end, and before a signal ends it. Until what is returned is called. */
export function guardTerminal(): () => void {
  const fatal = FATAL.map((signal) => {
    const listener = () => {
      restoreTerminal();
      process.off(signal, listener);
      process.kill(process.pid, signal);
    };
    process.on(signal, listener);
    return () => process.off(signal, listener);
  });
  const outliveTerminal = surviveItsEnd(process.stdin);
  process.on("exit", restoreTerminal);
  return () => {
    outliveTerminal();
    process.off("exit", restoreTerminal);
    for (const forget of fatal) forget();
  };
}

/** How often a job that goes on behind the shell looks whether the terminal is its own again, in milliseconds. */
const BEHIND_MS = 200;

/**
 * The terminal is the shell's meanwhile, and may have another size afterwards. `standing`: the job stands still until the shell says to go
 * on; else it has stood still, and only takes the terminal anew. One that goes on behind the shell waits for the terminal.
 */
export async function suspended(standing: boolean): Promise<void> {
  if (process.stdout.isTTY) process.stdout.write(WRAP);
  if (standing) suspendJob();
  while (!inForeground()) await Bun.sleep(BEHIND_MS);
  cutLines();
  process.kill(process.pid, "SIGWINCH");
}
