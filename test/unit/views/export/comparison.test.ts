import { describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeComparison } from "../../../../src/cli/compare/output.ts";
import { changeTable } from "../../../../src/views/export/comparison.ts";
import { comparisonHtml } from "../../../../src/views/export/comparison-html.ts";
import { junitOfComparison } from "../../../../src/views/export/junit.ts";
import { comparisonMarkdown } from "../../../../src/views/export/markdown.ts";
import { heard } from "../../../support/cli.ts";
import { comparedRun, HOSTILE } from "../../../support/reports.ts";

describe("a comparison as an HTML file", () => {
  test("has every figure with its interval, as a picture on one scale and in figures, and asks for nothing", () => {
    const page = comparisonHtml(comparedRun());
    expect(page).toContain("default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'");
    expect(page).not.toMatch(/<script|https?:|src=|href=/);
    expect(page.match(/<svg class="interval"/g)).toHaveLength(3);
    expect(page).toContain(
      '<tr><th scope="row">throughput</th><td>100/s</td><td>90/s</td><td>−10 %</td><td>−12 % and −8 %</td><td><b class="bad">worse</b></td>',
    );
    // The widest reaches 22 % (× 1.05); the margin is 1 %, the middle 200.
    expect(page).toContain('aria-label="throughput: −10 %, between −12 % and −8 %"');
    expect(page).toContain('<path class="other" d="M96.1 10H130.7M96.1 5V15M130.7 5V15"/><path class="other dot" d="M113.4 10h.01"/>');
    expect(page).toContain('<path class="grid" d="M191.3 0V20M208.7 0V20"/>');
    expect(page).toContain("<li>throughput: the smallest change this could have found is 4 %; about 128 rounds in all would tell</li>");
    expect(comparisonHtml(comparedRun())).toBe(page);
  });

  test.each([
    [{}, "good", "Yes: 8 rounds"],
    [{ valid: false }, "bad", "Not as a whole"],
    [{ rounds: 1 }, "warn", "no change can be told from chance"],
    [{ notes: ["the seed differs"] }, "warn", "With care"],
  ])("says first whether it may be believed: %j", (change, tone, part) => {
    const page = comparisonHtml({ ...comparedRun(), ...change });
    expect(page).toMatch(new RegExp(`<section class="box ${tone}-box">[^]*<p class="verdict ${tone}">[^<]*${part}`));
  });

  test("a picture reaches twice the margin at least, and 100 % at most", () => {
    const [first] = comparedRun().comparisons;
    const of = (change: object) => comparisonHtml({ ...comparedRun(), comparisons: first === undefined ? [] : [{ ...first, ...change }] });
    expect(of({ ratio: 1, low: 0.999, high: 1.001, verdict: "same" })).toContain("−2.1 % to +2.1 %");
    expect(of({ ratio: 5, low: 4, high: 6 })).toContain("−100 % to +100 %");
  });

  test("hostile names are text", () => {
    const page = comparisonHtml({ ...comparedRun(HOSTILE), a: HOSTILE, b: HOSTILE, notes: [HOSTILE] });
    expect(page).not.toMatch(/<script|NaN|undefined/);
    expect(page).not.toContain("\u001b");
  });
});

describe("where a comparison goes", () => {
  const folder = mkdtempSync(join(tmpdir(), "lab-tui-test-"));
  const one = comparedRun();

  test("is standard output, as a table or in the format asked for", async () => {
    expect(await heard(() => writeComparison(one, {}))).toBe(changeTable(one));
    expect(await heard(() => writeComparison(one, { format: "markdown" }))).toBe(comparisonMarkdown(one));
    expect(await heard(() => writeComparison(one, { format: "html" }))).toBe(comparisonHtml(one));
    expect(JSON.parse(await heard(() => writeComparison(one, { json: true })))).toEqual(one);
  });

  test("is a file, in the format of its name, with the table beside it on standard output", async () => {
    for (const [name, text] of [
      ["c.html", comparisonHtml(one)],
      ["c.md", comparisonMarkdown(one)],
      ["c.xml", junitOfComparison(one)],
      ["c.txt", changeTable(one)],
    ] as const) {
      const out = join(folder, name);
      expect(await heard(() => writeComparison(one, { out }))).toBe(changeTable(one));
      expect(readFileSync(out, "utf8")).toBe(text);
    }
    const out = join(folder, "c.json");
    expect(JSON.parse(await heard(() => writeComparison(one, { out: join(folder, "c.html"), json: true })))).toEqual(one);
    await heard(() => writeComparison(one, { out }));
    expect(JSON.parse(readFileSync(out, "utf8"))).toEqual(one);
    rmSync(folder, { recursive: true });
  });
});
