import type { FlowPart } from "../../scenario/flow-schema.ts";
import type { Effort } from "../workload.ts";
import type { FlowItem, FlowLab } from "./flow.ts";

/** Item data kept by the lab beside what its flow sees; found by number, since items of a queue on disk come back as copies. */
export interface Demands {
  /** Service time of an item's handlers, in nanoseconds. */
  demandOf(index: number): number;
}

/** Does the work of a scenario's handlers, with its planted failures. */
export class Lab implements FlowLab {
  private readonly compute: number;
  private readonly block: number;
  private readonly wait: number;

  constructor(
    readonly settings: FlowPart,
    private readonly effort: Effort,
    private readonly demands: Demands,
    private readonly seed: number,
    readonly thread: number,
    readonly folder: string,
    private readonly places = 0,
  ) {
    const kind = settings.work?.kind ?? "none";
    const share = settings.work?.cpuShare ?? 0;
    this.compute = kind === "cpu" ? 1 : kind === "mixed" ? share : 0;
    this.block = kind === "sleep" ? 1 : 0;
    this.wait = kind === "io" ? 1 : kind === "mixed" ? 1 - share : 0;
  }

  part(settings: FlowPart, places: number): Lab {
    const own = { ...settings, work: settings.work ?? this.settings.work };
    return new Lab(own, this.effort, this.demands, this.seed, this.thread, this.folder, places);
  }

  handle(item: FlowItem, place: number): void | Promise<void> {
    const { settings, effort } = this;
    const fails = draw(this.seed, item.index, this.places + place) < settings.failureRate;
    const constant = settings.work?.distribution === "constant";
    const demand = constant ? (settings.work?.time ?? 0) * 1000 : this.demands.demandOf(item.index);
    if (demand > 0) {
      if (this.compute > 0) effort.compute(demand * this.compute);
      if (this.block > 0) effort.block(demand);
      if (this.wait > 0) {
        const waiting = effort.wait(demand * this.wait);
        if (waiting !== undefined) return fails ? waiting.then(fail) : waiting;
      }
    }
    if (fails) fail();
  }
}

function fail(): never {
  throw new Error("a planted failure");
}

/** A number in [0, 1) from seed, item and place: the same in every mode (the finaliser of MurmurHash3, A. Appleby). */
export function draw(seed: number, index: number, place: number): number {
  let h = (Math.imul(seed | 0, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b) ^ Math.imul(place + 1, 0xc2b2ae35)) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}
