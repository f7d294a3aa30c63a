import type { Setup } from "../../src/engine/runner/pipeline.ts";
import { VirtualTime } from "../../src/kernel/virtual-time.ts";
import { type CasePlan, planCases } from "../../src/plan/plan.ts";
import type { Mode, Scenario } from "../../src/scenario/schema.ts";
import { unswept } from "../../src/scenario/sweep.ts";
import { MessageStage } from "../../src/workloads/message/stage.ts";

export interface VirtualSetup extends Setup {
  readonly time: VirtualTime;
}

/** What a case of messages is set up with on a virtual clock: computing takes exactly its time and nothing sleeps. */
export async function virtualSetup(scenario: Scenario, mode: Mode): Promise<VirtualSetup> {
  const plan = planOf(scenario, mode);
  const time = new VirtualTime();
  return {
    plan,
    time,
    stage: await MessageStage.open(plan, 1),
    face: null,
    begin: (ago = 0) => {
      time.blockUntil(ago);
      return 0;
    },
    effort: (blocking) => ({
      now: () => time.now(),
      compute: (span) => time.spend(span),
      block: (span) => time.blockUntil(time.now() + span),
      pause: (span) => time.sleepUntil(time.now() + span),
      wait: (span) => {
        if (!blocking) return time.sleepUntil(time.now() + span);
        return time.blockUntil(time.now() + span);
      },
    }),
  };
}

/** The first case of a scenario, on two cores. */
export function planOf(scenario: Scenario, mode: Mode): CasePlan {
  const plan = planCases(unswept({ ...scenario, modes: [mode] }), 2)[0];
  if (plan === undefined) throw new Error("unreachable");
  return plan;
}
