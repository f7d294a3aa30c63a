import type { CasePlan } from "../scenario/case-plan.ts";
import type { RequestAccess } from "./access.ts";
import type { Stage } from "./stage.ts";

/** Opens the stage of a case's workload, and loads no other. `roundsPerMs`: of the calibrated computation. */
export async function openStage(plan: CasePlan, roundsPerMs: number, access: RequestAccess): Promise<Stage> {
  const { workload } = plan.scenario;
  switch (workload) {
    case "message":
      return (await import("./message/stage.ts")).MessageStage.open(plan, roundsPerMs);
    case "fetch":
      return (await import("./fetch/stage.ts")).FetchStage.open(plan, access);
    case "flow":
      return (await import("./flow/stage.ts")).FlowStage.open(plan, roundsPerMs);
    default:
      return workload satisfies never;
  }
}
