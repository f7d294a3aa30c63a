import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as lab from "../../src/index.ts";
import { ROOT } from "../support/cli.ts";

test("whoever imports a name on another runtime reads the sentence, not that there is no such name", () => {
  const text = readFileSync(join(ROOT, "src/needs-bun.js"), "utf8");
  const named = [...text.matchAll(/^export let (.+);$/gm)].flatMap((match) => (match[1] ?? "").split(", "));
  expect(named.sort()).toEqual(Object.keys(lab).sort());
});
