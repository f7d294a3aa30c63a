import type { RunnerResult } from "../../src/engine/protocol.ts";
import { type CaseOptions, runCase } from "../../src/engine/runner/case.ts";
import type { CasePlan } from "../../src/plan/plan.ts";
import type { Sample } from "../../src/telemetry/sample.ts";
import { NO_ACCESS } from "../../src/workloads/access.ts";
import { SHORT_REHEARSAL } from "./rehearsal.ts";

/**
 * Runs a case in this process, on the real clock: what a runner's process does. `during` is given the means to stop it. `options`: what is
 * to be otherwise than where nothing is asked for.
 */
export async function runHere(
  plan: CasePlan,
  during: (stop: () => void) => void = () => {},
  options: Partial<Pick<CaseOptions, "access" | "http" | "onPreparing" | "onStarted" | "rehearsal" | "roundsPerMs">> = {},
): Promise<{ readonly result: RunnerResult; readonly samples: readonly Sample[] }> {
  const samples: Sample[] = [];
  const result = await runCase(plan, {
    access: NO_ACCESS,
    roundsPerMs: 100,
    rehearsal: SHORT_REHEARSAL,
    http: null,
    dumpState: null,
    stopped: () => false,
    onPreparing: () => {},
    onStarted: () => {},
    onSnapshot: (snapshot) => samples.push(snapshot),
    onStoppable: during,
    ...options,
  });
  return { result, samples };
}
