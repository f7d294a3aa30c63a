import { type RampLoad, rateChanges } from "../../load/changed-rate.ts";
import type { CasePlan } from "../../plan/plan.ts";
import { paramsText } from "../../telemetry/params.ts";
import type { RateChange } from "../../telemetry/result.ts";
import type { ChangedLoad } from "../protocol.ts";

/** Loads whose rate was changed by hand, by point of the sweep: cases of the point that run later get the same tape. */
export class ChangedLoads {
  private readonly byPoint = new Map<string, { readonly load: RampLoad; readonly instants: readonly number[] }>();

  /** Keeps the load of a case after a change at an instant. */
  keep({ params }: CasePlan, { load, at }: ChangedLoad): void {
    const point = paramsText(params);
    this.byPoint.set(point, { load, instants: [...(this.byPoint.get(point)?.instants ?? []), at] });
  }

  /** The case with the load of its point as it is now. */
  planOf(plan: CasePlan): CasePlan {
    const changed = this.byPoint.get(paramsText(plan.params));
    return changed === undefined ? plan : { ...plan, scenario: { ...plan.scenario, load: changed.load } };
  }

  /** The changes of a point's load, in order. */
  changesOf({ params }: Pick<CasePlan, "params">): readonly RateChange[] {
    const changed = this.byPoint.get(paramsText(params));
    return changed === undefined ? [] : rateChanges(changed.load, changed.instants);
  }
}
