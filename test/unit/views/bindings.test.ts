import { describe, expect, test } from "bun:test";
import { type Action, helpRows, pressed } from "../../../src/views/live/actions.ts";
import { conflictsOf, DEFAULT_KEYS, rebound } from "../../../src/views/live/bindings.ts";
import { isKeyName } from "../../../src/views/live/keys.ts";
import { FIRST_STATE, RUN_ACTIONS, type RunContext } from "../../../src/views/live/screens/run-actions.ts";
import { footerText } from "../../support/footer.ts";

const CONTEXT: RunContext = {
  running: false,
  replaying: false,
  shows: () => true,
  steerable: false,
  until: 5000,
  moments: [1000, 2000, 3000],
  pointAfter: null,
};
const bound = (bindings: Record<string, readonly string[]>) => rebound("run", RUN_ACTIONS, bindings);

describe("keys that a user has given to actions", () => {
  test("the new key works and the old one does not; footer and help tell the new one", () => {
    const actions = bound({ "run.zoom": ["v", "space"] });
    expect(pressed(actions, FIRST_STATE, CONTEXT, "v").state.zoomed).toBe(true);
    expect(pressed(actions, FIRST_STATE, CONTEXT, "space").state.zoomed).toBe(true);
    expect(pressed(actions, FIRST_STATE, CONTEXT, "z").state.zoomed).toBe(false);
    expect(footerText(actions, FIRST_STATE, CONTEXT)).toContain("v Space zoom");
    expect(helpRows(actions)).toContainEqual(["v, Space", "zoom the focused panel, and back"]);
  });

  test("an action that does another thing for each of its keys knows the new ones by their places", () => {
    const actions = bound({ "run.moments": ["j", "k"], "run.focus": ["f"] });
    const past = { ...FIRST_STATE, past: 2000 };
    expect(pressed(actions, past, CONTEXT, "j").state.past).toBe(3000);
    expect(pressed(actions, past, CONTEXT, "k").state.past).toBe(1000);
    expect(pressed(actions, past, CONTEXT, "n").state.past).toBe(2000);
    expect(pressed(actions, FIRST_STATE, CONTEXT, "f").state.focus).toBe(1);
  });

  test("those of another screen change nothing here", () => {
    expect(bound({ "history.back": ["v"] })).toEqual([...RUN_ACTIONS]);
  });

  test("a key of two actions of one screen is a conflict, by default or by choice; of two screens it is none", () => {
    expect(conflictsOf({ "run.quit": ["x", "?"] })).toEqual([{ action: "run.quit", key: "?", other: "run.help" }]);
    expect(conflictsOf({ "run.quit": ["x"], "run.theme": ["x"] }).map(({ action }) => action)).toEqual(["run.quit", "run.theme"]);
    expect(conflictsOf({ "run.quit": ["x"], "browse.quit": ["x"] })).toEqual([]);
    expect(conflictsOf({ "run.help": ["h"], "run.quit": ["?"] })).toEqual([]);
  });

  test("actions that share a key by default may share another", () => {
    expect(DEFAULT_KEYS["run.interrupt"]).toEqual(DEFAULT_KEYS["run.leave"]);
    expect(conflictsOf({ "run.interrupt": ["X"], "run.leave": ["X"] })).toEqual([]);
  });

  test("each action has a name of its own, and keys that can be typed", () => {
    const tables: readonly (readonly Pick<Action<never, never, never>, "id">[])[] = [RUN_ACTIONS as never];
    for (const table of tables) expect(new Set(table.map(({ id }) => id)).size).toBe(table.length);
    expect(Object.keys(DEFAULT_KEYS).length).toBeGreaterThan(30);
    expect(
      Object.values(DEFAULT_KEYS)
        .flat()
        .filter((key) => !isKeyName(key)),
    ).toEqual([]);
    expect(["", " ", "ab", "\u0007", "ctrl-q"].filter(isKeyName)).toEqual([]);
  });
});
