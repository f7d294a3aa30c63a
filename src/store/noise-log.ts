import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";

/** A comparison of a scenario with itself: by how much each of its figures seemed to change. */
export interface NoiseEntry {
  /** ISO 8601. */
  readonly at: string;
  readonly scenario: string;
  /** Hash of the resolved scenario. */
  readonly hash: string;
  readonly machine: string;
  readonly changes: readonly NoisyFigure[];
}

export interface NoisyFigure {
  readonly mode: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly metric: string;
  /** Logarithm of the estimated ratio. */
  readonly change: number;
}

/** Comparisons of scenarios with themselves, a line of JSON each. A file that cannot be used is as good as an empty one. */
export class NoiseLog {
  /** "": none. */
  constructor(private readonly file: string) {}

  add(entry: NoiseEntry): void {
    try {
      mkdirSync(dirname(this.file), { recursive: true });
      appendFileSync(this.file, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
    } catch {
      // Then the next comparisons have a smaller margin.
    }
  }

  /** The entries of a scenario on a machine, oldest first. */
  of(hash: string, machine: string): NoiseEntry[] {
    return this.lines().flatMap((line) => {
      const entry = entryIn(line);
      return entry !== null && entry.hash === hash && entry.machine === machine ? [entry] : [];
    });
  }

  private lines(): string[] {
    try {
      return readFileSync(this.file, "utf8").split("\n");
    } catch {
      return [];
    }
  }
}

/** null: it is none, as a line that was cut off. */
function entryIn(line: string): NoiseEntry | null {
  try {
    const entry = JSON.parse(line) as NoiseEntry;
    return Array.isArray(entry.changes) ? entry : null;
  } catch {
    return null;
  }
}
