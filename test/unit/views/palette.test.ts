import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Canvas } from "../../../src/views/canvas/canvas.ts";
import { helpRows, pressed } from "../../../src/views/live/actions.ts";
import { rebound } from "../../../src/views/live/bindings.ts";
import { commandsOf, Palette } from "../../../src/views/live/palette.ts";
import { drawPalette } from "../../../src/views/live/picture/palette-picture.ts";
import { BROWSE_ACTIONS, type BrowseState, FIRST_PLACE } from "../../../src/views/live/screens/browse-actions.ts";
import { FIRST_HISTORY, HISTORY_ACTIONS } from "../../../src/views/live/screens/history-actions.ts";
import { FIRST_STATE, RUN_ACTIONS, type RunAction, type RunContext } from "../../../src/views/live/screens/run-actions.ts";
import { contextOf } from "../../../src/views/live/screens/run-drawing.ts";
import { rounds } from "../../support/campaign.ts";
import { finished, LOOK, overloaded, SIZES, screen } from "../../support/run-views.ts";

const RUNNING: RunContext = {
  running: true,
  replaying: false,
  shows: () => true,
  steerable: false,
  until: 5000,
  moments: [1000],
  pointAfter: null,
};
const commands =
  (context = RUNNING, actions: readonly RunAction[] = RUN_ACTIONS) =>
  (text: string) =>
    commandsOf(actions, FIRST_STATE, context, text);

/** What the screen gets of these keys, after the palette was opened. */
function typed(keys: readonly string[], context = RUNNING, actions: readonly RunAction[] = RUN_ACTIONS): readonly string[] {
  const palette = new Palette();
  palette.open();
  return keys.flatMap((key) => palette.take(key, commands(context, actions)));
}

describe("the command palette", () => {
  test.each([":", "ctrl-p"])("%s opens it on every screen", (key) => {
    expect(pressed(RUN_ACTIONS, FIRST_STATE, RUNNING, key)).toEqual({ state: FIRST_STATE, intent: "palette" });
    const list = { matching: () => [0], runs: () => true };
    expect(pressed(BROWSE_ACTIONS, FIRST_PLACE, list, key).intent).toBe("palette");
    expect(pressed(HISTORY_ACTIONS, FIRST_HISTORY, { matching: () => ["a"] }, key).intent).toBe("palette");
  });

  test("has what applies now, and not itself", () => {
    const ids = (context: RunContext) => commands(context)("").map(({ id }) => id);
    expect(ids(RUNNING)).toContain("freeze");
    expect(ids({ ...RUNNING, running: false })).not.toContain("freeze");
    expect(ids(RUNNING)).not.toContain("palette");
    expect(ids(RUNNING)).not.toContain("back");
  });

  test("finds by words in any order and gives the key of what is chosen", () => {
    expect(typed([..."picture", "space", ..."save", "enter"])).toEqual(["s"]);
    expect(typed([..."zoom", "enter"])).toEqual(["enter"]);
    expect(typed(["down", "down", "up", "enter"])).toEqual(["?"]);
    expect(typed([..."no such thing", "enter"])).toEqual([]);
  });

  test("gives the key that its user has given", () => {
    const actions = rebound("run", RUN_ACTIONS, { "run.picture": ["v"] });
    expect(typed([..."picture svg", "enter"], RUNNING, actions)).toEqual(["v"]);
  });

  test("takes every key until it is closed, but leaves those with Ctrl to the screen", () => {
    expect(typed(["q", "y", "escape", "q"])).toEqual(["q"]);
    expect(typed(["q", "ctrl-c", "q"])).toEqual(["ctrl-c", "q"]);
  });

  test("every command does what its key does, or asks for it", () => {
    fc.assert(
      fc.property(fc.nat(30), fc.boolean(), (at, running) => {
        const context = { ...RUNNING, running };
        const all = commands(context)("");
        const [name = ""] = typed([...new Array<string>(at).fill("down"), "enter"], context);
        expect(name).toBe(all[Math.min(at, all.length - 1)]?.name ?? "");
        const { state, intent } = pressed(RUN_ACTIONS, FIRST_STATE, context, name);
        expect(intent !== "none" || state !== FIRST_STATE).toBe(true);
      }),
      { numRuns: rounds(60) },
    );
  });

  test.each(SIZES)("is drawn over the screen with its own keys at %i×%i", (width, height) => {
    const palette = new Palette();
    palette.open();
    for (const key of "time") palette.take(key, commands());
    const view = palette.view(commands());
    const canvas = new Canvas(width, height);
    for (const [y, line] of screen(overloaded(), [width, height]).split("\n").entries()) canvas.text(0, y, line);
    if (view !== null) drawPalette(canvas, view, LOOK);
    const text = canvas.toString();
    expect(text).toMatch(/Commands .*:time_/);
    expect(text).toMatch(/▸ back in time by 1 s.* ←/);
    expect(text.split("\n").at(-1)).toBe("↑ ↓ choose  Enter do it  Esc back");
  });
});

describe.each(SIZES)("the help at %i×%i", (...size) => {
  test.each([
    ["a run", overloaded()],
    ["a run that is over", finished()],
  ])("has every key that does something now: %s", (_, view) => {
    const text = screen(view, size, { help: true, zoomed: true, past: 500 });
    const context = contextOf(view, size[0], size[1]);
    const now = { ...FIRST_STATE, zoomed: true, past: 500 };
    for (const [keys] of helpRows(RUN_ACTIONS.filter(({ id, when }) => id !== "help" && when(now, context))))
      expect(text).toMatch(new RegExp(`^ {2}${keys} `, "m"));
  });
});

test.each(SIZES.slice(1))("the help tells how to read the panels at %i×%i", (width, height) => {
  expect(screen(overloaded(), [width, height], { help: true })).toContain("Cores shows those that the lab may run on.");
});

describe("the wheel in lists", () => {
  const list = { matching: () => [0, 1, 2], runs: () => true };

  test("goes through them, to their ends", () => {
    const wheeled = (keys: readonly string[]) =>
      keys.reduce<BrowseState>((state, key) => pressed(BROWSE_ACTIONS, state, list, key).state, FIRST_PLACE).at;
    expect(wheeled(["wheel-down", "wheel-down", "wheel-up"])).toBe(1);
    expect(wheeled(["wheel-down", "wheel-down", "wheel-down", "wheel-down"])).toBe(2);
    expect(wheeled(["wheel-up"])).toBe(0);
    const runs = { matching: () => ["a", "b"] };
    expect(pressed(HISTORY_ACTIONS, FIRST_HISTORY, runs, "wheel-down").state.at).toBe(1);
  });

  test("is reported from m on, and is not typed into a filter", () => {
    expect(pressed(BROWSE_ACTIONS, FIRST_PLACE, list, "m").intent).toBe("mouse");
    expect(pressed(HISTORY_ACTIONS, FIRST_HISTORY, { matching: () => ["a"] }, "m").intent).toBe("mouse");
    const typing = { ...FIRST_PLACE, typing: true };
    expect(pressed(BROWSE_ACTIONS, typing, list, "wheel-down").state.filter).toBe("");
  });
});
