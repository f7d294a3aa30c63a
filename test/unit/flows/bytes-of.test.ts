import { describe, expect, test } from "bun:test";
import { bytesOf } from "../../../src/flows/bytes-of.ts";

describe("the memory of a value", () => {
  test.each<[string, unknown, number]>([
    ["a number", 5, 8],
    ["nothing", null, 8],
    ["a text, by its length", "abc", 16 + 6],
    ["an empty list", [], 16],
    ["a list, by its members", [1, "abc"], 16 + 8 + 22],
    ["an object, by its names and values", { ab: 1 }, 16 + 20 + 8],
    ["a map, by its keys and values", new Map([[1, "a"]]), 16 + 8 + 18],
    ["a set", new Set([1, 2]), 16 + 16],
    ["bytes", new Uint8Array(100), 116],
    ["a buffer", new ArrayBuffer(100), 116],
    ["a shared one", new SharedArrayBuffer(100), 116],
    ["a blob", new Blob(["abc"]), 19],
    ["a list as long as is looked at whole", Array(200).fill(1), 16 + 1600],
    ["a longer one, of which some stand for all", Array(1000).fill("abc"), 16 + 22_000],
  ])("is estimated of %s", (_, value, bytes) => {
    expect(bytesOf(value)).toBe(bytes);
  });

  test("counts a thing once that is there twice", () => {
    const list = ["abc"];
    expect(bytesOf([list, list])).toBe(16 + 16 + 22 + 8);
  });

  test("of a list of many kinds is that of those looked at, evenly spread", () => {
    const half = Array.from({ length: 1000 }, (_, i) => (i < 500 ? 1 : "abc"));
    expect(bytesOf(half)).toBe(16 + 500 * 8 + 500 * 22);
  });

  test("is not counted on above what is asked for", () => {
    let looked = 0;
    const many = Array.from({ length: 100 }, () => ({
      get text(): string {
        looked++;
        return "x".repeat(42);
      },
    }));
    expect(bytesOf(many, 1000)).toBeGreaterThan(1000);
    expect(looked).toBeWithin(5, 15);
  });

  test("is looked at in a thousand of its parts, however many there are", () => {
    let looked = 0;
    const part = () => ({
      get text(): number {
        return ++looked;
      },
    });
    bytesOf(Array.from({ length: 200 }, () => Array.from({ length: 200 }, part)));
    expect(looked).toBeWithin(100, 1000);
  });
});
