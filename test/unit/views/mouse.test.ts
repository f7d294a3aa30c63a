import { describe, expect, test } from "bun:test";
import { Canvas } from "../../../src/views/canvas/canvas.ts";
import { pressed } from "../../../src/views/live/actions.ts";
import { pointedBy } from "../../../src/views/live/mouse.ts";
import { drawRun, panelAt } from "../../../src/views/live/picture/run-picture.ts";
import { FIRST_STATE, RUN_ACTIONS, type RunContext } from "../../../src/views/live/screens/run-actions.ts";
import { pointedKey } from "../../../src/views/live/screens/run-drawing.ts";
import { EMPTY_VIEW, type RunView, reduce } from "../../../src/views/live/store.ts";
import { caseResult, runOutline, runResult } from "../../support/results.ts";

const CONTEXT: RunContext = {
  running: true,
  replaying: false,
  shows: () => true,
  steerable: false,
  until: 5000,
  moments: [],
  pointAfter: null,
};
const VIEW: RunView = [{ type: "run-started", ...runOutline([caseResult({ mode: "sync" })]) } as const].reduce(reduce, EMPTY_VIEW);

describe("the mouse", () => {
  test("reports are told from keys, with the cell from 0 and whatever is held down beside", () => {
    expect(pointedBy("\u001b[<0;10;5M")).toEqual([{ kind: "click", column: 9, row: 4 }]);
    expect(pointedBy("\u001b[<16;1;1M")).toEqual([{ kind: "click", column: 0, row: 0 }]);
    expect(pointedBy("a\u001b[<64;3;4M\u001b[<65;3;4Mb").map(({ kind }) => kind)).toEqual(["wheel-up", "wheel-down"]);
    const others = ["\u001b[<0;10;5m", "\u001b[<2;10;5M", "\u001b[<35;10;5M", "q", "", "\u001b[A", "\u001b[<0;10M", "[<0;1;1M"];
    expect(others.flatMap(pointedBy)).toEqual([]);
  });

  test.each([
    [60, 18],
    [100, 40],
    [200, 60],
  ])("the panel at a cell is the one whose number is drawn there, at %i×%i", (width, rows) => {
    const canvas = new Canvas(width, rows);
    const look = { glyphs: "braille", shaded: false } as const;
    drawRun(canvas, VIEW, { focus: 0, zoomed: false, frozen: false, past: null }, look);
    const lines = canvas.toString().split("\n");
    for (const [index, sign] of [..."¹²³⁴⁵"].entries()) {
      const row = lines.findIndex((line) => line.includes(sign));
      expect(panelAt(VIEW, null, width, rows, { column: lines[row]?.indexOf(sign) ?? -1, row })).toBe(index);
    }
    expect(panelAt(VIEW, null, width, rows, { column: 0, row: 0 })).toBeNull();
    expect(panelAt(VIEW, null, width, rows, { column: 0, row: rows - 1 })).toBeNull();
  });

  test("a click focuses a panel, one on the focused panel zooms it, and one more leads back", () => {
    const click = { kind: "click", column: 89, row: 9 } as const;
    let state = FIRST_STATE;
    const done = [1, 2, 3].map(() => {
      state = pressed(RUN_ACTIONS, state, CONTEXT, pointedKey(click, VIEW, state, 100, 40)).state;
      return [state.focus, state.zoomed];
    });
    expect(done).toEqual([
      [1, false],
      [1, true],
      [1, false],
    ]);
  });

  test("the wheel goes into the past by seconds and back until now", () => {
    const up = pressed(RUN_ACTIONS, FIRST_STATE, CONTEXT, "wheel-up").state;
    expect(up.past).toBe(4000);
    expect(pressed(RUN_ACTIONS, { ...up, past: 500 }, CONTEXT, "wheel-up").state.past).toBe(0);
    expect(pressed(RUN_ACTIONS, up, CONTEXT, "wheel-down").state.past).toBeNull();
  });

  test("on the closing screen, whose panels are others, a click does nothing", () => {
    const over = reduce(VIEW, { type: "run-finished", result: runResult([]) });
    expect(pointedKey({ kind: "click", column: 89, row: 9 }, over, FIRST_STATE, 100, 40)).toBe("click");
    expect(pressed(RUN_ACTIONS, FIRST_STATE, CONTEXT, "click").state).toEqual(FIRST_STATE);
  });
});
