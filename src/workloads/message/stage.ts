import { ServiceTimes } from "../../load/service-times.ts";
import type { CasePlan } from "../../scenario/case-plan.ts";
import { type MakeProcessor, type ProcessorSpec, prepareProcessors } from "../processors.ts";
import type { Stage, StageFigures } from "../stage.ts";
import type { Intake, WorkloadReport } from "../workload.ts";
import { probeDisk } from "./disk-probe.ts";
import { MessageIntake } from "./intake.ts";
import { varies } from "./processor.ts";
import { addCosts } from "./wire.ts";

/** State machines, and the messages that update them. */
export class MessageStage implements Stage {
  readonly helpers = [];
  private constructor(
    private readonly plan: CasePlan,
    readonly spec: ProcessorSpec,
    readonly makeProcessor: MakeProcessor,
  ) {}

  static async open(plan: CasePlan, roundsPerMs: number): Promise<MessageStage> {
    const { work, parallel, keys } = plan.scenario;
    const threads = plan.mode === "parallel" ? plan.workers : 1;
    const handling = { ordered: keys.order, prepared: keys.prepare ? keys.count : 0, threads };
    const spec: ProcessorSpec = { workload: "message", work, codec: parallel.codec, keys: handling, roundsPerMs };
    return new MessageStage(plan, spec, await prepareProcessors(spec));
  }

  intake(): MessageIntake {
    const { work, message, seed, parallel, keys } = this.plan.scenario;
    return new MessageIntake(message, seed, varies(work) ? new ServiceTimes(work, seed) : null, parallel.codec, keys.count);
  }

  /** The same with minimal work; no handler is called. */
  rehearsal(): Promise<MessageStage> {
    const { scenario } = this.plan;
    const { work } = scenario;
    const kind = work.kind === "handler" ? "none" : work.kind;
    const message = { ...scenario.message, size: Math.min(scenario.message.size, 256) };
    const light = { ...scenario, message, work: { ...work, kind, time: Math.min(2, work.time), perBatch: Math.min(2, work.perBatch) } };
    return MessageStage.open({ ...this.plan, scenario: light }, this.spec.roundsPerMs);
  }

  begin(): void {}

  sample(): undefined {
    return undefined;
  }

  status(): null {
    return null;
  }

  /** Cost of crossing to the Workers, where there are some; also to disk, where formats are compared. */
  async figures(reports: readonly (WorkloadReport | null)[], intake: Intake): Promise<StageFigures> {
    const { mode, params, scenario } = this.plan;
    if (mode !== "parallel" || !(intake instanceof MessageIntake)) return {};
    const { codec } = scenario.parallel;
    const written = intake.meter.cost;
    const read = addCosts(reports.flatMap((report) => report?.wire ?? []));
    if (written.timed === 0 || read.timed === 0) return {};
    const disk = "parallel.codec" in params ? probeDisk(codec, scenario.message, scenario.seed) : null;
    return {
      serialization: {
        codec,
        bytesPerMessage: written.bytes / written.timed,
        encodeNs: written.nanoseconds / written.timed,
        decodeNs: read.nanoseconds / read.timed,
        resolutionNs: Math.max(written.resolution, read.resolution),
        diskWriteNs: disk?.writeNs ?? null,
        diskReadNs: disk?.readNs ?? null,
      },
    };
  }

  close(): void {}
}
