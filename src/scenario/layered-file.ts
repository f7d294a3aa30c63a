import { isPlainMap, type Path, withValueAt } from "../kernel/plain-value.ts";
import type { Problem } from "../kernel/problem.ts";
import { DEFAULT_EXECUTOR } from "./load-schema.ts";
import type { Place, YamlFile } from "./yaml-file.ts";

/** The origin of a value: a flag or variable as the user wrote it, or another path of the file. */
export type OverrideSource = string | Path;

/** A value that replaces the file's. */
export interface Override {
  readonly source: OverrideSource;
  readonly path: Path;
  readonly value: unknown;
}

/** A YAML file with the values of flags, variables and a sweep layered over it. Immutable: each layer results in another LayeredFile. */
export class LayeredFile {
  private constructor(
    readonly yaml: YamlFile,
    /** The value of the file with all layers; undefined if the file cannot be read. */
    readonly value: unknown,
    /** In the order in which they were applied. */
    private readonly overrides: readonly Override[],
  ) {}

  static of(yaml: YamlFile): LayeredFile {
    return new LayeredFile(yaml, yaml.value, []);
  }

  /** Adds a layer of one value. A file that is not a map stays as it is. */
  with(override: Override): LayeredFile {
    if (!isPlainMap(this.value)) return this;
    const { path, value } = override;
    // A load that is created for one of its fields gets the default executor.
    const madeLoad = path[0] === "load" && path.length > 1 && !isPlainMap(this.value["load"]);
    const under = madeLoad ? { ...this.value, load: { executor: DEFAULT_EXECUTOR } } : this.value;
    return new LayeredFile(this.yaml, withValueAt(under, path, value), [...this.overrides, override]);
  }

  /** Replaces the value and keeps the layers, so that what is removed has no origin. */
  over(value: unknown): LayeredFile {
    return new LayeredFile(this.yaml, value, this.overrides);
  }

  /** The latest override of the value at the path, of one around it or of one inside it; null if there is none. */
  overrideAt(path: Path): Override | null {
    const along = (other: Path) => other.slice(0, path.length).every((part, i) => String(path[i]) === String(part));
    return path.length === 0 ? null : (this.overrides.findLast((override) => along(override.path)) ?? null);
  }

  /** A problem with the value at the path, located at its origin: a place in the file, or a flag. `at`: a more precise place than the value's. */
  problemAt(path: Path, message: string, at: Place = this.yaml.placeOf(path)): Problem {
    const source = this.overrideAt(path)?.source;
    if (source === undefined) return { file: this.yaml.file, ...at, message };
    if (typeof source === "string") return { file: source, line: 0, column: 0, message };
    // That path of the file may itself come from a flag.
    return this.problemAt(source, message);
  }

  /** A number as written in the file; null if it was overridden. */
  numberAsWritten(path: Path): string | null {
    return this.overrideAt(path) === null ? this.yaml.numberAsWritten(path) : null;
  }
}
