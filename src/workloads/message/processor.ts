import { monotonic } from "../../kernel/clock.ts";
import { isThenable } from "../../kernel/promises.ts";
import type { WordReader } from "../../kernel/word-buffer.ts";
import { workerName } from "../../load/keys.ts";
import type { ServiceTime } from "../../load/service-times.ts";
import type { Item } from "../../queueing/item.ts";
import type { WireFormat } from "../../scenario/schema.ts";
import { takesStatedTime } from "../../scenario/work-kinds.ts";
import { reasonOf } from "../reason.ts";
import type { Effort, Outcome, Processor, StateSlice, WorkloadReport } from "../workload.ts";
import { type Handler, type Message, messageOf } from "./handler.ts";
import type { Payload } from "./message.ts";
import { MessageReader } from "./portable.ts";
import { apply, parseState, type State, stateJson } from "./state.ts";
import { unseenIn } from "./unseen.ts";
import { type PayloadReader, readerFor, WireMeter } from "./wire.ts";

/** Cost of the work on each message. `time` in microseconds. */
export interface WorkCost extends ServiceTime {
  readonly kind: "none" | "cpu" | "sleep" | "io" | "mixed" | "handler" | "command";
  /** mixed: share of the time that is CPU work; the rest is I/O. */
  readonly cpuShare: number;
  /** CPU work that each batch costs once, whatever the kind; microseconds. */
  readonly perBatch: number;
}

/** Rules for the keys of a thread. */
export interface KeyRules {
  /** Messages of one key are handled one after another. */
  readonly ordered: boolean;
  /** Numbers of the keys whose machines are created in advance. */
  readonly prepared: Iterable<number>;
}

const AS_THEY_COME: KeyRules = { ordered: true, prepared: [] };

/** The state machines of one thread and the work of updating them. */
export class MessageProcessor implements Processor {
  readonly instant: boolean;
  readonly yields: boolean;
  readonly openBatch: (() => void) | undefined;
  readonly ordered: boolean;
  readonly limit = Number.POSITIVE_INFINITY;
  private readonly states: (State | undefined)[] = [];
  private readonly spelt: (string | undefined)[] = [];
  private readonly reader: PayloadReader;
  /** Messages of other processes. */
  private readonly messages = new MessageReader();
  /** Cost of reading messages of another thread. */
  private readonly meter = new WireMeter();
  /** Machines in use by a handler, until it ends. */
  private readonly inside = new Map<number, Promise<unknown>>();
  /** Nominal service time; the shares divide it. */
  private readonly demand: number;
  private readonly compute: number;
  private readonly block: number;
  private readonly wait: number;
  /** True when a message costs only its update. */
  private readonly free: boolean;
  /** True when every message has a service time of its own. */
  private readonly varying: boolean;

  constructor(
    cost: WorkCost,
    private readonly effort: Effort,
    private readonly nameOf: (key: number) => string = workerName,
    private readonly handler: Handler | null = null,
    format: WireFormat = "ring",
    { ordered, prepared }: KeyRules = AS_THEY_COME,
  ) {
    this.ordered = ordered;
    for (const key of prepared) {
      while (this.states.length < key) this.states.push(undefined);
      this.states[key] = new Map();
    }
    this.reader = readerFor(format);
    this.demand = cost.time * 1000;
    this.varying = varies(cost);
    this.compute = cost.kind === "cpu" ? 1 : cost.kind === "mixed" ? cost.cpuShare : 0;
    this.block = cost.kind === "sleep" ? 1 : 0;
    this.wait = cost.kind === "io" ? 1 : cost.kind === "mixed" ? 1 - cost.cpuShare : 0;
    const opening = cost.perBatch * 1000;
    this.openBatch = opening > 0 ? () => this.effort.compute(opening) : undefined;
    this.yields = handler === null && this.openBatch === undefined && this.wait === 1 && this.demand > 0;
    this.free = handler === null && (this.demand === 0 || this.compute + this.block + this.wait === 0);
    this.instant = this.free && this.openBatch === undefined;
  }

  process(item: Item): Outcome | Promise<Outcome> {
    if (this.free) return this.update(item);
    if (this.handler !== null) return this.handle(item, this.handler);
    const demand = this.varying ? item.demand : this.demand;
    if (this.compute > 0) this.effort.compute(demand * this.compute);
    if (this.block > 0) this.effort.block(demand);
    if (this.wait > 0) {
      const waiting = this.effort.wait(demand * this.wait);
      if (waiting !== undefined) return waiting.then(() => this.update(item));
    }
    return this.update(item);
  }

