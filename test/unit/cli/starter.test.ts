import { describe, expect, test } from "bun:test";
import { starterText } from "../../../src/cli/starter.ts";
import { WORK_STARTERS } from "../../../src/cli/work-starter.ts";
import { resolveScenario } from "../../../src/scenario/load.ts";
import { scenarioJsonSchema, WORKLOADS } from "../../../src/scenario/schema.ts";
import { YamlFile } from "../../../src/scenario/yaml-file.ts";

const resolved = (text: string) => resolveScenario(YamlFile.parse("new.yaml", text), "new.yaml").scenario;

/** The other choices of a starter: lines behind `# ` that belong together. */
function choices(text: string): string[] {
  const blocks: string[] = [];
  for (const line of text.split("\n").slice(1)) {
    if (!line.startsWith("# ")) continue;
    const inner = line.slice(2);
    if (/^\s/.test(inner)) blocks.push(`${blocks.pop()}\n${inner}`);
    else blocks.push(inner);
  }
  return blocks;
}

/** The text with one more part, instead of what stands there under the same name. */
function withChoice(text: string, block: string): string {
  const name = block.slice(0, block.indexOf(":"));
  return `${text.replace(new RegExp(`^${name}:.*$`, "m"), "")}\n${block}\n`;
}

describe("a scenario to start from", () => {
  test.each(WORKLOADS)("of workload %s validates as it is written", (workload) => {
    expect(resolved(starterText("mine", workload))).toMatchObject({ title: "mine", workload });
  });

  test.each(WORKLOADS)("of workload %s: each other choice validates without its # ", (workload) => {
    const text = starterText("mine", workload);
    const own = choices(text).filter((block) => !/^(source|keys|message|work|loop|queries|fetch|flow):/.test(block));
    expect(own.map((block) => block.slice(0, block.indexOf(":")))).toEqual(
      expect.arrayContaining(["tags", "load", "batch", "sweep", "thresholds", "expect"]),
    );
    for (const block of own) expect(resolved(withChoice(text, block)).title).toBe("mine");
  });

  test("another workload's parts, without their # , are that workload's", () => {
    for (const own of WORKLOADS)
      for (const other of WORKLOADS) {
        if (own === other) continue;
        const parts = choices(starterText("mine", own)).filter((block) =>
          /^(source|keys|message|work|loop|queries|fetch|flow):/.test(block),
        );
        const fitting = parts.filter((block) => (other === "message" ? !/^(fetch|flow):/.test(block) : block.startsWith(`${other}:`)));
        expect(fitting.length).toBeGreaterThan(0);
        const bare = `title: mine\nworkload: ${other}\nload: { executor: bursts, size: 5 }\n${fitting.join("\n")}\n`;
        expect(resolved(bare).workload).toBe(other);
      }
  });

  test("names every field there is", () => {
    const names = new Set<string>();
    const collect = (node: unknown): void => {
      if (typeof node !== "object" || node === null) return;
      const { properties = {} } = node as { properties?: Record<string, unknown> };
      for (const name of Object.keys(properties)) names.add(name);
      for (const [name, inner] of Object.entries(node)) if (name !== "sweep" && name !== "thresholds") collect(inner);
    };
    collect(scenarioJsonSchema());
    const text = starterText("mine");
    expect(
      [...names].filter((name) => !new RegExp(`\\b${name}: `).test(text) && !text.includes(`\n# ${name}:`) && !text.includes(`${name}:\n`)),
    ).toEqual([]);
  });

  test("with work in another language has a program beside it, which the work names", () => {
    for (const [language, { extension, command, startup, text }] of Object.entries(WORK_STARTERS)) {
      const line = `work: { kind: command, command: ${JSON.stringify(command(`./mine${extension}`))}, startup: ${startup} }`;
      const { work } = resolved(starterText("mine", "message", "x", line));
      expect(work).toMatchObject({ kind: "command", command: command(`./mine${extension}`) });
      expect(text.split("\n").length, language).toBeLessThan(52);
    }
  });

  test("tells the editor where its schema is", () => {
    expect(starterText("mine", "flow", "/there/s.json").split("\n")[0]).toBe("# yaml-language-server: $schema=/there/s.json");
  });
});
