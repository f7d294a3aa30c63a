import { ServiceTimes } from "../../load/service-times.ts";
import type { CasePlan } from "../../scenario/case-plan.ts";
import { MODE_TRAITS } from "../../scenario/modes.ts";
import { descendantsOf } from "../../telemetry/descendants.ts";
import { type MakeProcessor, type ProcessorSpec, prepareProcessors } from "../processors.ts";
import type { Stage, StageFigures, StatesTold } from "../stage.ts";
import type { Intake, WorkloadReport } from "../workload.ts";
import { probeDisk } from "./disk-probe.ts";
import { MessageIntake } from "./intake.ts";
import { timestampOf } from "./message.ts";
import { varies } from "./processor.ts";
import { programNotes } from "./program-notes.ts";
import { digestOf, dumpPieces } from "./state.ts";
import { mergeUnseen, unseenWarning } from "./unseen.ts";
import { addCosts, WIDEST_FORMAT } from "./wire.ts";

/** Bytes of a replayed message at most. */
const LONGEST_LINE = 8_000_000;
/** Bytes of a generated message at most, without what pads it. */
const LONGEST_OPS = 8192;

const STATES: StatesTold = {
  digest: digestOf,
  dump: dumpPieces,
  warning(slices) {
    const unseen = mergeUnseen(slices.flatMap((slice) => slice.unseen ?? []));
    return unseen === null ? null : unseenWarning(unseen);
  },
};

/** State machines, and the messages that update them. */
export class MessageStage implements Stage {
  readonly helpers: Stage["helpers"];
  readonly timestampOf = timestampOf;
  readonly states = STATES;
  readonly widestBytes: number;
  readonly longestItem: number;
  readonly longestSilence: number;

  private constructor(
    private readonly plan: CasePlan,
    readonly spec: ProcessorSpec,
    readonly makeProcessor: MakeProcessor,
  ) {
    const { load, parallel, message, work } = plan.scenario;
    // A program that answers nothing is started again before it gets its next message.
    this.longestItem = work.kind === "command" ? work.timeout + work.startup : 0;
    this.longestSilence = this.longestItem;
    this.helpers = work.kind === "command" ? () => descendantsOf("self") : [];
    const widened = parallel.codec === "ring" ? 1 : WIDEST_FORMAT;
    this.widestBytes = load.executor === "replay" ? LONGEST_LINE : widened * (message.size + LONGEST_OPS);
  }

  static async open(plan: CasePlan, roundsPerMs: number): Promise<MessageStage> {
    const { work, parallel, keys } = plan.scenario;
    const threads = MODE_TRAITS[plan.mode].spreads ? plan.workers : 1;
    const handling = { ordered: keys.order, prepared: keys.prepare ? keys.count : 0, threads };
    const spec: ProcessorSpec = { workload: "message", work, codec: parallel.codec, keys: handling, roundsPerMs };
    return new MessageStage(plan, spec, await prepareProcessors(spec));
  }

  intake(): MessageIntake {
    const { work, message, seed, parallel, keys } = this.plan.scenario;
    return new MessageIntake(message, seed, varies(work) ? new ServiceTimes(work, seed) : null, parallel.codec, keys.count);
  }

  /** The same with minimal work; no handler is called, and no program is started. */
  rehearsal(): Promise<MessageStage> {
    const { scenario } = this.plan;
    const { work } = scenario;
    const kind = work.kind === "handler" || work.kind === "command" ? "none" : work.kind;
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

  async figures(reports: readonly (WorkloadReport | null)[], intake: Intake): Promise<StageFigures> {
    const notes = reports.flatMap((report, i) => programNotes(report?.program, i));
    return { ...this.serialization(reports, intake), notes };
  }

  /** Cost of crossing to the Workers, where there are some; also to disk, where formats are compared. */
  private serialization(reports: readonly (WorkloadReport | null)[], intake: Intake): Pick<StageFigures, "serialization"> {
    const { mode, params, scenario } = this.plan;
    if (!MODE_TRAITS[mode].spreads || !(intake instanceof MessageIntake)) return {};
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
