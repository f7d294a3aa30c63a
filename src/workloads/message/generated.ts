import { Random } from "../../kernel/random.ts";
import type { Bounds } from "../../scenario/scalars.ts";
import { COMPUTE, INCREMENT, makeOp, type Op, Payload, SET } from "./message.ts";

export interface MessageShape {
  readonly updates: Bounds;
  readonly ops: readonly ("increment" | "set" | "compute")[];
  /** Padding in bytes. */
  readonly size: number;
}

const VARIANT_BITS = 4;
const VARIANTS = 1 << VARIANT_BITS;
/** Variants drawn from 32 random bits. */
const PER_DRAW = 32 / VARIANT_BITS;
const STATUSES = ["idle", "starting", "busy", "draining", "waiting", "blocked", "done", "lost"] as const;

/**
 * The payloads of generated messages, in tape order. Ops are taken in list order, repeated; each kind keeps to keys of its own, so none can
 * fail. Payloads are made once and shared: there are only 16 for each number of updates.
 */
export class GeneratedPayloads {
  private readonly templates: Payload[] = [];
  private readonly random: Random;
  private readonly spread: number;
  private drawn = 0;
  private left = 0;

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
    if (this.left === 0) {
      this.drawn = this.random.bits() | 0;
      this.left = PER_DRAW;
    }
    this.left--;
    const variant = this.drawn & (VARIANTS - 1);
    this.drawn >>>= VARIANT_BITS;
    const updates = this.spread === 1 ? 0 : this.random.below(this.spread);
    return this.templates[updates * VARIANTS + variant] as Payload;
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
