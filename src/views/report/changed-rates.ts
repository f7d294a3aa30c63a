import { listed } from "../../kernel/wording.ts";
import { hasChangedRate, rateChangesText } from "../../telemetry/rate-changes.ts";
import type { CaseResult } from "../../telemetry/result.ts";
import { caseName } from "./closing.ts";

/** The changes of arrival rates by hand, a sentence for all cases that had the same; none where no rate was changed. */
export function changedRateLines(cases: readonly CaseResult[]): string[] {
  const alike = Map.groupBy(cases.filter(hasChangedRate), ({ rateChanges }) => JSON.stringify(rateChanges));
  return [...alike.values()].map((those) => rateChangesText(those[0]?.rateChanges ?? [], listed(those.map(caseName))));
}
