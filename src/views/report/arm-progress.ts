import { printable } from "../../kernel/text.ts";
import { formatMs, formatRate } from "../../kernel/units.ts";
import { isDisturbed } from "../../telemetry/disturbance.ts";
import type { CaseOutline, RunEvent } from "../../telemetry/events.ts";
import { paramsText } from "../../telemetry/params.ts";
import { DISTURBED } from "./disturbed.ts";

/** Progress of a comparison as plain lines: one for each case that an arm has run. */
export function armProgress(
  arms: readonly string[],
  rounds: number,
  write: (line: string) => void,
): (arm: number, event: RunEvent) => void {
  const cases: (readonly CaseOutline[])[] = arms.map(() => []);
  return (arm, event) => {
    switch (event.type) {
      case "run-started":
        cases[arm] = event.cases;
        return;
      case "case-finished": {
        const outline = cases[arm]?.[event.index];
        const { result } = event;
        const name = [arms[arm], result.mode, paramsText(result.params)].filter(Boolean).join(" ");
        const noise = isDisturbed(result) ? `, ${DISTURBED} disturbed (${printable(result.disturbed?.reason ?? "", 200)})` : "";
        const mean = result.latency.sojourn.count === 0 ? "" : `, mean sojourn ${formatMs(result.latency.sojourn.mean)}`;
        write(
          `[round ${(outline?.repeat ?? 0) + 1}/${rounds} ${printable(name, 120)}] ${result.status}, ${formatRate(result.throughput)}${mean}${noise}`,
        );
        return;
      }
      case "stopping":
        if (arm === 0) write(event.now ? "stopping now" : "stopping: the case at hand is drained (interrupt again to stop at once)");
        return;
      default:
    }
  };
}
