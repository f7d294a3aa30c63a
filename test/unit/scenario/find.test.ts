import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../../src/kernel/temporary-folder.ts";
import { listScenarios } from "../../../src/scenario/find.ts";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, "scenarios"));

/** What a list shows of a file with this text: its title, or null where it is named as unreadable. */
function listed(text: string): string | null {
  const file = join(folder, "scenarios", "one.yaml");
  writeFileSync(file, text);
  const found = listScenarios(folder);
  if (found.unreadable.includes(file)) return null;
  return found.listed.find(({ name }) => name === "one")?.title ?? "";
}

describe("scenario files in a list", () => {
  test("an alias stands for what it names, as in a run", () => {
    expect(listed("tags: { a: &t Named }\ntitle: *t\n")).toBe("Named");
  });

  test("aliases that unfold to very much are refused, not unfolded", () => {
    const rows = [..."bcdefghij"].map((name, i) => `${name}: &${name} [${new Array(9).fill(`*${"abcdefghij"[i]}`).join(", ")}]`);
    expect(listed(`a: &a [lol, lol]\n${rows.join("\n")}\ntitle: Laughs\nmodes: *j\n`)).toBeNull();
  });

  test("asterisks and ampersands within text are none", () => {
    expect(listed('title: "R&D * 2"\n')).toBe("R&D * 2");
  });
});
