import { describe, expect, test } from "bun:test";
import { Terminal } from "@xterm/headless";
import fc from "fast-check";
import { Canvas } from "../../../../src/views/canvas/canvas.ts";
import { difference } from "../../../../src/views/canvas/difference.ts";
import { style, TEXT } from "../../../../src/views/canvas/styles.ts";
import { styleCodes, THEMES } from "../../../../src/views/canvas/themes.ts";
import { rounds } from "../../../support/campaign.ts";
import { styledLines } from "../../../support/styled-lines.ts";

const SIZE = { width: 24, height: 6 };
const STYLES = [TEXT, style("bad", { bold: true }), style("sync", { ground: "sync-area" }), style("text", { inverse: true })];

/** Something drawn somewhere: words, wide characters, letters of several code points, blanks of many kinds. */
const strokes = fc.array(
  fc.record({
    x: fc.integer({ min: -2, max: SIZE.width }),
    y: fc.nat(SIZE.height - 1),
    text: fc.oneof(fc.constantFrom("漢字", "a漢b", "é", "e\u0301x", "👩‍🚀!", "     ", "█▁⣿", "🇨🇭", "|"), fc.string({ maxLength: 12 })),
    paint: fc.constantFrom(...STYLES),
  }),
  { maxLength: 14 },
);

function drawn(parts: readonly { readonly x: number; readonly y: number; readonly text: string; readonly paint: number }[]): Canvas {
  const canvas = new Canvas(SIZE.width, SIZE.height);
  for (const { x, y, text, paint } of parts) canvas.text(x, y, text, paint);
  return canvas;
}

const codes = styleCodes(THEMES.dark, 3);

async function shown(...bytes: readonly string[]): Promise<string[]> {
  const terminal = new Terminal({ cols: SIZE.width, rows: SIZE.height, allowProposedApi: true });
  for (const one of bytes) await new Promise<void>((resolve) => terminal.write(one, resolve));
  const buffer = terminal.buffer.active;
  const cells = Array.from({ length: SIZE.height }, (_, y) => {
    const line = buffer.getLine(y);
    return Array.from({ length: SIZE.width }, (_, x) => {
      const cell = line?.getCell(x);
      return cell === undefined
        ? ""
        : `${cell.getChars() || " "}${cell.getFgColor()}/${cell.getBgColor()}/${cell.isBold()}/${cell.isInverse()}`;
    }).join("|");
  });
  terminal.dispose();
  return cells;
}

describe("what is written to a terminal", () => {
  test("makes it show the picture, whatever it showed before", async () => {
    await fc.assert(
      fc.asyncProperty(strokes, strokes, async (before, after) => {
        const [old, now] = [drawn(before), drawn(after)];
        const first = difference(null, old, codes);
        expect(await shown(first, difference(old, now, codes))).toEqual(await shown(difference(null, now, codes)));
      }),
      { numRuns: rounds(150) },
    );
  });

  test("is nothing where nothing has changed", () => {
    fc.assert(
      fc.property(strokes, (parts) => {
        expect(difference(drawn(parts), drawn(parts), codes)).toBe("");
      }),
      { numRuns: rounds(100) },
    );
  });

  test("one changed cell costs one leap, its style and itself", () => {
    const [before, now] = [drawn([]), drawn([])];
    now.text(5, 2, "x");
    expect(difference(before, now, () => "<s>")).toBe("\u001b[3;6H<s>x\u001b[0m");
  });

  test("cells closer than a leap is long are written in one go", () => {
    const [before, now] = [drawn([{ x: 0, y: 0, text: "abcdefgh", paint: TEXT }]), drawn([{ x: 0, y: 0, text: "Abcdefgh", paint: TEXT }])];
    now.text(5, 0, "F");
    expect(difference(before, now, () => "")).toBe("\u001b[1;1HAbcdeF\u001b[0m");
    now.text(7, 0, "H");
    now.text(0, 0, "a");
    expect(difference(before, now, () => "")).toBe("\u001b[1;6HFgH\u001b[0m");
  });

  test("the empty end of a line is erased, not written", () => {
    const [before, now] = [drawn([{ x: 0, y: 0, text: "abcdefgh", paint: TEXT }]), drawn([{ x: 0, y: 0, text: "ab", paint: TEXT }])];
    expect(difference(before, now, () => "")).toBe("\u001b[1;3H\u001b[0m\u001b[K\u001b[0m");
  });

  test("a picture of another size is written whole", () => {
    const now = drawn([{ x: 0, y: 0, text: "ab", paint: TEXT }]);
    expect(difference(new Canvas(3, 3), now, codes)).toBe(difference(null, now, codes));
  });

  test("as lines it is the same picture", async () => {
    await fc.assert(
      fc.asyncProperty(strokes, async (parts) => {
        const canvas = drawn(parts);
        // What is uncertain in width is placed by the cursor alone.
        fc.pre(/^[\n -\u02ff\u2500-\u28ff]*$/.test(canvas.toString()));
        const lines = styledLines(canvas, codes);
        expect(await shown(lines.join("\r\n"))).toEqual(await shown(difference(null, canvas, codes)));
      }),
      { numRuns: rounds(60) },
    );
  });
});
