import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Canvas, CONTINUED } from "../../../../src/views/canvas/canvas.ts";
import { drawMarked } from "../../../../src/views/canvas/marked.ts";
import { THEME_NAMES } from "../../../../src/views/canvas/names.ts";
import { type Ink, onGround, partsOf, style, TEXT } from "../../../../src/views/canvas/styles.ts";
import { contrast, styleCodes, THEMES } from "../../../../src/views/canvas/themes.ts";
import { timeTicks } from "../../../../src/views/canvas/ticks.ts";
import { rounds } from "../../../support/campaign.ts";

describe("a canvas", () => {
  test("cuts what falls outside, and a text that is too long with a sign", () => {
    const canvas = new Canvas(6, 2);
    canvas.text(4, 0, "abc");
    canvas.text(0, 1, "abcdefg");
    canvas.text(0, 2, "below");
    canvas.put(-1, 0, 65, TEXT);
    expect(canvas.toString()).toBe("    a…\nabcde…");
  });

  test("gives a wide character two cells, and none that has room for one", () => {
    const canvas = new Canvas(5, 1);
    expect(canvas.text(0, 0, "漢x")).toBe(3);
    expect([canvas.glyphs[1], canvas.row(0)]).toEqual([CONTINUED, "漢x  "]);
    expect(canvas.text(4, 0, "漢")).toBe(5);
    expect(canvas.row(0)).toBe("漢x …");
  });

  test("a text at the right ends where it is told to", () => {
    const canvas = new Canvas(8, 1);
    expect(canvas.textRight(7, 0, "abc")).toBe(4);
    expect(canvas.toString()).toBe("    abc");
  });

  test("every line is as wide as the canvas, whatever is written", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 30 }), fc.integer({ min: -3, max: 12 }), (text, x) => {
        const canvas = new Canvas(12, 1);
        canvas.text(x, 0, text.replace(/[\p{C}\p{Z}]/gu, ""));
        let columns = 0;
        for (const glyph of canvas.glyphs) columns += glyph === 0 ? 0 : 1;
        expect(columns).toBe(12);
      }),
      { numRuns: rounds(100) },
    );
  });
});

describe("marked text", () => {
  test("changes its style at each mark and is cut to its room", () => {
    const canvas = new Canvas(8, 1);
    const bad = style("bad");
    drawMarked(canvas, 0, 0, `ab\u001b[${bad}mcd\u001b[${TEXT}mefgh`, 6);
    expect(canvas.toString()).toBe("abcde…");
    expect([canvas.styleAt(1, 0), canvas.styleAt(2, 0), canvas.styleAt(4, 0)]).toEqual([TEXT, bad, TEXT]);
  });
});

describe("styles", () => {
  test("a style is told apart into its parts", () => {
    expect(partsOf(style("async", { ground: "async-area", bold: true }))).toEqual({
      ...{ ink: "async", ground: "async-area", bold: true, inverse: false },
    });
    expect(partsOf(onGround(style("sync", { bold: true }), style("text", { ground: "track" })))).toMatchObject({
      ink: "sync",
      ground: "track",
    });
  });

  test("without colours a style has none, and what keys stand on is turned round", () => {
    const codes = styleCodes(THEMES.none, 0);
    expect(codes(style("bad", { bold: true }))).toBe("\u001b[0m\u001b[1m");
    expect(codes(style("key", { ground: "key-back" }))).toBe("\u001b[0m\u001b[7m");
  });

  test.each([
    [1, "\u001b[0m\u001b[91m"],
    [2, "\u001b[0m\u001b[38;5;209m"],
    [3, "\u001b[0m\u001b[38;2;255;107;74m"],
  ] as const)("a terminal of colours of kind %i gets them in its own way", (level, code) => {
    expect(styleCodes(THEMES.dark, level)(style("bad"))).toBe(code);
  });
});

/** Inks that words are written in. */
const WRITTEN = [
  ...(["faint", "accent", "good", "warn", "bad", "sync", "async", "parallel", "distributed", "expected", "arriving"] as const),
];

