import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { printable } from "../../../../src/kernel/text.ts";
import { code, markdownOf, plain } from "../../../../src/views/export/markdown.ts";
import { HOSTILE, hostileRun, reportedRun } from "../../../support/reports.ts";
import { caseResult, runResult } from "../../../support/results.ts";

const html = (text: string) => Bun.markdown.html(text, { autolinks: true, latexMath: true, strikethrough: true, tables: true });

/** The text that a reader of HTML sees. */
function seen(markup: string): string {
  return markup
    .replaceAll("<!-- -->", "")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&");
}

describe("a run as Markdown", () => {
  const text = markdownOf(reportedRun());

  test("has title, hypothesis and verdicts", () => {
    expect(text).toStartWith("# A title\n\nWhat it is.\n\n**Hypothesis.** What is expected.\n");
    expect(text).toContain("- ✓ held: It is faster. (`async.throughput > sync.throughput`): 100 \\> 50");
    expect(text).toContain("- ✗ did not hold: It is not. (`async.p99 < 1`)");
    expect(text).toContain("- ? cannot tell: Nobody knows. (`parallel.cpu < 1`): it was disturbed");
  });

  test("has a table of the cases, each beside the fastest", () => {
    const rows = text.split("\n").filter((line) => line.startsWith("| "));
    expect(rows[0]).toBe("| case | done | relative | p50 | p99 | dropped | failed | CPU | predicted |");
    expect(rows.slice(2).map((row) => row.split(" | ").slice(0, 3))).toEqual([
      ["| sync", "50/s", "0.50 ×"],
      ["| async", "100/s", "1.00 ×"],
      ["| parallel", "80/s", "0.80 ×"],
    ]);
  });

  test("no case is compared with one whose measurement does not count", () => {
    const cases = [caseResult({ mode: "sync", processed: 50 }), caseResult({ mode: "async", processed: 100, status: "invalid" })];
    const rows = markdownOf(runResult(cases))
      .split("\n")
      .filter((line) => line.startsWith("| "));
    expect(rows.slice(2).map((row) => row.split(" | ").slice(0, 3))).toEqual([
      ["| sync", "50/s", "1.00 ×"],
      ["| async (invalid)", "100/s", "–"],
    ]);
  });

  test("has thresholds and explanations", () => {
    expect(text).toContain("- ✓ held: sync: `throughput value>40` (50)");
    expect(text).toContain("- ✗ failed: async: `throughput value>140` (100)");
    expect(text).toContain("- ? not judged: parallel: `query_ms avg<5` (nothing was measured)");
    expect(text).toContain("- **sync**: Because.");
  });

  test("hostile names stay text", () => {
    const markup = html(markdownOf(hostileRun()));
    expect(markup).not.toMatch(/<(script|a|img|em|del|x-equation)\b/);
    expect(seen(markup.slice(0, markup.indexOf("</h1>")))).toBe(`<h1>${printable(HOSTILE, 4000)}`);
    expect(markup.match(/<tr>/g)).toHaveLength(4);
  });
});

test("plain text is shown as it is", () => {
  const signs = fc.array(fc.constantFrom(...`\\\`*_[]<>|~&$@:/#+-=.!() 19ab\n`, "www.", "://", "&lt;", "1. ", "- "), { maxLength: 24 });
  fc.assert(
    fc.property(signs, (parts) => {
      const text = `${parts.join("")}.`.replace(/\s+/g, " ").trim();
      expect(seen(html(plain(text)))).toBe(`<p>${printable(text)}</p>\n`);
    }),
    { numRuns: 500 },
  );
});

test("nobody is mentioned, and no address becomes a link", () => {
  expect(plain("@you, a@b.c")).toBe("@<!-- -->you, a@<!-- -->b.c");
  expect(plain("www.x.y http://x.y")).toBe("www\\.x.y http\\://x.y");
});

test("code spans hold any text", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("`", "``", "a", " b", "|", "\\", "<"), { minLength: 1, maxLength: 8 }), (parts) => {
      const text = parts.join("").trim();
      fc.pre(text !== "");
      expect(seen(html(`x ${code(text)} y`))).toBe(`<p>x <code>${text}</code> y</p>\n`);
    }),
  );
});