  private handle(item: Item, handler: Handler): Outcome | Promise<Outcome> {
    const state = this.machineFor(item.key);
    try {
      const answer = handler(state, this.messageOf(item));
      if (!isThenable(answer)) return null;
      const { key } = item;
      const done: Promise<Outcome> = Promise.resolve(answer)
        .then(() => null, reasonOf)
        .finally(() => {
          // Without order, another handler may have begun meanwhile.
          if (this.inside.get(key) === done) this.inside.delete(key);
        });
      this.inside.set(key, done);
      return done;
    } catch (error) {
      return reasonOf(error);
    }
  }

  /** The state of a key, created where there is none. */
  protected machineFor(key: number): State {
    const known = this.machine(key);
    if (known !== undefined) return known;
    const created: State = new Map();
    this.states[key] = created;
    return created;
  }

  protected messageOf({ key, payload, due }: Item): Message {
    return messageOf(this.spelt[key] ?? this.spell(key), payload as Payload, due / 1e9);
  }

  private spell(key: number): string {
    const name = this.nameOf(key);
    this.spelt[key] = name;
    return name;
  }

  private update(item: Item): Outcome {
    const known = this.machine(item.key);
    if (known !== undefined) return apply(known, item.payload as Payload);
    const created: State = new Map();
    const outcome = apply(created, item.payload as Payload);
    if (outcome === null) this.states[item.key] = created;
    return outcome;
  }

  /** Never reads past the end of the list: a single such read makes the compiler deoptimize this site permanently, at 10 ns a message. */
  private machine(key: number): State | undefined {
    while (key >= this.states.length) this.states.push(undefined);
    return this.states[key];
  }

  decode(words: WordReader, item: Item): void {
    // The name comes with the first message of its key.
    const at = words.at;
    words.low();
    if (words.high === 1) {
      words.at = at;
      this.spelt[item.key] = words.text();
    }
    if (this.varying) item.demand = words.float();
    if (this.meter.due) this.decodeTimed(words, item);
    else item.payload = this.reader.decode(words, item.payload as Payload | null);
  }

  fromJson(json: string, item: Item): void {
    const { name, demand, payload } = this.messages.read(json);
    if (name !== null) this.spelt[item.key] = name;
    item.demand = demand;
    item.payload = payload;
  }

  adopt(key: number, json: string | null): void {
    this.machine(key);
    this.states[key] = json === null ? undefined : parseState(json);
  }

  nameOfKey(key: number): string {
    return this.spelt[key] ?? this.nameOf(key);
  }

  private decodeTimed(words: WordReader, item: Item): void {
    const from = words.at;
    const began = monotonic.now();
    item.payload = this.reader.decode(words, item.payload as Payload | null);
    this.meter.add(began, (words.at - from) * 8);
  }

  stateOf(key: number): string | null | Promise<string | null> {
    const inside = this.inside.get(key);
    if (inside !== undefined) return inside.then(() => this.stateOf(key));
    const state = this.states[key];
    return state === undefined ? null : stateJson(state);
  }

  halt(): void {}

  report(): WorkloadReport {
    return { wire: this.meter.cost };
  }

  names(): string[] {
    const names: string[] = [];
    for (let key = 0; key < this.states.length; key++) if (this.states[key] !== undefined) names.push(this.spelt[key] ?? this.nameOf(key));
    return names;
  }

  state(): StateSlice {
    const entries = Array.from(this.machines(), ([key, state]) => ({ key, json: stateJson(state) }));
    // Messages themselves store JSON only.
    return this.handler === null ? { entries } : { entries, unseen: unseenIn(this.machines()) };
  }

  private *machines(): Generator<readonly [name: string, state: State]> {
    for (let key = 0; key < this.states.length; key++) {
      const state = this.states[key];
      if (state !== undefined) yield [this.spelt[key] ?? this.nameOf(key), state];
    }
  }
}

/** True when service times vary between messages. */
export function varies({ kind, distribution }: Pick<WorkCost, "kind" | "distribution">): boolean {
  return distribution !== "constant" && takesStatedTime(kind);
}
