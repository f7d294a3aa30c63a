import { describe, expect, test } from "bun:test";
import { Canvas } from "../../../src/views/canvas/canvas.ts";
import { style } from "../../../src/views/canvas/styles.ts";
import { THEMES } from "../../../src/views/canvas/themes.ts";
import { svgOf } from "../../../src/views/export/svg.ts";

function picture(draw: (canvas: Canvas) => void, theme = THEMES.dark): string {
  const canvas = new Canvas(10, 2);
  draw(canvas);
  return svgOf(canvas, theme, "a <title>");
}

describe("a picture as SVG", () => {
  test("is as large as its cells, on the theme's ground", () => {
    const svg = picture(() => {});
    expect(svg).toContain('viewBox="0 0 90 36"');
    expect(svg).toContain(`<rect width="90" height="36" fill="${THEMES.dark.ground}"/>`);
    expect(svg).not.toContain("<text");
  });

  test("has a title, for who does not see it", () => {
    expect(picture(() => {})).toContain("<title>a &lt;title&gt;</title>");
  });

  test("has text in the colour of its ink, on the grid, and harmless", () => {
    const svg = picture((canvas) => void canvas.text(2, 1, "a<b&c", style("bad", { bold: true })));
    expect(svg).toContain(`<text x="18" y="31.5" textLength="45" lengthAdjust="spacingAndGlyphs" fill="#ff6b4a" font-weight="bold"`);
    expect(svg).toContain(">a&lt;b&amp;c</text>");
  });

  test.each([
    ["▄", '<rect x="0" y="9" width="9" height="9"'],
    ["█", '<rect x="0" y="0" width="9" height="18"'],
    ["▌", '<rect x="0" y="0" width="4.5" height="18"'],
    ["▒", 'fill-opacity="0.5"'],
    ["⠁", '<rect x="0.75" y="0.75" width="3" height="3"'],
    ["⢀", '<rect x="5.25" y="14.25" width="3" height="3"'],
  ])("draws %s as a shape", (sign, shape) => {
    expect(picture((canvas) => void canvas.text(0, 0, sign, style("sync")))).toContain(shape);
  });

  test("a ground is a rectangle below what stands on it", () => {
    const svg = picture((canvas) => void canvas.text(0, 0, "ab", style("key", { ground: "key-back" })));
    expect(svg.indexOf(`<rect x="0" y="0" width="18" height="18" fill="${THEMES.dark.inks["key-back"]}"/>`)).toBeLessThan(
      svg.indexOf(">ab<"),
    );
  });

  test("of light themes text is dark", () => {
    expect(picture((canvas) => void canvas.text(0, 0, "a"), THEMES.light)).toContain('fill="#1a1a1e"');
  });

  test("is the same bytes each time", () => {
    const once = () => picture((canvas) => void canvas.text(0, 0, "a▄⣿b"));
    expect(once()).toBe(once());
  });
});
