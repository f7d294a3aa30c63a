import { afterAll, describe, expect, test } from "bun:test";
import { lstatSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { replaceFile, writeAll } from "../../../src/kernel/replace-file.ts";
import { temporaryFolder } from "../../../src/kernel/temporary-folder.ts";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);

describe("a file put in the place of another", () => {
  test("holds all that was written", () => {
    replaceFile(at("new"), (descriptor) => writeAll(descriptor, "ä".repeat(100_000)));
    expect(readFileSync(at("new"), "utf8")).toBe("ä".repeat(100_000));
  });

  test("what was there stays when writing fails, and nothing is left beside it", () => {
    writeFileSync(at("old"), "whole");
    const before = readdirSync(folder).length;
    const failing = (descriptor: number) => {
      writeAll(descriptor, "ha");
      throw new Error("the disk is full");
    };
    expect(() => replaceFile(at("old"), failing)).toThrow("the disk is full");
    expect([readFileSync(at("old"), "utf8"), readdirSync(folder).length]).toEqual(["whole", before]);
  });

  test("permissions stay", () => {
    writeFileSync(at("private"), "", { mode: 0o600 });
    replaceFile(at("private"), (descriptor) => writeAll(descriptor, "x"));
    expect(statSync(at("private")).mode & 0o777).toBe(0o600);
  });

  test("a link leads where it did", () => {
    writeFileSync(at("target"), "");
    symlinkSync(at("target"), at("link"));
    replaceFile(at("link"), (descriptor) => writeAll(descriptor, "through"));
    expect([lstatSync(at("link")).isSymbolicLink(), readFileSync(at("target"), "utf8")]).toEqual([true, "through"]);
  });
});
