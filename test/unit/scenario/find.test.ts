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
  if (found.unreadable.some((one) => one.file === file)) return null;
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

  const why = (name: string) => listScenarios(folder).unreadable.find((one) => one.name === name)?.why;

  test.each([
    [
      "title: One\nwork:\n  <<: { kind: cpu }\n",
      "3:3: work.<<: is a merge key, which YAML 1.2 does not have; write its fields out, got a map",
    ],
    ["title: One\nx: &x { a: 1 }\n<<: *x\n", "2:1: x: is not a known field"],
    ['title: One\ntags: { "<<": a }\n', "2:9: tags.<<: is a merge key"],
    ["title: One\nbogus: 3\n", "2:1: bogus: is not a known field"],
    ["title: One\ntitle: Two\n", "2:1: title: must be given once"],
    ["title: [unclosed\n", "2:1: file: must be valid YAML"],
    ["title: A\n---\ntitle: B\n", "2:1: file: must hold one scenario"],
    ["", "1:1: file: must be a map of scenario fields, got an empty file"],
    ["modes: [sync]\n", "1:1: title: "],
  ])("what a run refuses a list refuses, in the same words: %j", (text, words) => {
    expect(listed(text)).toBeNull();
    expect(why("one")).toStartWith(words);
  });

  test("a file of the working folder is listed as it is found, and what is no scenario there is nobody's business", () => {
    writeFileSync(join(folder, "mine.yaml"), "title: Mine\n");
    writeFileSync(join(folder, "compose.yaml"), "services: {}\n");
    writeFileSync(join(folder, "hot-key.yaml"), "title: [\n");
    const { listed: all, unreadable } = listScenarios(folder);
    expect(all.find(({ name }) => name === "mine")).toMatchObject({ title: "Mine", file: join(folder, "mine.yaml") });
    expect([...all, ...unreadable].some(({ name }) => name === "compose")).toBe(false);
    // It hides the shipped one of its name from a run.
    expect(all.some(({ name }) => name === "hot-key")).toBe(false);
    expect(why("hot-key")).toContain("must be valid YAML");
  });
});
