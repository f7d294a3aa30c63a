import { isDisturbed } from "../../telemetry/disturbance.ts";
import type { CaseResult } from "../../telemetry/result.ts";

/** The sign on every figure of a case that was disturbed, in every list. */
export const DISTURBED = "†";

export function disturbedSign(one: CaseResult): string {
  return isDisturbed(one) ? DISTURBED : "";
}

/** What the sign means, once where figures with it are shown; none without. */
export function disturbedLegend(cases: readonly CaseResult[]): string[] {
  if (!cases.some(isDisturbed)) return [];
  return [
    `${DISTURBED} disturbed: other programs, the host, a CPU quota, a stop, or a core that was not as fast as calibrated had a part in these figures; the case says which.`,
  ];
}
