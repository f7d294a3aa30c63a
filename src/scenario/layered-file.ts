import { isPlainMap, type Path, valueAt, withoutValueAt, withValueAt } from "../kernel/plain-value.ts";
import { type Problem, UserError } from "../kernel/problem.ts";
import { printable } from "../kernel/text.ts";
import { firstUnknown, knownKeys } from "./known-fields.ts";
import { DEFAULT_EXECUTOR } from "./load-schema.ts";
import type { FlagOverride, Override } from "./overrides.ts";
import type { Place, YamlFile } from "./yaml-file.ts";

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

  /**
   * Adds a layer of one flag, and removes what cannot stand beside its value. Throws a UserError if the flag has no meaning here, or its field
   * does not exist.
   */
  withFlag(override: FlagOverride): LayeredFile {
    checkMeaning(this.value, override);
    return new LayeredFile(this.yaml, withRoomFor(override, this.value), this.overrides).with(override);
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

/** Maps with names from the user as keys. */
const NAMED_BY_USER: readonly unknown[] = ["tags", "sweep", "thresholds"];

/** Throws a UserError for a flag that has no meaning for the load, or whose field does not exist. */
function checkMeaning(value: unknown, { source, path, onlyWith }: FlagOverride): void {
  const executor = executorOf(value);
  if (onlyWith !== undefined && !onlyWith.executors.includes(executor))
    throw new UserError(`${onlyWith.flag} has no meaning for load.executor ${printable(executor, 40)}`);
  const named = (NAMED_BY_USER.includes(path[0]) && path.length > 1) || path.slice(0, 2).join(".") === "fetch.headers";
  const hint = named ? null : firstUnknown(path.map(String), value);
  if (hint !== null) throw new UserError(`${source}: there is no field ${printable(path.join("."), 60)}${hint}`);
}

/** The executor of the load, also of an invalid scenario. */
function executorOf(value: unknown): string {
  const { workload, load } = (isPlainMap(value) ? value : {}) as { workload?: unknown; load?: { executor?: unknown } | null };
  return String(load?.executor ?? (workload === "fetch" && load === undefined ? "once" : DEFAULT_EXECUTOR));
}

/** Fields of which a scenario has one at most: setting one removes the others. */
const ALTERNATIVES: readonly (readonly string[])[] = [
  ["fetch.tiles", "fetch.urls", "fetch.urlsFile"],
  ["fetch.body.text", "fetch.body.template", "fetch.body.file", "fetch.body.rows"],
  ["fetch.auth.bearer", "fetch.auth.basic"],
  ["fetch.target.mock", "fetch.target.url", "fetch.target.urls"],
];

/** The value without what cannot stand beside that of a flag: its alternatives, other executors' fields, and its sweep. */
function withRoomFor({ path, value }: FlagOverride, root: unknown): unknown {
  const field = path.join(".");
  const others = (ALTERNATIVES.find((fields) => fields.includes(field)) ?? []).filter((other) => other !== field);
  const alone = others.reduce((all, other) => withoutValueAt(all, other.split(".")), root);
  return withoutSweepOf(field, field === "load.executor" ? withLoadFor(value, alone) : alone);
}

/** Keeps only the fields of the load that the new executor has. */
function withLoadFor(executor: unknown, value: unknown): unknown {
  const load = valueAt(value, ["load"]);
  if (!isPlainMap(load)) return value;
  const known = knownKeys(["load"], { executor });
  return withValueAt(value, ["load"], Object.fromEntries(Object.entries(load).filter(([key]) => known.includes(key))));
}

/** Removes the field from the sweep, and an emptied sweep as a whole. */
function withoutSweepOf(field: string, value: unknown): unknown {
  const left = withoutValueAt(value, ["sweep", field]);
  const sweep = valueAt(left, ["sweep"]);
  const emptied = left !== value && isPlainMap(sweep) && Object.keys(sweep).length === 0;
  return emptied ? withoutValueAt(left, ["sweep"]) : left;
}
