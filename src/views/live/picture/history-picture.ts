import { cutTo, printable } from "../../../kernel/text.ts";
import { counted } from "../../../kernel/wording.ts";
import type { Canvas } from "../../canvas/canvas.ts";
import { drawFrame } from "../../canvas/frame.ts";
import { BAD, FAINT, FOCUSED, type Style, TEXT } from "../../canvas/styles.ts";
import type { PictureLook } from "./look.ts";

/** A past run in the list. */
export interface PastRun {
  readonly run: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly scenario: string;
  readonly title: string;
  readonly cases: number;
  readonly status: string;
}

export interface HistoryView {
  readonly runs: readonly PastRun[];
  readonly all: number;
  readonly chosen: string | undefined;
  readonly marked: readonly string[];
  readonly filter: string;
  readonly typing: boolean;
}

/** Least and most columns of a scenario's name. */
const SCENARIO_WIDTH = [10, 26] as const;
/** Columns of everything before the title, but for that name. */
const OTHER_WIDTHS = 60;

/** The past runs, newest first. */
export function drawHistory(canvas: Canvas, view: HistoryView, look: PictureLook): void {
  const { runs, all, chosen, marked, filter, typing } = view;
  const said = typing ? `/${filter}_` : filter === "" ? `${all}` : `/${filter}  ${runs.length} of ${all}`;
  const ascii = look.glyphs === "ascii";
  const place = { x: 0, y: 0, width: canvas.width, height: canvas.height - 1 };
  const inside = drawFrame(canvas, place, { number: 0, title: "Past runs", headline: said, focused: true, ascii });
  if (runs.length === 0) canvas.text(inside.x + 1, inside.y, all === 0 ? "no run was kept yet" : "none has all of these words", FAINT);
  const at = Math.max(
    0,
    runs.findIndex(({ run }) => run === chosen),
  );
  const first = Math.max(0, Math.min(at - Math.floor(inside.height / 2), runs.length - inside.height));
  const scenario = Math.max(SCENARIO_WIDTH[0], Math.min(SCENARIO_WIDTH[1], inside.width - OTHER_WIDTHS));
  for (const [i, one] of runs.slice(first, first + inside.height).entries()) {
    const focused = one.run === chosen;
    const mark = marked.includes(one.run) ? `${"AB"[marked.indexOf(one.run)]} ` : focused ? (ascii ? "> " : "▸ ") : "  ";
    const paint: Style = focused ? FOCUSED : one.status === "completed" ? TEXT : BAD;
    const cells = [
      mark,
      printable(one.run, 14).padEnd(15),
      one.startedAt.slice(0, 16).replace("T", " ").padEnd(18),
      cutTo(printable(one.scenario, 40), scenario).padEnd(scenario + 1),
      one.status.padEnd(11),
      counted(one.cases, "case").padEnd(11),
      printable(one.title, 100),
    ];
    canvas.text(inside.x + 1, inside.y + i, cells.join(""), paint, inside.width - 2);
  }
}
