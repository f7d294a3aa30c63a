import { MODES } from "../../../scenario/modes.ts";
import type { Canvas } from "../../canvas/canvas.ts";
import { BOLD_TEXT, TEXT } from "../../canvas/styles.ts";
import { DIAGRAMS } from "../../report/diagram.ts";
import { footerKeys, helpRows } from "../actions.ts";
import { type Bindings, rebound } from "../bindings.ts";
import { arranged, type Choice, matching } from "../choices.ts";
import type { PaletteView } from "../palette.ts";
import { type BrowseView, drawBrowse } from "../picture/browse-picture.ts";
import { drawFooter } from "../picture/footer.ts";
import { drawKeys } from "../picture/help.ts";
import type { PictureLook } from "../picture/look.ts";
import { drawPalette } from "../picture/palette-picture.ts";
import type { Draw } from "../surface.ts";
import {
  BROWSE_ACTIONS,
  type BrowseAction,
  type BrowseContext,
  type BrowseState,
  chosenPlace,
  FIRST_PLACE,
  FORM_FIELDS,
} from "./browse-actions.ts";

/** Context of the keys on a list of choices. */
export function browseContext(choices: readonly Choice[]): BrowseContext {
  return {
    matching: (filter) => matching(choices, filter),
    runs: (place) => choices[place] !== undefined && choices[place].why === undefined,
  };
}

/** The list in a state, with what is known about the one that is chosen. */
export function browseView(choices: readonly Choice[], state: BrowseState, known: Pick<BrowseView, "preview" | "last">): BrowseView {
  const { filter, typing, form } = state;
  const context = browseContext(choices);
  return {
    ...{ choices, left: context.matching(filter), chosen: chosenPlace(state, context), filter, typing, ...known },
    form: form === null ? null : { field: form.field, fields: FORM_FIELDS.map((name) => [name, form.values[name] ?? ""]) },
  };
}

/** What the screen of the list shows. */
export interface ListScreen {
  readonly view: BrowseView;
  readonly state: BrowseState;
  readonly context: BrowseContext;
  readonly actions: readonly BrowseAction[];
  /** A sentence in place of the footer; "": none. */
  readonly notice: string;
  readonly palette: PaletteView | null;
}

/** The list, or what a key has put in its place: help, or the diagram of a mode. */
export function drawList(canvas: Canvas, { view, state, context, actions, notice, palette }: ListScreen, look: PictureLook): void {
  const mode = state.drawn === null ? undefined : MODES[state.drawn];
  if (state.help) drawKeys(canvas, helpRows(actions));
  else if (mode === undefined) drawBrowse(canvas, view, look);
  else {
    const lines = DIAGRAMS[mode].trimEnd().split("\n");
    for (const [y, line] of lines.slice(0, canvas.height - 2).entries()) canvas.text(0, y, line, y === 0 ? BOLD_TEXT : TEXT);
  }
  if (notice === "") drawFooter(canvas, footerKeys(actions, state, context));
  else canvas.text(0, canvas.height - 1, notice, BOLD_TEXT);
  if (palette !== null) drawPalette(canvas, palette, look);
}

/** The list as it opens, before anything is known about the one that is chosen. */
export function firstList(found: readonly Choice[], bindings: Bindings, look: PictureLook): Draw {
  const choices = arranged(found);
  const view = browseView(choices, FIRST_PLACE, { preview: null, last: null });
  const actions = rebound("browse", BROWSE_ACTIONS, bindings);
  const screen = { view, state: FIRST_PLACE, context: browseContext(choices), actions, notice: "", palette: null };
  return (canvas) => drawList(canvas, screen, look);
}
