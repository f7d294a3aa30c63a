/** Use of one thread of a case, or of a program that it started. */
interface NamedUse {
  readonly name: string;
  readonly utilization: number | null;
}

const PROGRAM = "program-";

/** The name of the program that works on a thread's messages. */
export function programName(number: number): string {
  return PROGRAM + number;
}

/** The threads other than the source's: Workers, or a helper. */
export function workersIn<T extends NamedUse>(threads: readonly T[]): T[] {
  return threads.filter(({ name }) => name !== "main" && !name.startsWith(PROGRAM));
}

/** The programs that work on messages. */
export function programsIn<T extends NamedUse>(threads: readonly T[]): T[] {
  return threads.filter(({ name }) => name.startsWith(PROGRAM));
}
