import { Random } from "../../kernel/random.ts";
import type { Range } from "../../scenario/scalars.ts";
import { COMPUTE, INCREMENT, makeOp, type Op, Payload, SET } from "./message.ts";

export interface MessageShape {
  readonly updates: Range;
  readonly ops: readonly ("increment" | "set" | "compute")[];
  /** Padding in bytes. */
  readonly size: number;
}

const VARIANTS = 16;
const STATUSES = ["idle", "starting", "busy", "draining", "waiting", "blocked", "done", "lost"] as const;

/**
 * The payloads of generated messages, in tape order. Ops are taken in list order, repeated; each kind keeps to keys of
 * its own, so none can fail. Payloads are made once and shared: there are only 16 for each number of updates.
 */
export class GeneratedPayloads {
  private readonly templates: Payload[] = [];
  private readonly random: Random;
  private readonly spread: number;

  constructor(shape: MessageShape, seed: number) {
    this.random = new Random(seed, "messages");
    this.spread = shape.updates.max - shape.updates.min + 1;
    for (let updates = shape.updates.min; updates <= shape.updates.max; updates++) {
      for (let variant = 0; variant < VARIANTS; variant++) {
        this.templates.push(new Payload(opsOf(shape.ops, updates, variant), shape.size));
      }
    }
  }

  next(): Payload {
    const bits = this.random.bits();
    const updates = Math.floor((bits / 4294967296) * this.spread);
    return this.templates[updates * VARIANTS + (bits & (VARIANTS - 1))] as Payload;
  }
}

function opsOf(kinds: MessageShape["ops"], updates: number, variant: number): Op[] {
  return Array.from({ length: updates }, (_, i) => {
    const kind = kinds[i % kinds.length] ?? "increment";
    const round = Math.floor(i / kinds.length);
    const suffix = round === 0 ? "" : String(round + 1);
    switch (kind) {
      case "increment":
        return makeOp(INCREMENT, `counter${suffix}`, 1);
      case "set":
        return makeOp(SET, `status${suffix}`, STATUSES[variant % STATUSES.length]);
      case "compute":
        return makeOp(COMPUTE, `result${suffix}`, 1 + (variant % 10));
      default:
        return kind satisfies never;
    }
  });
}
