import { describe, expect, test } from "bun:test";
import { isPlainMap, valueAt, withoutValueAt, withValueAt } from "../../../src/kernel/plain-value.ts";

describe("plain values by path", () => {
  const root = Object.freeze({ a: Object.freeze({ b: 1, c: Object.freeze([10, 20]) }), d: 4 });

  test("are read through maps and lists, and are undefined where nothing is", () => {
    expect([valueAt(root, []), valueAt(root, ["a", "c", 1])]).toEqual([root, 20]);
    expect([valueAt(root, ["a", "x", "y"]), valueAt(root, ["d", "e"]), valueAt(root, ["toString"])]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test("are replaced in a copy, which shares all else", () => {
    const copy = withValueAt(root, ["a", "b"], 2) as { readonly a: { readonly b: number; readonly c: readonly number[] } };
    expect<unknown>(copy).toEqual({ a: { b: 2, c: [10, 20] }, d: 4 });
    expect(copy.a.c).toBe(root.a.c);
    expect(root.a.b).toBe(1);
  });

  test("get the maps on their way, also in place of what is none", () => {
    expect(withValueAt(root, ["d", "e", "f"], 5)).toEqual({ ...root, d: { e: { f: 5 } } });
    expect(withValueAt([1], ["a"], 2)).toEqual({ a: 2 });
    const odd = withValueAt({}, ["__proto__", "x"], 1);
    expect([Object.keys(odd as object), Object.hasOwn(Object.prototype, "x")]).toEqual([["__proto__"], false]);
  });

  test("are removed in a copy; the same value is returned where there is nothing to remove", () => {
    expect(withoutValueAt(root, ["a", "b"])).toEqual({ a: { c: [10, 20] }, d: 4 });
    expect(withoutValueAt(root, ["d"])).toEqual({ a: root.a });
    for (const path of [["x"], ["a", "x"], ["d", "x"], []]) expect(withoutValueAt(root, path)).toBe(root);
  });

  test("a map is neither a list nor bytes nor null", () => {
    expect([{}, [], null, Buffer.from("x"), new Map(), "x"].map(isPlainMap)).toEqual([true, false, false, false, false, false]);
  });
});
