import type { Command } from "commander";

/** Declares a command on the program: its arguments, its flags and what it does. `exit` takes the exit code where that may be other than 0. */
export type Declare = (program: Command, exit: (code: number) => void) => void;

/** Collects the values of a flag that may be given more than once. */
export function collected(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
