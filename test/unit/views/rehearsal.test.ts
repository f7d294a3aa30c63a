import { expect, test } from "bun:test";
import { Canvas } from "../../../src/views/canvas/canvas.ts";
import { rehearsal } from "../../../src/views/live/rehearsal.ts";
import { EMPTY_VIEW, reduce } from "../../../src/views/live/store.ts";
import { caseResult, runOutline } from "../../support/results.ts";
import { styledLines } from "../../support/styled-lines.ts";

const BEGUN = reduce(EMPTY_VIEW, { type: "run-started", ...runOutline([caseResult({ mode: "async" })]) });

/** The text of each picture of a rehearsal whose clock goes on by 10 ms a picture. */
function pictures(ms: number): string[] {
  let at = 0;
  const now = () => (at += 10);
  return [...rehearsal(BEGUN, { glyphs: "braille", shaded: false }, ms, now)].map((draw) => {
    const canvas = new Canvas(120, 40);
    draw(canvas);
    return styledLines(canvas, () => "").join("\n");
  });
}

test("a rehearsal lasts for its time", () => {
  expect(pictures(100)).toHaveLength(9);
});

test("each picture of a rehearsal differs from the one before, as those of a run do", () => {
  const drawn = pictures(200);
  expect(new Set(drawn).size).toBe(drawn.length);
});

test("a rehearsal draws the run's first case under way", () => {
  expect(pictures(100).at(-1)).toContain("Throughput");
});
