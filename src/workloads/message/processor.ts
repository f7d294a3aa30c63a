import type { WordReader } from "../../kernel/words.ts";
import type { Item } from "../../queueing/item.ts";
import type { Effort, Outcome, Processor, StateSlice } from "../workload.ts";
import { PayloadDecoder } from "./codec.ts";
import { workerName } from "./intake.ts";
import type { Payload } from "./message.ts";
import { apply, type State, stateJson } from "./state.ts";

/** What the work on each message costs. `time` in microseconds. */
export interface WorkCost {
  readonly kind: "none" | "cpu" | "sleep" | "io" | "mixed" | "handler";
  readonly time: number;
  /** mixed: share of the time that is cpu; the rest is io. */
  readonly cpuShare: number;
}

/** The state machines of one thread and the work that updating them costs. */
export class MessageProcessor implements Processor {
  readonly instant: boolean;
  private readonly states: (State | undefined)[] = [];
  private readonly names: (string | undefined)[] = [];
  private readonly decoder = new PayloadDecoder();
  private readonly compute: number;
  private readonly block: number;
  private readonly wait: number;

  constructor(
    cost: WorkCost,
    private readonly effort: Effort,
    private readonly nameOf: (key: number) => string = workerName,
  ) {
    const span = cost.time * 1000;
    const cpuShare = cost.kind === "cpu" ? 1 : cost.kind === "mixed" ? cost.cpuShare : 0;
    this.compute = span * cpuShare;
    this.block = cost.kind === "sleep" ? span : 0;
    this.wait = cost.kind === "io" || cost.kind === "mixed" ? span * (1 - cpuShare) : 0;
    this.instant = this.compute + this.block + this.wait === 0;
  }

  process(item: Item): Outcome | Promise<Outcome> {
    if (this.compute > 0) this.effort.compute(this.compute);
    if (this.block > 0) this.effort.block(this.block);
    if (this.wait > 0) {
      const waiting = this.effort.wait(this.wait);
      if (waiting !== undefined) return waiting.then(() => this.update(item));
    }
    return this.update(item);
  }

  private update(item: Item): Outcome {
    const known = this.states[item.key];
    if (known !== undefined) return apply(known, item.payload as Payload);
    const created: State = new Map();
    const outcome = apply(created, item.payload as Payload);
    if (outcome === null) this.states[item.key] = created;
    return outcome;
  }

  decode(words: WordReader, item: Item): void {
    // A name is there the first time its key comes.
    const at = words.at;
    words.low();
    if (words.high === 1) {
      words.at = at;
      this.names[item.key] = words.text();
    }
    item.payload = this.decoder.decode(words, item.payload as Payload | null);
  }

  state(): StateSlice {
    const entries = [];
    for (let key = 0; key < this.states.length; key++) {
      const state = this.states[key];
      if (state !== undefined) entries.push({ key: this.names[key] ?? this.nameOf(key), json: stateJson(state) });
    }
    return { entries };
  }
}
