/** Access to plain values (maps, lists and scalars, as in YAML and JSON) by path. Values are never modified: a replacement is another value. */

/** The keys of maps and indices of lists on the way to a value. */
export type Path = readonly (string | number)[];

type PlainMap = Readonly<Record<string | number, unknown>>;

/** True for maps; false for lists and for other objects that YAML can contain, such as bytes. */
export function isPlainMap(value: unknown): value is PlainMap {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** The value at the path, or undefined. */
export function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as PlainMap)[part];
  }
  return value;
}

/** A copy with another value at the path. Missing maps on the way are created; what is no map is replaced by one. */
export function withValueAt(root: unknown, [key, ...rest]: Path, value: unknown): unknown {
  if (key === undefined) return value;
  const map = isPlainMap(root) ? root : {};
  return { ...map, [key]: withValueAt(valueAt(map, [key]), rest, value) };
}

/** A copy without the value at the path, or `root` itself if there is none. */
export function withoutValueAt(root: unknown, [key, ...rest]: Path): unknown {
  if (key === undefined || !isPlainMap(root) || !Object.hasOwn(root, key)) return root;
  const { [key]: old, ...others } = root;
  if (rest.length === 0) return others;
  const left = withoutValueAt(old, rest);
  return left === old ? root : { ...root, [key]: left };
}

/** A property by a name from outside: own properties only. */
export function ownProperty<T>(all: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return all !== undefined && Object.hasOwn(all, name) ? all[name] : undefined;
}