describe.each(THEME_NAMES.filter((name) => name !== "none"))("the %s theme", (name) => {
  const { inks, ground } = THEMES[name];

  test.each(WRITTEN)("%s is read on its ground: WCAG 2.2, contrast of 4.5", (ink) => {
    expect(contrast(inks[ink] ?? "", ground)).toBeGreaterThanOrEqual(4.5);
  });

  test("keys are read on what they stand on", () => {
    expect(contrast(inks.key ?? "", inks["key-back"] ?? "")).toBeGreaterThanOrEqual(4.5);
  });

  test.each(["sync", "async", "parallel", "distributed"] as const)("the edge of %s stands out from its area", (mode) => {
    expect(contrast(inks[mode] ?? "", inks[`${mode}-area`] ?? "")).toBeGreaterThanOrEqual(2);
  });
});

/** The 16 colours of xterm. */
const XTERM = [
  ...["#000000", "#cd0000", "#00cd00", "#cdcd00", "#0000ee", "#cd00cd", "#00cdcd", "#e5e5e5"],
  ...["#7f7f7f", "#ff0000", "#00ff00", "#ffff00", "#5c5cff", "#ff00ff", "#00ffff", "#ffffff"],
] as const;

describe.each(THEME_NAMES.filter((name) => name !== "none"))("the %s theme in 16 colours", (name) => {
  const { few, ground } = THEMES[name];
  const shade = (ink: Ink): string => XTERM[few[ink] ?? -1] ?? "";
  const paper = ground === "#ffffff" ? "#ffffff" : "#000000";

  test.each(WRITTEN.filter((ink) => few[ink] !== 8))("%s is read on its ground: WCAG 2.2, contrast of 4.5", (ink) => {
    expect(contrast(shade(ink), paper)).toBeGreaterThanOrEqual(4.5);
  });

  test.each(["border", ...WRITTEN.filter((ink) => few[ink] === 8)] as const)("%s, in grey, stands out from its ground", (ink) => {
    expect(contrast(shade(ink), paper)).toBeGreaterThanOrEqual(3);
  });

  test("keys are read on what they stand on", () => {
    expect(contrast(shade("key"), shade("key-back"))).toBeGreaterThanOrEqual(4);
  });

  test("the modes differ from each other", () => {
    expect(new Set([few.sync, few.async, few.parallel, few.distributed]).size).toBe(4);
  });

  test("so do the parts of a latency", () => {
    expect(new Set([few.warn, few.accent, few.faint, few.text]).size).toBe(4);
  });

  test("what is wrong has a colour of its own among good, warning and modes", () => {
    expect([few.good, few.warn, few.sync, few.async, few.parallel, few.distributed]).not.toContain(
      name === "colour-blind" ? null : few.bad,
    );
  });

  test("values of a heat map are read on each of its shades", () => {
    const grounds = Array.from({ length: 8 }, (_, i) => shade(`heat-${i}` as Ink));
    expect(grounds.map((heat, i) => contrast(shade(i < 4 ? "bright" : "dark"), heat) >= 3)).toEqual(grounds.map(() => true));
  });
});

test.each([
  ["bad", "\u001b[0m\u001b[91m"],
  ["async", "\u001b[0m\u001b[33m"],
] as const)("%s of 16 colours is set by its number", (ink, code) => {
  expect(styleCodes(THEMES.dark, 1)(style(ink))).toBe(code);
});

test("so is a ground of 16 colours", () => {
  expect(styleCodes(THEMES.dark, 1)(style("text", { ground: "track" }))).toBe("\u001b[0m\u001b[100m");
  expect(styleCodes(THEMES.dark, 1)(style("key", { ground: "key-back" }))).toBe("\u001b[0m\u001b[30m\u001b[47m");
});

describe("a time axis", () => {
  test.each([
    [6000, 50, ["0 s", "1", "2", "3", "4", "5", "6"]],
    [1000, 30, ["0 s", "0.5", "1"]],
    [90_000, 40, ["0 s", "30", "60", "90"]],
    [600_000, 40, ["0 min", "2", "4", "6", "8", "10"]],
    [7_200_000, 20, ["0 h", "1", "2"]],
  ])("of %i ms over %i columns", (until, width, labels) => {
    expect(timeTicks(until, width).map(({ label }) => label)).toEqual(labels);
  });

  test("has its first label at 0 and none beyond its end", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1000, max: 1e9 }), fc.integer({ min: 8, max: 200 }), (until, width) => {
        const ticks = timeTicks(until, width);
        expect(ticks[0]?.t).toBe(0);
        for (const { t } of ticks) expect(t).toBeLessThanOrEqual(until);
        expect(ticks.length).toBeLessThanOrEqual(Math.floor(width / 7) + 1);
      }),
      { numRuns: rounds(100) },
    );
  });
});
