import { formatShare } from "../../../kernel/units.ts";
import { counted, listed } from "../../../kernel/wording.ts";
import { disturbanceOf, isDisturbed } from "../../../telemetry/disturbance.ts";
import { imbalance } from "../../../telemetry/ledger.ts";
import type { CaseResult, RunResult } from "../../../telemetry/result.ts";
import { isUnsound } from "../../../telemetry/verdicts.ts";
import { caseName } from "../../report/closing.ts";
import { ledgerLine } from "../../report/table.ts";
import { details, html, items, type Markup, sentenceTable } from "./markup.ts";

/** Characters of a ledger: one that needs more leaves out what is 0. */
const LEDGER_WIDTH = 60;
/** Remarks that are shown at once; more are shown on demand. */
const REMARKS = 8;

/** Whether a run's figures can be relied on: ledger, self-checks, order, disturbance of every case, and its warnings. */
export function belief(result: RunResult): Markup {
  const { sign, tone, text } = verdictOf(result);
  const remarks = result.cases.flatMap(remarksOn);
  const heading = ["case", "status", "ledger", "self-checks", "order", "disturbed"];
  return html`<section class="box ${tone}-box"><h2>May this be believed?</h2>
<p class="verdict ${tone}">${sign} ${text}</p>
${sentenceTable("What the run checked of itself", heading, result.cases.map(row))}${
  remarks.length > REMARKS ? details(counted(remarks.length, "note"), items(remarks)) : items(remarks)
}</section>\n`;
}

interface Verdict {
  readonly sign: string;
  readonly tone: "good" | "warn" | "bad";
  readonly text: string;
}

function verdictOf({ cases, unfinished }: RunResult): Verdict {
  const unsound = cases.filter(isUnsound);
  if (unsound.length > 0)
    return { sign: "✗", tone: "bad", text: `Not as a whole: ${listed(unsound.map((one) => `${caseName(one)} is ${one.status}`))}.` };
  if (cases.length === 0) return { sign: "?", tone: "warn", text: "There is nothing to believe yet: no case is done." };
  const disturbed = cases.filter(isDisturbed);
  const doubts = [
    ...(disturbed.length === 0
      ? []
      : [`${counted(disturbed.length, "case")} of ${cases.length} disturbed by something other than the lab`]),
    ...(cases.some(({ status }) => status === "aborted") ? ["some cases were stopped before their end"] : []),
    ...(unfinished === undefined ? [] : [`only ${cases.length} of ${counted(unfinished.planned, "case")} done`]),
  ];
  if (doubts.length > 0) return { sign: "?", tone: "warn", text: `With care: ${listed(doubts)}.` };
  return { sign: "✓", tone: "good", text: "Yes: every item is accounted for, every self-check holds, and nothing else took part." };
}

function row(one: CaseResult): (string | Markup)[] {
  const { status, ledger, checks, orderViolations } = one;
  const off = imbalance(ledger);
  const failed = (checks ?? []).filter(({ ok }) => !ok);
  return [
    caseName(one),
    status,
    off === 0 ? `✓ ${ledgerLine(ledger, LEDGER_WIDTH)}` : `✗ off by ${off}: ${ledgerLine(ledger, LEDGER_WIDTH)}`,
    checks === undefined
      ? "not recorded"
      : failed.length === 0
        ? `✓ all ${checks.length} hold`
        : `✗ ${failed.map(({ name }) => name).join(", ")}`,
    orderViolations === 0 ? "✓ kept" : `✗ ${counted(orderViolations, "violation")}`,
    disturbanceText(one),
  ];
}

function disturbanceText(one: CaseResult): string {
  const disturbed = disturbanceOf(one);
  if (disturbed === null) return "✓ no";
  const { otherCores, calibrationOff } = disturbed;
  const parts = [
    ...(otherCores === null ? [] : [`others ${otherCores.toFixed(2)} cores`]),
    ...(calibrationOff === 0 ? [] : [`calibration off ${formatShare(calibrationOff)}`]),
  ];
  return `† ${parts.join(", ")}`;
}

function remarksOn(one: CaseResult): Markup[] {
  const remark = (kind: string, text: string) => html`<b>${caseName(one)}</b>, ${kind}: ${text}`;
  return [...one.problems.map((problem) => remark(one.status, problem)), ...one.warnings.map((warning) => remark("note", warning))];
}
