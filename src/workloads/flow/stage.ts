import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServiceTimes } from "../../load/service-times.ts";
import type { CasePlan } from "../../scenario/case-plan.ts";
import type { FlowSettings } from "../../scenario/schema.ts";
import type { Sample } from "../../telemetry/sample.ts";
import { varies } from "../message/processor.ts";
import { type MakeProcessor, type ProcessorSpec, prepareProcessors } from "../processors.ts";
import type { Stage, StageFigures } from "../stage.ts";
import type { WorkloadReport } from "../workload.ts";
import { addSamples, FlowBoard, mergeParts } from "./figures.ts";
import { FlowIntake } from "./intake.ts";

const MEMORY = "memory" as const;

/** Flows, one on each thread, and their items. */
export class FlowStage implements Stage {
  readonly helpers = [];
  readonly cheap = true;
  /** Three words. */
  readonly widestBytes = 24;
  /** Unbounded: its parts wait as they like. */
  readonly longestItem = Number.POSITIVE_INFINITY;
  private readonly boards: readonly FlowBoard[];

  private constructor(
    private readonly plan: CasePlan,
    private readonly settings: FlowSettings,
    private readonly folder: string,
    readonly spec: ProcessorSpec,
    readonly makeProcessor: MakeProcessor,
    memories: readonly SharedArrayBuffer[],
  ) {
    this.boards = memories.map((memory) => new FlowBoard(memory));
  }

  static async open(plan: CasePlan, roundsPerMs: number): Promise<FlowStage> {
    const { scenario } = plan;
    const settings = scenario.flow;
    if (settings === undefined) throw new Error("a flow scenario without its part");
    const folder = mkdtempSync(join(tmpdir(), "lab-tui-flow-"));
    try {
      const boards = Array.from({ length: Math.max(1, plan.slots.length) }, () => FlowBoard.memory());
      const spec: ProcessorSpec = { workload: "flow", roundsPerMs, flow: { settings, seed: scenario.seed, folder, boards } };
      return new FlowStage(plan, settings, folder, spec, await prepareProcessors(spec), boards);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  intake(): FlowIntake {
    const { work, seed } = this.plan.scenario;
    return new FlowIntake(varies(work) ? new ServiceTimes(work, seed) : null, this.settings.order === "key");
  }

  begin(): void {}

  /** The same in memory, with minimal work and no failures; no module is called. */
  rehearsal(): Promise<FlowStage> {
    const { scenario } = this.plan;
    const lighten = <W extends { readonly time: number }>(work: W | undefined) =>
      work === undefined ? undefined : { ...work, time: Math.min(2, work.time) };
    const { module, ...settings } = this.settings;
    const parts = Object.entries(settings.parts ?? {}).map(([name, part]) => [
      name,
      { ...part, work: lighten(part.work), failureRate: 0, durability: MEMORY },
    ]);
    const kind = module !== undefined && parts.length === 0 && settings.kind === "orchestrator" ? ("event-bus" as const) : settings.kind;
    const flow: FlowSettings = {
      ...settings,
      kind,
      work: lighten(settings.work),
      failureRate: 0,
      durability: MEMORY,
      parts: Object.fromEntries(parts),
    };
    const light = { ...scenario, flow, work: { ...scenario.work, time: Math.min(2, scenario.work.time) } };
    return FlowStage.open({ ...this.plan, scenario: light }, this.spec.roundsPerMs);
  }

  sample(): Pick<Sample, "flow"> {
    return { flow: { parts: addSamples(this.boards.map((board) => board.read())) } };
  }

  status(): null {
    return null;
  }

  async figures(reports: readonly (WorkloadReport | null)[]): Promise<StageFigures> {
    return { flow: { parts: mergeParts(reports.flatMap((report) => (report?.flow === undefined ? [] : [report.flow]))) } };
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
