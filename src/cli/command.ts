import type { Command } from "commander";
import type { StopSignals } from "./signals.ts";

/** The caller of a command. */
export interface Host {
  /** Sets the exit code, where it may differ from 0. */
  readonly exit: (code: number) => void;
  readonly signals: StopSignals;
}

/** Declares a command on the program: its arguments, its flags and its action. */
export type Declare = (program: Command, host: Host) => void;

/** Collects the values of a flag that may be given more than once. */
export function collected(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
