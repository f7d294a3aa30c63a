import { FlowOrchestrator } from "../../flows/index.ts";
import type { Nanoseconds } from "../../kernel/clock.ts";
import type { WordReader } from "../../kernel/word-buffer.ts";
import { workerName } from "../../load/keys.ts";
import type { Item } from "../../queueing/item.ts";
import type { FlowSettings } from "../../scenario/flow-schema.ts";
import type { FlowPartFigures } from "../../telemetry/flow-figures.ts";
import { reasonOf } from "../reason.ts";
import type { Effort, Outcome, Processor, StateSlice, WorkloadReport } from "../workload.ts";
import { kindOf } from "./brief.ts";
import { FlowBoard } from "./figures.ts";
import type { FlowItem, FlowMaker, Submit } from "./flow.ts";
import { type Demands, Lab } from "./lab.ts";

/** Inputs of a flow's processor; plain data, so that it crosses threads. */
export interface FlowSpec {
  readonly settings: FlowSettings;
  readonly seed: number;
  /** Folder for queues on disk. */
  readonly folder: string;
  /** Shared memory for each thread's figures. */
  readonly boards: readonly SharedArrayBuffer[];
}

/** Interval of writing the figures. */
const EVERY: Nanoseconds = 50e6;

/** Passes items through one thread's own flow. */
export class FlowProcessor implements Processor, Demands {
  readonly instant = false;
  readonly yields: boolean;
  readonly ordered = false;
  readonly limit = Number.POSITIVE_INFINITY;
  private readonly flows: FlowOrchestrator;
  private readonly varying: boolean;
  private readonly demands = new Map<number, number>();
  private readonly board: FlowBoard;
  private submit: Submit | null = null;
  private final: readonly FlowPartFigures[] | null = null;
  private readonly ready: Promise<void>;
  private shownAt: Nanoseconds = Number.NEGATIVE_INFINITY;

  constructor(
    spec: FlowSpec,
    private readonly effort: Effort,
    thread: number,
    maker: FlowMaker,
  ) {
    const { settings, seed, folder } = spec;
    this.flows = new FlowOrchestrator({ name: `thread ${thread}` });
    this.board = new FlowBoard(spec.boards[thread]);
    this.varying = settings.work !== undefined && settings.work.distribution !== "constant";
    this.yields = settings.work?.kind === "io";
    const { kind, parts, module, ...part } = settings;
    const lab = new Lab({ ...part, kind: kind === "orchestrator" ? "event-bus" : kind }, effort, this, seed, thread, folder);
    this.ready = this.prepare(maker, lab);
    // The first item reports the failure.
    this.ready.catch(() => {});
  }

  private async prepare(maker: FlowMaker, lab: Lab): Promise<void> {
    const submit = await maker(this.flows, lab);
    if (typeof submit !== "function") throw new Error("the flow module gave no function that takes items");
    await this.flows.start();
    this.board.name(this.flows.parts);
    this.submit = submit;
  }

  demandOf(index: number): number {
    return this.demands.get(index) ?? 0;
  }

  process(item: Item): Promise<Outcome> {
    if (this.varying) this.demands.set(item.index, item.demand);
    return this.pass({ index: item.index, key: workerName(item.payload as number) });
  }

  private async pass(item: FlowItem): Promise<Outcome> {
    try {
      if (this.submit === null) await this.ready;
      await this.submit?.(item);
      return null;
    } catch (error) {
      return reasonOf(error);
    } finally {
      if (this.varying) this.demands.delete(item.index);
      const now = this.effort.now();
      if (now - this.shownAt > EVERY) this.show(now);
    }
  }

  private show(now: Nanoseconds): void {
    this.shownAt = now;
    this.board.show(this.flows.parts);
  }

  halt(): void {
    this.end();
  }

  report(): WorkloadReport {
    return { flow: this.end() };
  }

  /** The figures before the parts are stopped and abandon what they hold. */
  private end(): readonly FlowPartFigures[] {
    if (this.final !== null) return this.final;
    this.show(this.effort.now());
    const stats = this.flows.stats();
    this.final = this.flows.parts.map((part) => ({ name: part.name, kind: kindOf(part), stats: stats.get(part.name) ?? {} }));
    void this.flows.stop({ deadlineMs: 0 });
    return this.final;
  }

  decode(words: WordReader, item: Item): void {
    item.payload = words.low();
    item.index = words.float();
    item.demand = words.float();
  }

  stateOf(): null {
    return null;
  }

  names(): string[] {
    return [];
  }

  state(): StateSlice {
    return { entries: [] };
  }
}
