import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { drawBar } from "../../../../src/views/canvas/bar.ts";
import { Canvas } from "../../../../src/views/canvas/canvas.ts";
import { drawFrame } from "../../../../src/views/canvas/frame.ts";
import { AXIS_LABEL_WIDTH, drawPlot, type Plot, type PlotCurve, plotArea } from "../../../../src/views/canvas/plot.ts";
import { style, TEXT } from "../../../../src/views/canvas/styles.ts";
import { rounds } from "../../../support/campaign.ts";

const SYNC = style("sync");
const ASYNC = style("async");

function plot(change: Partial<Plot>): Plot {
  return { top: 10, axis: String, until: 1000, area: null, curves: [], levels: [], marks: [], cursor: null, glyphs: "braille", ...change };
}

function curve(values: readonly number[], change: Partial<PlotCurve> = {}): PlotCurve {
  return { values: Float64Array.from(values), style: SYNC, stroke: "light", ...change };
}

function drawn(one: Partial<Plot>, width = 20, height = 6): Canvas {
  const canvas = new Canvas(width, height);
  drawPlot(canvas, { x: 0, y: 0, width, height }, plot(one));
  return canvas;
}

const inner = (canvas: Canvas) =>
  canvas
    .toString()
    .split("\n")
    .slice(0, -1)
    .map((line) => line.slice(AXIS_LABEL_WIDTH));

describe("a plot", () => {
  test("has its axes: values on the left, time below", () => {
    expect(drawn({ until: 4000 }, 30, 6).toString().split("\n")).toEqual([
      ...["    10 ┤", "       │", "     5 ┤", "       │", "     0 ┤"],
      "       └0 s────────2─────────4",
    ]);
  });

  test("a line lies at the height of its value, in eighths of a cell", () => {
    // Five rows of four dots: 10 is the uppermost dot, 0 the lowest.
    const rows = inner(drawn({ curves: [curve(new Array(24).fill(10))] }));
    expect(rows[0]).toBe("⠉".repeat(12));
    expect(inner(drawn({ curves: [curve(new Array(24).fill(0))] }))[4]).toBe("⣀".repeat(12));
  });

  test("a line that leaps is drawn through", () => {
    const rows = inner(drawn({ curves: [curve([0, 10, 10, 10])] }));
    expect(rows.map((row) => row.trimEnd())).toEqual(["⢸⠉", "⢸", "⢸", "⢸", "⡸"]);
  });

  test("where nothing is known a line is broken", () => {
    const [first] = inner(drawn({ curves: [curve([10, 10, Number.NaN, Number.NaN, 10, 10])] }));
    expect(first).toBe("⠉ ⠉");
  });

  test("strokes differ: a dashed one has gaps, a heavy one is of two dots", () => {
    const line = (stroke: PlotCurve["stroke"]) => inner(drawn({ curves: [curve(new Array(24).fill(10), { stroke })] }))[0];
    expect([line("light"), line("dashed"), line("heavy")]).toEqual(["⠉".repeat(12), "⠉⠉ ⠉⠉ ⠉⠉ ⠉⠉", "⠛".repeat(12)]);
  });

  test("of two lines in a cell the later has it", () => {
    const canvas = drawn({ curves: [curve([10, 10]), curve([10, 10], { style: ASYNC })] });
    expect(canvas.styleAt(AXIS_LABEL_WIDTH, 0)).toBe(ASYNC);
  });

  test("an area is filled up to its value, and next to nothing is still to be seen", () => {
    const area = (value: number) => {
      const edge = { edge: SYNC, inside: style("sync", { ground: "sync-area" }), shaded: false };
      const canvas = drawn({ area: { values: new Float64Array(12).fill(value), ...edge } });
      return [0, 1, 2, 3, 4].map((row) => [
        canvas.row(row).slice(AXIS_LABEL_WIDTH, AXIS_LABEL_WIDTH + 1),
        canvas.styleAt(AXIS_LABEL_WIDTH, row) !== TEXT,
      ]);
    };
    expect(area(10).map(([, filled]) => filled)).toEqual([true, true, true, true, true]);
    expect(area(5).map(([sign]) => sign)).toEqual([" ", " ", "▄", " ", " "]);
    expect(area(0)[4]).toEqual(["▁", true]);
  });

  test("where colours tell no areas signs do", () => {
    const area = { values: new Float64Array(12).fill(10), edge: SYNC, inside: SYNC, shaded: true };
    expect(inner(drawn({ area }))[2]).toBe("░".repeat(12));
  });

  test("a level is named at the right, two on one row one above the other", () => {
    const levels = [
      { value: 5, label: "one", style: SYNC },
      { value: 5.1, label: "two", style: ASYNC },
    ];
    const rows = inner(drawn({ levels }, 24, 6));
    expect(rows[2]).toBe(`${"┄".repeat(12)} one`);
    expect(rows[1]?.trim()).toBe("two");
  });

  test("moments are marked on the time axis, and where one looks there is a line", () => {
    const canvas = drawn({ marks: [{ t: 500, sign: "▼", style: SYNC }], cursor: 500 });
    expect(canvas.row(5).indexOf("▼")).toBe(AXIS_LABEL_WIDTH + 6);
    expect(inner(canvas).map((row) => row[6])).toEqual(["│", "│", "│", "│", "│"]);
  });

  test("of ASCII alone where the terminal has no more", () => {
    const canvas = drawn({
      ...{ glyphs: "ascii", curves: [curve(new Array(24).fill(7))], cursor: 900, levels: [{ value: 3, label: "x", style: SYNC }] },
      area: { values: new Float64Array(12).fill(5), edge: SYNC, inside: SYNC, shaded: true },
    });
    expect(canvas.toString()).toMatch(/^[\n -~]*$/);
    expect(canvas.toString()).toContain("*".repeat(8));
  });

  test("nothing is drawn outside its place, whatever the values", () => {
    const values = fc.array(fc.oneof(fc.double(), fc.constantFrom(0, 1e300, -1, Number.NaN, Number.POSITIVE_INFINITY)), { maxLength: 60 });
    fc.assert(
      fc.property(
        values,
        fc.integer({ min: 12, max: 30 }),
        fc.integer({ min: 2, max: 9 }),
        fc.constantFrom("braille", "block", "ascii"),
        (line, width, height, glyphs) => {
          const canvas = new Canvas(width + 4, height + 4);
          const place = { x: 2, y: 2, width, height };
          const area = { values: Float64Array.from(line), edge: SYNC, inside: SYNC, shaded: false };
          drawPlot(
            canvas,
            place,
            plot({ glyphs, area, curves: [curve(line)], levels: line.slice(0, 3).map((value) => ({ value, label: "l", style: SYNC })) }),
          );
          for (let y = 0; y < canvas.height; y++) {
            const row = canvas.row(y);
            const outside = y < 2 || y >= 2 + height ? row : row.slice(0, 2) + row.slice(2 + width);
            expect(outside.trim()).toBe("");
          }
          expect(plotArea(place).x).toBe(2 + AXIS_LABEL_WIDTH);
        },
      ),
      { numRuns: rounds(150) },
    );
  });
});

