/** Values of maps, lists and scalars, as YAML and JSON hold them, read and replaced by path. None is changed: a replacement is another value. */

/** The keys of maps and indices of lists on the way to a value. */
export type Path = readonly (string | number)[];

type PlainMap = Readonly<Record<string | number, unknown>>;

/** A map, and neither a list nor what YAML can hold besides, such as bytes. */
export function isPlainMap(value: unknown): value is PlainMap {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** What stands at the path; undefined where nothing does. */
export function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as PlainMap)[part];
  }
  return value;
}

/** The same with another value at the path. Whatever stands on the way to it and is no map gives way to one. */
export function withValueAt(root: unknown, [key, ...rest]: Path, value: unknown): unknown {
  if (key === undefined) return value;
  const map = isPlainMap(root) ? root : {};
  return { ...map, [key]: withValueAt(valueAt(map, [key]), rest, value) };
}

/** The same without what stands at the path; the very same where nothing does. */
export function withoutValueAt(root: unknown, [key, ...rest]: Path): unknown {
  if (key === undefined || !isPlainMap(root) || !Object.hasOwn(root, key)) return root;
  const { [key]: old, ...others } = root;
  if (rest.length === 0) return others;
  const left = withoutValueAt(old, rest);
  return left === old ? root : { ...root, [key]: left };
}
