import { afterAll, expect, test } from "bun:test";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { checkTargets } from "../../../src/cli/outputs.ts";
import { temporaryFolder } from "../../support/cli.ts";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

test("--junit is checked before anything runs: its folder, and that no other output and no scenario is the same file", () => {
  const file = join(folder, "verdicts.xml");
  checkTargets({ junit: file }, []);
  expect(existsSync(file)).toBe(false);
  expect(() => checkTargets({ junit: file, json: file }, [])).toThrow("verdicts.xml is what --json writes");
  expect(() => checkTargets({ junit: file }, [file])).toThrow("verdicts.xml is the scenario itself");
  expect(() => checkTargets({ junit: "-", json: "-" }, [])).toThrow("--junit: - is what --json writes");
  expect(() => checkTargets({ junit: "/nowhere/x.xml" }, [])).toThrow("--junit: /nowhere/x.xml cannot be written");
});
