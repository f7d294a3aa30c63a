/** @jsxRuntime classic */
import { Box, useApp, useWindowSize } from "ink";
import React, { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { printable } from "../../../kernel/text.ts";
import { rebound } from "../bindings.ts";
import { arranged, type Choice, type LastRun, type Preview } from "../choices.ts";
import type { ScreenProps, Session } from "../session.tsx";
import { useActions } from "../use-actions.ts";
import { BROWSE_ACTIONS, type BrowseIntent, type BrowseState, chosenPlace, FIRST_PLACE, type FormValues } from "./browse-actions.ts";
import { browseContext, browseView, drawList } from "./browse-drawing.ts";

/** Functions that the list of scenarios needs from its caller. */
export interface BrowseHost {
  /** Finds the scenarios anew, after one was edited. */
  readonly choices: () => readonly Choice[];
  /** Works out a preview beside the screen. Returns a function that cancels it. */
  readonly preview: (choice: Choice, done: (preview: Preview) => void) => () => void;
  readonly last: (choice: Choice) => LastRun | null;
  /**
   * Opens the user's editor on a scenario, or on a new one for null; the terminal is lent meanwhile. Resolves with the scenario's name, and
   * with the problem if there was one.
   */
  readonly edit: (choice: Choice | null) => Promise<{ readonly name: string; readonly problem: string }>;
}

/** The user's decision on the list. */
export type BrowseOutcome =
  | { readonly kind: "run"; readonly file: string; readonly values: FormValues | null }
  | { readonly kind: "history" }
  | { readonly kind: "quit" };

/** The list as it was left, to be found again. */
export interface BrowseMemory {
  state: BrowseState;
  /** Sentence shown when the list returns, until a key is pressed. */
  notice: string;
  since: BrowseState | null;
}

export function emptyMemory(): BrowseMemory {
  return { state: FIRST_PLACE, notice: "", since: null };
}

/** Shows the scenarios that were found; resolves with what the user wants. */
export function browse(
  session: Pick<Session, "ask">,
  host: BrowseHost,
  memory: BrowseMemory,
  found: readonly Choice[],
): Promise<BrowseOutcome> {
  const props = { host, memory, found };
  return session.ask<BrowseOutcome>((given, decide) => <Browse {...props} onDone={decide} {...given} />, { kind: "quit" });
}

interface BrowseProps extends ScreenProps {
  readonly host: BrowseHost;
  readonly memory: BrowseMemory;
  readonly found: readonly Choice[];
  readonly onDone: (outcome: BrowseOutcome) => void;
}

/** How long one looks at a scenario before its prediction is worked out, in milliseconds. */
const PAUSE_MS = 200;

function Browse({ host, memory, found, keyboard, surface, appearance, bindings, terminal, onDone, ...on }: BrowseProps) {
  const { columns, rows } = useWindowSize();
  const { suspendTerminal } = useApp();
  const [choices, setChoices] = useState(() => arranged(found));
  const context = browseContext(choices);
  const act = (intent: BrowseIntent, state: BrowseState) => {
    const place = chosenPlace(state, context);
    const choice = place === undefined ? null : (choices[place] ?? null);
    if (intent === "quit") onDone({ kind: "quit" });
    else if (intent === "history") onDone({ kind: "history" });
    else if (intent === "choose" && choice !== null) onDone({ kind: "run", file: choice.file, values: state.form?.values ?? null });
    else if (intent === "suspend") on.onSuspend();
    else if (intent === "theme") on.onTheme();
    else if (intent === "mouse") terminal.toggleMouse();
    else if (intent === "edit" && choice !== null) edit(choice);
    else if (intent === "new") edit(null);
  };
  const actions = rebound("browse", BROWSE_ACTIONS, bindings);
  const [state, setState, palette] = useActions(keyboard, actions, { ...memory.state, form: null, help: false }, () => context, act);
  // One after another: the terminal is lent to one editor at a time.
  const editing = useRef<Promise<unknown>>(Promise.resolve());
  const edit = (choice: Choice | null) => {
    const work = () => terminal.lendTo(() => edited(choice));
    editing.current = editing.current.then(() => suspendTerminal?.(work)).catch(() => {});
  };
  const edited = async (choice: Choice | null) => {
    const { name, problem } = await host.edit(choice);
    const anew = arranged(host.choices());
    const place = anew.findIndex((one) => one.name === name);
    const why = anew[place]?.why;
    setChoices(anew);
    setState({ ...FIRST_PLACE, at: Math.max(0, place) });
    memory.since = null;
    memory.notice = why === undefined ? printable(problem, 200) : `${printable(name, 40)}: ${printable(why, 400)}`;
  };
  memory.state = state;
  memory.since ??= state;
  if (memory.since !== state) memory.notice = "";
  const chosen = chosenPlace(state, context);
  const choice = chosen === undefined ? undefined : choices[chosen];
  const preview = usePreview(host, choice);
  const last = useMemo(() => (choice === undefined || choice.why !== undefined ? null : host.last(choice)), [host, choice]);
  const view = browseView(choices, state, { preview, last });
  useLayoutEffect(() => {
    surface.show((canvas) => drawList(canvas, { view, state, context, actions, notice: memory.notice, palette }, appearance.look));
  });
  useEffect(() => () => surface.show(null), [surface]);
  return <Box width={columns} height={rows} />;
}

/** The preview of a choice, once it is there. */
function usePreview(host: BrowseHost, choice: Choice | undefined): Preview | null {
  const [found, setFound] = useState<{ readonly choice: Choice; readonly preview: Preview } | null>(null);
  useEffect(() => {
    if (choice === undefined || choice.why !== undefined) return;
    let giveUp = () => {};
    const timer = setTimeout(() => {
      giveUp = host.preview(choice, (preview) => setFound({ choice, preview }));
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      giveUp();
    };
  }, [host, choice]);
  return found !== null && found.choice === choice ? found.preview : null;
}
