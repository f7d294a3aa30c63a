import { readFileSync } from "node:fs";
import { EXIT } from "../kernel/exit.ts";

/** What a signal asks for: Ctrl-C, or the end by whoever manages this process, a terminal that closes included. */
export type StopSignal = "SIGINT" | "SIGTERM";

/**
 * Signals that come within so long, in milliseconds, are one wish: whoever started this process (`bun run`, `npx`, a shell whose terminal
 * closes) passes on what the system had sent to the whole job already.
 */
const ECHO_MS = 150;

/** Calls `stop` at every signal that asks to stop, until what is returned is called. A job under `nohup` outlives its terminal. */
export function onStopSignals(stop: (signal: StopSignal) => void, now: () => number = () => performance.now()): () => void {
  let last = Number.NEGATIVE_INFINITY;
  const hear = (signal: StopSignal) => () => {
    if (now() - last < ECHO_MS) return;
    last = now();
    stop(signal);
  };
  const heard = [
    ["SIGINT", hear("SIGINT")],
    ["SIGTERM", hear("SIGTERM")],
    ["SIGHUP", ignoresHangUp() ? () => {} : hear("SIGTERM")],
  ] as const;
  for (const [signal, listener] of heard) process.on(signal, listener);
  return () => {
    for (const [signal, listener] of heard) process.off(signal, listener);
  };
}

/** Resolves with the exit code once the process is told to end. */
export function untilTold(): Promise<number> {
  return new Promise((resolve) => {
    const deafen = onStopSignals((signal) => {
      deafen();
      resolve(signal === "SIGINT" ? EXIT.interrupted : EXIT.terminated);
    });
  });
}

/** Signals that ask to stop, of which one part of the program hears at a time: who asked last, until the end of the process or `close`. */
export class StopSignals {
  private deafen = () => {};

  hear(stop: (signal: StopSignal) => void): void {
    this.close();
    this.deafen = onStopSignals(stop);
  }

  /** From now on signals do what they do to those who do not hear them. */
  close(): void {
    this.deafen();
    this.deafen = () => {};
  }
}

let hangUpIgnored: boolean | null = null;

/** Whether this process was started to go on when its terminal closes; asked before anybody hears of the signal. */
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
