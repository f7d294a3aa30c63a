import { describe, expect, test } from "bun:test";
import { join, resolve } from "node:path";
import { InvalidScenario } from "../../../src/kernel/problem.ts";
import { YamlFile } from "../../../src/scenario/document.ts";
import { resolveScenario } from "../../../src/scenario/load.ts";
import refused from "../../scenarios/refused.json";

const FOLDER = resolve(import.meta.dir, "../../scenarios");

/** Every sentence, word by word: a user reads them when something is wrong, and never otherwise. */
describe("C-3 what is refused, and in which words", () => {
  test.each(Object.entries(refused))("%s", (text, sentences) => {
    try {
      resolveScenario(YamlFile.parse("s.yaml", `${text}\n`), join(FOLDER, "s.yaml"));
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof InvalidScenario)) throw error;
      expect(error.problems.map(({ line, column, message }) => `${line}:${column}: ${message}`)).toEqual(sentences);
    }
  });
});
