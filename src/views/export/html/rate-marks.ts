import { formatRate } from "../../../kernel/units.ts";
import type { CaseResult } from "../../../telemetry/result.ts";
import { HEIGHT, short, timeLabel, WIDTH } from "./axis.ts";
import { html, Markup } from "./markup.ts";

/** An instant on the time axis of a chart, in milliseconds, and what holds from then on. */
export interface RateMark {
  readonly t: number;
  readonly label: string;
}

/** The changes by hand of the arrival rates of cases with one time axis, in order; those that several cases had, once. */
export function rateMarks(cases: readonly CaseResult[]): RateMark[] {
  const marks = cases.flatMap(({ rateChanges = [] }) => rateChanges.map(({ atMs, rate }) => ({ t: atMs, label: formatRate(rate) })));
  const distinct = new Map(marks.map((mark) => [`${mark.t} ${mark.label}`, mark]));
  return [...distinct.values()].sort((a, b) => a.t - b.t);
}

/** Share of a narrow chart that a label is wide. */
const LABEL = 0.16;

/** The marks as vertical lines of a chart. */
export function markLines(marks: readonly RateMark[], until: number): Markup | null {
  if (marks.length === 0) return null;
  return html`<path class="mark" d="${new Markup(marks.map(({ t }) => `M${short((t / until) * WIDTH)} 0V${HEIGHT}`).join(""))}"/>\n`;
}

/** Labels above the marks; of those without room beside each other the last, whose rate held longest. */
export function markLabels(marks: readonly RateMark[], until: number): Markup | null {
  if (marks.length === 0) return null;
  let free = 1 + LABEL;
  const labels = marks.toReversed().flatMap(({ t, label }) => {
    const share = t / until;
    const from = share > 1 - LABEL ? share - LABEL : share;
    if (from + LABEL > free) return [];
    free = from;
    return timeLabel(share, label, share > 1 - LABEL);
  });
  return html`<div class="marks" aria-hidden="true">${labels.reverse()}</div>`;
}
