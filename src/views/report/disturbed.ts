import { isDisturbed } from "../../telemetry/disturbance.ts";
import type { CaseResult } from "../../telemetry/result.ts";

/** The mark on every figure of a disturbed case, in every list. */
export const DISTURBED = "†";

export function disturbedSign(one: CaseResult): string {
  return isDisturbed(one) ? DISTURBED : "";
}

/** The meaning of the mark, where marked figures are shown; else empty. */
export function disturbedLegend(cases: readonly CaseResult[]): string[] {
  if (!cases.some(isDisturbed)) return [];
  return [
    `${DISTURBED} disturbed: other programs, the host, a CPU quota, a stop, or a core that was not as fast as calibrated had a part in these figures; the case says which.`,
  ];
}
