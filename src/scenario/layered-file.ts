import { isPlainMap, type Path, withValueAt } from "../kernel/plain-value.ts";
import type { Problem } from "../kernel/problem.ts";
import { DEFAULT_EXECUTOR } from "./load-schema.ts";
import type { Place, YamlFile } from "./yaml-file.ts";

/** Who says what a value is: a flag or a variable as the user wrote it, or another place of the file. */
export type OverrideSource = string | Path;

/** A value that takes the place of what the file says. */
export interface Override {
  readonly source: OverrideSource;
  readonly path: Path;
  readonly value: unknown;
}

/** A YAML file beneath the values that flags, variables and a sweep say over it. Immutable: one more layer is another LayeredFile. */
export class LayeredFile {
  private constructor(
    readonly yaml: YamlFile,
    /** What the file and its layers come to; undefined where the file cannot be read. */
    readonly value: unknown,
    /** The latest last. */
    private readonly overrides: readonly Override[],
  ) {}

  static of(yaml: YamlFile): LayeredFile {
    return new LayeredFile(yaml, yaml.value, []);
  }

  /** One more value over all that is said so far. Of a file that is no map there is nothing to say. */
  with(override: Override): LayeredFile {
    if (!isPlainMap(this.value)) return this;
    const { path, value } = override;
    // A load that is made for one of its fields is that of the default executor.
    const madeLoad = path[0] === "load" && path.length > 1 && !isPlainMap(this.value["load"]);
    const under = madeLoad ? { ...this.value, load: { executor: DEFAULT_EXECUTOR } } : this.value;
    return new LayeredFile(this.yaml, withValueAt(under, path, value), [...this.overrides, override]);
  }

  /** The same layers, and another value that they come to: of what is left out or made room for nobody is the source. */
  over(value: unknown): LayeredFile {
    return new LayeredFile(this.yaml, value, this.overrides);
  }

  /** The latest that set the value at the path, one around it or one within it; null: it is the file's own. */
  overrideAt(path: Path): Override | null {
    const along = (other: Path) => other.slice(0, path.length).every((part, i) => String(path[i]) === String(part));
    return path.length === 0 ? null : (this.overrides.findLast((override) => along(override.path)) ?? null);
  }

  /** A problem with the value at the path, told where it was set: its place in the file, or the flag. `at`: its place, where that is known better. */
  problemAt(path: Path, message: string, at: Place = this.yaml.placeOf(path)): Problem {
    const source = this.overrideAt(path)?.source;
    if (source === undefined) return { file: this.yaml.file, ...at, message };
    if (typeof source === "string") return { file: source, line: 0, column: 0, message };
    // A place of the file may have been written by a flag.
    return this.problemAt(source, message);
  }

  /** A number as the file writes it; null where another value took its place. */
  numberAsWritten(path: Path): string | null {
    return this.overrideAt(path) === null ? this.yaml.numberAsWritten(path) : null;
  }
}
