import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { type Action, helpRows, pressed } from "../../../src/views/live/actions.ts";
import { Keyboard, keyName, writtenKey } from "../../../src/views/live/keys.ts";
import {
  BROWSE_ACTIONS,
  type BrowseContext,
  type BrowseIntent,
  type BrowseState,
  chosenPlace,
  FIRST_PLACE,
} from "../../../src/views/live/screens/browse-actions.ts";
import { chosenRun, FIRST_HISTORY, HISTORY_ACTIONS, type HistoryContext } from "../../../src/views/live/screens/history-actions.ts";
import { FIRST_STATE, PANEL_COUNT, RUN_ACTIONS, type RunContext, type RunState } from "../../../src/views/live/screens/run-actions.ts";
import { rounds } from "../../support/campaign.ts";
import { footerText } from "../../support/footer.ts";

const LIVE = join(import.meta.dir, "../../../src/views/live");

const runStates: fc.Arbitrary<RunState> = fc.record({
  focus: fc.nat(PANEL_COUNT - 1),
  zoomed: fc.boolean(),
  help: fc.boolean(),
  frozen: fc.boolean(),
  past: fc.option(fc.nat(20_000)),
  asking: fc.boolean(),
  percentiles: fc.boolean(),
  point: fc.option(fc.nat(5)),
});
const runContexts: fc.Arbitrary<RunContext> = fc.record({
  running: fc.boolean(),
  replaying: fc.constant(false),
  shows: fc.boolean().map((shows) => () => shows),
  pointAfter: fc.constantFrom(null, (point: number | null) => (point ?? 0) + 1),
  steerable: fc.boolean(),
  until: fc.constantFrom(0, 500, 20_000),
  moments: fc.constantFrom([], [700, 5000]),
});
/** A run of which nothing has been seen yet, or that is over. */
const inRun = (running: boolean, change: Partial<RunContext> = {}): RunContext => ({
  running,
  replaying: false,
  ...{ shows: () => true, steerable: false, until: 0, moments: [], pointAfter: null },
  ...change,
});
const browseStates: fc.Arbitrary<BrowseState> = fc.record({
  at: fc.nat(9),
  filter: fc.constantFrom("", "fetch"),
  typing: fc.boolean(),
  drawn: fc.option(fc.nat(2)),
  form: fc.option(fc.record({ field: fc.nat(3), values: fc.constant({ mode: "", rate: "2", duration: "", workers: "" }) })),
  help: fc.boolean(),
});
/** Ten scenarios, of which a filter leaves three. */
const matchingTen = (filter: string) => (filter === "" ? [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] : [2, 5, 7]);
const browseContexts: fc.Arbitrary<BrowseContext> = fc.record({
  matching: fc.constant(matchingTen),
  runs: fc.boolean().map((runs) => () => runs),
});
const keyNames = fc.oneof(
  fc.constantFrom(
    "tab",
    "shift-tab",
    "enter",
    "escape",
    "space",
    "up",
    "down",
    "left",
    "shift-right",
    "home",
    "ctrl-c",
    "ctrl-d",
    "ctrl-z",
    "",
  ),
  fc.string({ minLength: 1, maxLength: 1 }),
);

/** The actions of a screen that have a key and apply, first of all those that name it. */
function having<State, Context>(
  actions: readonly Action<State, Context, string>[],
  state: State,
  context: Context,
  key: string,
): readonly Action<State, Context, string>[] {
  return actions.filter(({ keys, when }) => (keys === "any" || keys.includes(key)) && when(state, context));
}

