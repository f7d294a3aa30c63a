import { describe, expect, test } from "bun:test";
import { type Place, type YamlFault, YamlFile } from "../../../src/scenario/yaml-file.ts";

const LAUGHS = [..."bcdefghij"].map((name, i) => `${name}: &${name} [${new Array(9).fill(`*${"abcdefghij"[i]}`).join(", ")}]`).join("\n");

describe("what a text breaks as YAML has a kind and a place", () => {
  const faults: readonly (readonly [text: string, kind: YamlFault["kind"], at: Place, checkable: boolean])[] = [
    ["a: \u0000", "binary", { line: 1, column: 1 }, false],
    ["a: [1", "syntax", { line: 1, column: 6 }, false],
    ["a: 1\n---\na: 2\n", "second-document", { line: 2, column: 1 }, false],
    ["a: 1\nb: { c: 1, c: 2 }\n", "repeated-key", { line: 2, column: 12 }, true],
    ["a: 1\nb:\n  <<: { c: 2 }\n", "merge-key", { line: 3, column: 3 }, true],
    ["a: *b\n", "unresolved-alias", { line: 1, column: 4 }, false],
    ["a: 1\nb: !env RATE\n", "local-tag", { line: 2, column: 9 }, false],
    [`a: &a [x]\n${LAUGHS}\n`, "endless-aliases", { line: 1, column: 1 }, false],
    ["[".repeat(65), "nesting", { line: 1, column: 65 }, false],
  ];

  test.each(faults)("%j: %s", (text, kind, at, checkable) => {
    const yaml = YamlFile.parse("s.yaml", text);
    expect(yaml.faults.map((fault) => [fault.kind, fault.at])).toEqual([[kind, at]]);
    expect(yaml.checkable).toBe(checkable);
    expect(yaml.value !== undefined).toBe(checkable);
  });

  test("of a repeated key and a merge key the path and what was written are told", () => {
    const [repeated, merge] = YamlFile.parse("s.yaml", "b: { c: 1, c: 2 }\nd: { <<: *b }\n".replace("b:", "b: &b")).faults;
    expect(repeated).toMatchObject({ path: ["b", "c"], value: 2 });
    expect(merge).toMatchObject({ path: ["d", "<<"], merged: "*b" });
  });

  test("tags that say what a value is already are no fault", () => {
    const { faults, value } = YamlFile.parse("s.yaml", "a: !!str 5\nb: !!int 5\nc: ! 7\n");
    expect([faults, value]).toEqual([[], { a: "5", b: 5, c: "7" }]);
  });

  test("without any a text has its value", () => {
    const { faults, value } = YamlFile.parse("s.yaml", "a: &x [1, 2ms]\nb: *x\n");
    expect([faults, value]).toEqual([[], { a: [1, "2ms"], b: [1, "2ms"] }]);
  });
});

describe("places", () => {
  const yaml = YamlFile.parse("s.yaml", "a:\n  b: [10, 'twenty']\n  c: 12345678901234567890\n");

  test("are those of the value, of its key, of a character in it", () => {
    expect(yaml.placeOf(["a", "b", 1])).toEqual({ line: 2, column: 11 });
    expect(yaml.placeOfKey(["a"], "c")).toEqual({ line: 3, column: 3 });
    expect(yaml.placeInText(["a", "b", 1], "twenty", 3)).toEqual({ line: 2, column: 15 });
  });

  test("of what is missing are those of what is around it", () => {
    expect(yaml.placeOf(["a", "x", "y"])).toEqual({ line: 2, column: 3 });
    expect(yaml.placeOfKey([], "x")).toEqual({ line: 1, column: 1 });
  });

  test("a number that no number holds can be told as it was written", () => {
    expect(yaml.numberAsWritten(["a", "c"])).toBe("12345678901234567890");
    expect(yaml.numberAsWritten(["a", "b", 1])).toBeNull();
  });
});

/** Where a text nests too deep; null: nowhere. */
function tooDeep(text: string): Place | null {
  return YamlFile.parse("n.yaml", text).faults.find(({ kind }) => kind === "nesting")?.at ?? null;
}

describe("nesting", () => {
  test("of lists and maps in brackets is told at the bracket that is too many", () => {
    expect(tooDeep("[".repeat(64))).toBeNull();
    expect(tooDeep("[".repeat(65))).toEqual({ line: 1, column: 65 });
    expect(tooDeep(`a: b "c\nload: ${"[".repeat(99)}`)).toEqual({ line: 2, column: 71 });
  });

  test("by indentation and by dashes counts as well", () => {
    const indented = (levels: number) => Array.from({ length: levels }, (_, i) => `${" ".repeat(i)}a:`).join("\n");
    expect(tooDeep(indented(64))).toBeNull();
    expect(tooDeep(indented(100))).toEqual({ line: 65, column: 65 });
    expect(tooDeep(`${"- ".repeat(99)}a`)).toEqual({ line: 1, column: 129 });
  });

  test("is not made by brackets within text, comments or plain words", () => {
    expect(tooDeep(`a: "${"[".repeat(99)}" # ${"[".repeat(99)}\nb: '${"{".repeat(99)}'`)).toBeNull();
    expect(tooDeep(`a: b ${"[".repeat(99)}\nb: |\n  ${"[".repeat(99)}\nc: d`)).toBeNull();
    expect(tooDeep(`${"[]".repeat(99)}\n${"a: 1\n".repeat(500)}`)).toBeNull();
  });

  test("without end takes no stack and no time", () => {
    const from = performance.now();
    for (const opening of ["[", "{a: ", "- ", "? ", "a: ["]) expect(tooDeep(opening.repeat(200_000))).not.toBeNull();
    expect(performance.now() - from).toBeLessThan(2000);
  });
});
