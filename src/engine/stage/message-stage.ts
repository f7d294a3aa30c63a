import { ServiceTimes } from "../../load/service-times.ts";
import type { CasePlan } from "../../plan/plan.ts";
import { MessageIntake } from "../../workloads/message/intake.ts";
import { varies } from "../../workloads/message/processor.ts";
import { type MakeProcessor, type ProcessorSpec, prepareProcessors } from "../processors.ts";
import type { Stage } from "./stage.ts";

/** State machines, and the messages that update them. */
export class MessageStage implements Stage {
  private constructor(
    private readonly plan: CasePlan,
    readonly spec: ProcessorSpec,
    readonly makeProcessor: MakeProcessor,
  ) {}

  static async open(plan: CasePlan, roundsPerMs: number): Promise<MessageStage> {
    const spec: ProcessorSpec = { workload: "message", work: plan.scenario.work, roundsPerMs };
    return new MessageStage(plan, spec, await prepareProcessors(spec));
  }

  intake(): MessageIntake {
    const { work, message, seed } = this.plan.scenario;
    return new MessageIntake(message, seed, varies(work) ? new ServiceTimes(work, seed) : null);
  }

  /** The same with next to no work; no handler is called. */
  rehearsal(): Promise<MessageStage> {
    const { scenario } = this.plan;
    const { work } = scenario;
    const kind = work.kind === "handler" ? "none" : work.kind;
    const message = { ...scenario.message, size: Math.min(scenario.message.size, 256) };
    const light = { ...scenario, message, work: { ...work, kind, time: Math.min(2, work.time) } };
    return MessageStage.open({ ...this.plan, scenario: light }, this.spec.roundsPerMs);
  }

  begin(): void {}

  sample(): undefined {
    return undefined;
  }

  status(): null {
    return null;
  }

  async figures(): Promise<undefined> {
    return undefined;
  }

  close(): void {}
}