describe("actions", () => {
  test("a key that no action has changes nothing and asks for nothing", () => {
    fc.assert(
      fc.property(runStates, runContexts, keyNames, (state, context, key) => {
        fc.pre(having(RUN_ACTIONS, state, context, key).length === 0);
        expect(pressed(RUN_ACTIONS, state, context, key)).toEqual({ state, intent: "none" });
      }),
      { numRuns: rounds(200) },
    );
    fc.assert(
      fc.property(browseStates, browseContexts, keyNames, (state, context, key) => {
        fc.pre(having(BROWSE_ACTIONS, state, context, key).length === 0);
        expect(pressed(BROWSE_ACTIONS, state, context, key)).toEqual({ state, intent: "none" });
      }),
      { numRuns: rounds(200) },
    );
  });

  test("screens hear keys through the table alone", () => {
    const listening = readdirSync(LIVE, { recursive: true, encoding: "utf8" }).filter(
      (file) =>
        /\.tsx?$/.test(file) && /\buseInput\b|\busePaste\b|stdin\.on\("(data|readable)"/.test(readFileSync(join(LIVE, file), "utf8")),
    );
    // The terminal reads reports of the mouse, which go through the table as keys do.
    expect(listening.sort()).toEqual(["terminal.ts", "use-actions.ts"]);
  });

  test("every action has an id of its own, and its short keys are among its keys", () => {
    for (const actions of [RUN_ACTIONS, BROWSE_ACTIONS, HISTORY_ACTIONS] as const) {
      const ids = actions.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      for (const { keys, short } of actions) {
        if (short === null || keys === "any") continue;
        const written = [...keys.map(writtenKey), "1–5"];
        expect(short.split(/,? /).filter((one) => !written.includes(one))).toEqual([]);
      }
    }
  });

  test("what the footer promises is done: each of its keys changes the screen or asks for something", () => {
    fc.assert(
      fc.property(runStates, runContexts, (state, context) => {
        const promised = RUN_ACTIONS.filter(({ short, when }) => short !== null && when(state, context));
        for (const { keys } of promised) {
          if (keys === "any") continue;
          const idle = keys.filter((key) => {
            const after = pressed(RUN_ACTIONS, state, context, key);
            return after.intent === "none" && Bun.deepEquals(after.state, state);
          });
          // Of the panels, the one that is in focus already is no change.
          expect(idle.filter((key) => key !== String(state.focus + 1))).toEqual([]);
        }
      }),
      { numRuns: rounds(200) },
    );
  });

  test("the footer says what is possible now", () => {
    expect(footerText(RUN_ACTIONS, FIRST_STATE, inRun(true))).toBe("q quit  ? help  1–5 panel  z zoom  Space freeze  Ctrl-C stop");
    expect(footerText(RUN_ACTIONS, FIRST_STATE, inRun(true, { until: 5000 }))).toContain("Space freeze  ← past  Ctrl-C stop");
    const all = inRun(true, { until: 5000, steerable: true });
    expect(footerText(RUN_ACTIONS, FIRST_STATE, all)).toContain("Space freeze  + - rate  ← past  Ctrl-C stop");
    expect(footerText(RUN_ACTIONS, FIRST_STATE, inRun(false))).toBe("q quit  ? help  1–5 panel  z zoom  p percentiles");
    expect(footerText(RUN_ACTIONS, { ...FIRST_STATE, zoomed: true }, inRun(false))).toContain("Esc back");
    expect(footerText(RUN_ACTIONS, { ...FIRST_STATE, past: 7 }, inRun(false, { until: 5000 }))).toMatch(/Esc back .*← past {2}→ later/);
    expect(footerText(RUN_ACTIONS, { ...FIRST_STATE, help: true }, inRun(false))).toBe("any key back");
    const list = { matching: matchingTen, runs: () => true };
    expect(footerText(BROWSE_ACTIONS, FIRST_PLACE, list)).toBe(
      "↑ ↓ choose  Enter run  o run otherwise  / filter  e edit  n new  h past runs  d modes  ? help  q quit",
    );
    expect(footerText(BROWSE_ACTIONS, { ...FIRST_PLACE, drawn: 1 }, list)).toBe("d the next mode  q, Esc back");
    expect(footerText(BROWSE_ACTIONS, { ...FIRST_PLACE, typing: true }, list)).toBe("Enter done  Esc all");
  });

  test("the help has the keys as people write them", () => {
    const help = helpRows(RUN_ACTIONS).map(([keys]) => keys);
    expect(help).toEqual([
      "q",
      "?",
      ":, Ctrl-P",
      "Tab, Shift-Tab, 1–5",
      "Enter, z",
      "Esc",
      "p",
      "Space",
      "+, -",
      "←, →, ↑, ↓",
      "←, Shift-←",
      "→, Shift-→",
      "Home, End",
      "n, N",
      "t",
      "s",
      "r",
      "m",
      "Ctrl-C",
      "Ctrl-Z",
      "Ctrl-D",
    ]);
  });
});

describe("the run screen's keys", () => {
  const over = (shows: boolean): RunContext => inRun(false, { shows: () => shows });

  test("a panel for which the closing screen has no room opens on the whole screen; Esc goes back", () => {
    const opened = pressed(RUN_ACTIONS, FIRST_STATE, over(false), "3").state;
    expect(opened).toEqual({ ...FIRST_STATE, focus: 2, zoomed: true });
    expect(pressed(RUN_ACTIONS, opened, over(false), "escape").state.zoomed).toBe(false);
    expect(pressed(RUN_ACTIONS, FIRST_STATE, over(true), "3").state).toEqual({ ...FIRST_STATE, focus: 2 });
  });

  test("the arrival rate is changed while it has one, and only at the present that is looked at", () => {
    const steered = inRun(true, { until: 5000, steerable: true });
    const asked = (state: RunState, context: RunContext, key = "+") => pressed(RUN_ACTIONS, state, context, key).intent;
    expect([asked(FIRST_STATE, steered), asked(FIRST_STATE, steered, "-")]).toEqual(["rate-up", "rate-down"]);
    for (const change of [{ past: 3 }, { frozen: true }, { help: true }])
      expect(asked({ ...FIRST_STATE, ...change }, steered)).toBe("none");
    for (const change of [{ running: false }, { steerable: false }]) expect(asked(FIRST_STATE, { ...steered, ...change })).toBe("none");
  });

  test("Ctrl-C stops a run whatever is on the screen", () => {
    fc.assert(
      fc.property(runStates, (state) => {
        expect(pressed(RUN_ACTIONS, state, inRun(true), "ctrl-c").intent).toBe("interrupt");
        expect(pressed(RUN_ACTIONS, state, over(true), "ctrl-c").intent).toBe("quit");
      }),
      { numRuns: rounds(100) },
    );
  });

  test("a run is not stopped by a key other than Ctrl-C without a question", () => {
    fc.assert(
      fc.property(runStates, keyNames, (state, key) => {
        fc.pre(key !== "ctrl-c" && !state.asking);
        expect(["interrupt", "quit"]).not.toContain(pressed(RUN_ACTIONS, state, inRun(true), key).intent);
      }),
      { numRuns: rounds(200) },
    );
  });
});

describe("the way through time", () => {
  const seen = inRun(true, { until: 25_000, moments: [3000, 9000] });
  const after = (...keys: string[]) => keys.reduce((state, key) => pressed(RUN_ACTIONS, state, seen, key).state, FIRST_STATE).past;

  test.each([
    [["left"], 24_000],
    [["shift-left"], 15_000],
    [["left", "left", "right"], 24_000],
    [["shift-left", "shift-left", "shift-left"], 0],
    [["home"], 0],
    [["home", "right"], 1000],
    [["home", "end"], null],
    [["left", "shift-right"], null],
    [["left", "escape"], null],
    [["N"], 9000],
    [["N", "N"], 3000],
    [["N", "N", "n"], 9000],
    [["N", "N", "N"], 3000],
  ])("%p leads to %p", (keys, past) => {
    expect(after(...keys)).toBe(past);
  });

  test("Esc comes back to now before it leaves a zoomed panel", () => {
    const zoomed = { ...FIRST_STATE, zoomed: true, past: 5 };
    const now = pressed(RUN_ACTIONS, zoomed, seen, "escape").state;
    expect([now.past, now.zoomed]).toEqual([null, true]);
    expect(pressed(RUN_ACTIONS, now, seen, "escape").state.zoomed).toBe(false);
  });

  test("where nothing has been seen there is no past", () => {
    const keys = ["left", "shift-left", "home", "N"];
    expect(keys.map((key) => pressed(RUN_ACTIONS, FIRST_STATE, inRun(true), key).state.past)).toEqual([null, null, null, null]);
  });
});

describe("the list's keys", () => {
  const list: BrowseContext = { matching: matchingTen, runs: (place) => place !== 1 };
  const after = (...keys: string[]) => keys.reduce((state, key) => pressed(BROWSE_ACTIONS, state, list, key).state, FIRST_PLACE);
  const last = (...keys: string[]) => pressed(BROWSE_ACTIONS, after(...keys.slice(0, -1)), list, keys.at(-1) ?? "").intent;

  test.each([
    [["down", "j", "j"], 3],
    [["down", "up", "k"], 0],
    [["end"], 9],
    [["end", "page-up"], 0],
    [["page-down", "down"], 9],
    [["end", "home"], 0],
  ])("%p lead to place %i", (keys, at) => {
    expect(after(...keys).at).toBe(at);
  });

  test("run what can be run", () => {
    expect(last("enter")).toBe("choose");
    expect(last("down", "enter")).toBe("none");
    expect(last("d", "enter")).toBe("none");
  });

  test.each([
    ["e", "edit"],
    ["n", "new"],
    ["h", "history"],
    ["t", "theme"],
    ["q", "quit"],
    ["escape", "quit"],
    ["ctrl-c", "quit"],
    ["ctrl-z", "suspend"],
  ])("%s asks for %s", (key, intent) => {
    expect(last(key)).toBe(intent as BrowseIntent);
  });

  test("q leaves a diagram first, then the list; an end of input leaves both", () => {
    expect([last("d", "q"), after("d", "q").drawn]).toEqual(["none", null]);
    expect(last("d", "ctrl-d")).toBe("quit");
  });

  test("the diagrams follow each other and end with the list", () => {
    expect([1, 2, 3, 4, 5].map((times) => after(...new Array<string>(times).fill("d")).drawn)).toEqual([0, 1, 2, 3, null]);
  });

  test("a filter is typed, corrected, kept and taken off; what is chosen is what it leaves", () => {
    expect(after("/", "f", "q", "backspace", "space", "x")).toMatchObject({ typing: true, filter: "f x" });
    const kept = after("/", "f", "enter", "down");
    expect(kept).toMatchObject({ typing: false, filter: "f", at: 1 });
    expect(chosenPlace(kept, list)).toBe(5);
    expect(after("/", "f", "enter", "escape")).toMatchObject({ filter: "", typing: false });
    expect(after("/", "f", "escape")).toMatchObject({ filter: "", typing: false });
    expect(after("end", "/", "f").at).toBe(0);
  });

  test("a form is filled field by field, run and closed", () => {
    const filledIn = after("o", "s", "y", "n", "c", "tab", "5", "0", "shift-tab", "tab", "backspace");
    expect(filledIn.form).toEqual({ field: 1, values: { mode: "sync", rate: "5", duration: "", workers: "" } });
    expect(pressed(BROWSE_ACTIONS, filledIn, list, "enter").intent).toBe("choose");
    expect(after("o", "q", "escape").form).toBeNull();
    expect(after("down", "o").form).toBeNull();
  });
});

describe("the keys of past runs", () => {
  const runs = ["c", "b", "a"];
  const list: HistoryContext = { matching: (filter) => (filter === "" ? runs : ["b"]) };
  const after = (...keys: string[]) => keys.reduce((state, key) => pressed(HISTORY_ACTIONS, state, list, key).state, FIRST_HISTORY);
  const last = (...keys: string[]) => pressed(HISTORY_ACTIONS, after(...keys.slice(0, -1)), list, keys.at(-1) ?? "").intent;

  test("two are marked, and of three the first is let go", () => {
    expect(after("space", "down", "space", "down", "space").marked).toEqual(["b", "a"]);
    expect(after("space", "space").marked).toEqual([]);
  });

  test("two that are marked are compared, and no fewer", () => {
    expect(last("space", "c")).toBe("none");
    expect(last("space", "down", "space", "c")).toBe("compare");
  });

  test("one is played, the filter chooses which; nothing is played where there is none", () => {
    expect([last("enter"), chosenRun(after("/", "b", "enter"), list)]).toEqual(["replay", "b"]);
    const none: HistoryContext = { matching: () => [] };
    expect(pressed(HISTORY_ACTIONS, FIRST_HISTORY, none, "enter").intent).toBe("none");
  });

  test.each(["q", "escape", "ctrl-c"])("%s goes back", (key) => {
    expect(last(key)).toBe("back");
  });
});

describe("the keyboard", () => {
  test("names keys", () => {
    const named = [
      keyName("", { tab: true }),
      keyName("", { tab: true, shift: true }),
      keyName("\r", {}),
      keyName(" ", {}),
      keyName("c", { ctrl: true }),
      keyName("", { upArrow: true }),
      keyName("x", {}),
      keyName("", {}),
    ];
    expect(named).toEqual(["tab", "shift-tab", "enter", "space", "ctrl-c", "up", "x", ""]);
  });

  test("what is typed fast arrives as one and is as many keys", () => {
    expect(new Keyboard(() => 0).keys("jj\r", {})).toEqual(["j", "j", "enter"]);
  });

  test("an end of input typed before the keyboard was taken comes as a NUL; later that is Ctrl-Space, which is no key", () => {
    let now = 0;
    const keyboard = new Keyboard(() => now);
    expect(keyboard.keys(" ", { ctrl: true })).toEqual(["ctrl-d"]);
    now = 2000;
    expect(keyboard.keys(" ", { ctrl: true })).toEqual([]);
    expect(keyboard.keys("d", { ctrl: true })).toEqual(["ctrl-d"]);
  });
});
