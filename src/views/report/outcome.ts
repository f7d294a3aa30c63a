import { printable } from "../../kernel/text.ts";
import { counted, listed } from "../../kernel/wording.ts";
import type { RunResult } from "../../telemetry/result.ts";
import { isUnsound, type Verdicts, verdictsOf, worstOf } from "../../telemetry/verdicts.ts";
import { FAULT } from "./fault.ts";

/** The outcome of a run in a few words. */

/** The status of a run and objections: `completed, ✗ 2 thresholds failed`. `status`: the worst of its cases. */
export function outcomeText(status: string, { thresholds, hypotheses, disturbed, rateChanged = 0 }: Verdicts): string {
  const broken = [
    thresholds.failed === 0 ? "" : `${counted(thresholds.failed, "threshold")} failed`,
    hypotheses.broken === 0 ? "" : `${counted(hypotheses.broken, "hypothesis", "hypotheses")} did not hold`,
  ].filter((part) => part !== "");
  const sign = broken.length > 0 || isUnsound({ status }) ? `${FAULT} ` : "";
  const noise = disturbed === 0 ? "" : `, ${counted(disturbed, "case")} disturbed`;
  const steered = rateChanged === 0 ? "" : `, rate of ${counted(rateChanged, "case")} changed by hand`;
  return `${sign}${status}${broken.length === 0 ? "" : `, ${listed(broken)}`}${noise}${steered}`;
}

/** A line for each of several runs, for readers who see only the end of the output; empty for one. */
export function overview(results: readonly RunResult[]): string {
  if (results.length < 2) return "";
  const names = results.map(({ scenario }) => printable(scenario.name, 40));
  const width = Math.max(...names.map((name) => Bun.stringWidth(name)));
  const lines = results.map((result, i) => {
    const name = names[i] ?? "";
    const verdicts = verdictsOf(result);
    const { held } = verdicts.hypotheses;
    const kept = held === 0 ? "" : `, ${counted(held, "hypothesis", "hypotheses")} held`;
    const outcome = outcomeText(worstOf(result), verdicts);
    return `${name}${" ".repeat(width - Bun.stringWidth(name))}  ${counted(result.cases.length, "case")} ${outcome}${kept}\n`;
  });
  return `\n${lines.join("")}`;
}
