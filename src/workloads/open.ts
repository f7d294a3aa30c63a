import type { CasePlan } from "../scenario/case-plan.ts";
import type { RequestAccess } from "./access.ts";
import { FetchStage } from "./fetch/stage.ts";
import { FlowStage } from "./flow/stage.ts";
import { MessageStage } from "./message/stage.ts";
import type { Stage } from "./stage.ts";

/** Opens the stage of a case's workload. `roundsPerMs`: of the calibrated computation. */
export function openStage(plan: CasePlan, roundsPerMs: number, access: RequestAccess): Promise<Stage> {
  const { workload } = plan.scenario;
  switch (workload) {
    case "message":
      return MessageStage.open(plan, roundsPerMs);
    case "fetch":
      return FetchStage.open(plan, access);
    case "flow":
      return FlowStage.open(plan, roundsPerMs);
    default:
      return workload satisfies never;
  }
}