describe("a frame", () => {
  const framed = (change: object) => {
    const canvas = new Canvas(24, 4);
    const options = { number: 1, title: "Drops", headline: "5/s", focused: false, ascii: false, ...change };
    const inside = drawFrame(canvas, { x: 0, y: 0, width: 24, height: 4 }, options);
    return { text: canvas.toString().split("\n"), inside };
  };

  test("has its number, title and figure in the upper edge", () => {
    const { text, inside } = framed({});
    expect(text).toEqual(["╭─¹ Drops ─────── 5/s ─╮", `│${" ".repeat(22)}│`, `│${" ".repeat(22)}│`, `╰${"─".repeat(22)}╯`]);
    expect(inside).toEqual({ x: 1, y: 1, width: 22, height: 2 });
  });

  test("in focus it has another line; of ASCII alone where there is no more", () => {
    expect(framed({ focused: true }).text[0]).toBe("┏━¹ Drops ━━━━━━━ 5/s ━┓");
    expect(framed({ ascii: true }).text[0]).toBe("+-1 Drops ------- 5/s -+");
  });

  test("a figure that has no room is left out, and one from outside is made harmless", () => {
    expect(framed({ headline: "a figure that is too long" }).text[0]).toBe("╭─¹ Drops ─────────────╮");
    expect(framed({ headline: "\u001b[2J" }).text[0]).toContain("\\x1b[2J");
  });
});

describe("a bar", () => {
  test.each([
    [0, "░░░░", "...."],
    [0.5, "██░░", "##.."],
    [0.53, "██▏░", "##.."],
    [1, "████", "####"],
    [7, "████", "####"],
  ])("of a share of %p", (share, unicode, ascii) => {
    const text = (plain: boolean) => {
      const canvas = new Canvas(4, 1);
      drawBar(canvas, 0, 0, 4, share, SYNC, plain);
      return canvas.toString();
    };
    expect([text(false), text(true)]).toEqual([unicode, ascii]);
  });
});
