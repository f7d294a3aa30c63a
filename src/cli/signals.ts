import { readFileSync } from "node:fs";
import { EXIT } from "../kernel/exit.ts";

/** A request to stop: Ctrl-C, or termination by the process's manager or a closing terminal. */
export type StopSignal = "SIGINT" | "SIGTERM";

/**
 * Signals within this time, in milliseconds, count as one: launchers (`bun run`, `npx`, a shell whose terminal closes) forward what the
 * system has already sent to the whole job.
 */
const ECHO_MS = 150;

/** Calls `stop` at every stop signal, until the returned function is called. A job under `nohup` outlives its terminal. */
export function onStopSignals(stop: (signal: StopSignal) => void, now: () => number = () => performance.now()): () => void {
  let last = Number.NEGATIVE_INFINITY;
  const handler = (signal: StopSignal) => () => {
    if (now() - last < ECHO_MS) return;
    last = now();
    stop(signal);
  };
  const handlers = [
    ["SIGINT", handler("SIGINT")],
    ["SIGTERM", handler("SIGTERM")],
    ["SIGHUP", ignoresHangUp() ? () => {} : handler("SIGTERM")],
  ] as const;
  for (const [signal, listener] of handlers) process.on(signal, listener);
  return () => {
    for (const [signal, listener] of handlers) process.off(signal, listener);
  };
}

/** Resolves with the exit code at a stop signal. */
export function untilStopped(): Promise<number> {
  return new Promise((resolve) => {
    const stopListening = onStopSignals((signal) => {
      stopListening();
      resolve(signal === "SIGINT" ? EXIT.interrupted : EXIT.terminated);
    });
  });
}

/** Stop signals with one handler at a time: the last one set, until the end of the process or `close`. */
export class StopSignals {
  private stopListening = () => {};

  handle(stop: (signal: StopSignal) => void): void {
    this.close();
    this.stopListening = onStopSignals(stop);
  }

  /** Restores the default action of signals. */
  close(): void {
    this.stopListening();
    this.stopListening = () => {};
  }
}

let hangUpIgnored: boolean | null = null;

/** Whether this process was started to survive its terminal (`nohup`); read before a handler is installed. */
function ignoresHangUp(): boolean {
  if (hangUpIgnored === null) {
    try {
      const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
      hangUpIgnored = (BigInt(`0x${mask}`) & 1n) === 1n;
    } catch {
      hangUpIgnored = false;
    }
  }
  return hangUpIgnored;
}
