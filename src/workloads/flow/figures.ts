import type { Part } from "../../flows/index.ts";
import { cutTo } from "../../kernel/text.ts";
import type { FlowPartFigures, FlowStats } from "../../telemetry/flow-figures.ts";
import type { FlowPartSample } from "../../telemetry/sample.ts";
import { BRIEF, writePartSummary } from "./brief.ts";

/** Most parts with live figures. */
const MOST_PARTS = 32;
const NUMBERS = MOST_PARTS * BRIEF.length;
/** Bytes for the names of the parts, as JSON. */
const NAME_BYTES = 4096;

/** One thread's figures of its flow's parts in shared memory: names once, figures periodically. */
export class FlowBoard {
  private readonly numbers: Float64Array;
  private readonly length: Int32Array;
  private readonly names: Uint8Array;

  constructor(readonly memory: SharedArrayBuffer = FlowBoard.memory()) {
    this.numbers = new Float64Array(memory, 0, NUMBERS);
    this.length = new Int32Array(memory, NUMBERS * 8, 2);
    this.names = new Uint8Array(memory, NUMBERS * 8 + 8, NAME_BYTES);
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(NUMBERS * 8 + 8 + NAME_BYTES);
  }

  name(parts: readonly Part[]): void {
    const text = JSON.stringify(parts.slice(0, MOST_PARTS).map(({ name }) => cutTo(name, 40)));
    const bytes = new TextEncoder().encode(text);
    if (bytes.length > NAME_BYTES) return;
    this.names.set(bytes);
    Atomics.store(this.length, 0, bytes.length);
  }

  show(parts: readonly Part[]): void {
    for (const [i, part] of parts.slice(0, MOST_PARTS).entries()) writePartSummary(part, this.numbers, i * BRIEF.length);
  }

  read(): FlowPartSample[] {
    const length = Atomics.load(this.length, 0);
    if (length === 0) return [];
    const names = JSON.parse(new TextDecoder().decode(this.names.slice(0, length))) as string[];
    return names.map((name, i) => {
      const figure = (at: number) => this.numbers[i * BRIEF.length + at] ?? 0;
      return {
        name,
        handled: figure(0),
        failed: figure(1),
        retried: figure(2),
        dropped: figure(3),
        waiting: figure(4),
        inFlight: figure(5),
      };
    });
  }
}

/** Sums samples of several threads, part by part. */
export function addSamples(threads: readonly (readonly FlowPartSample[])[]): FlowPartSample[] {
  const sums = new Map<string, FlowPartSample>();
  for (const part of threads.flat()) {
    const sum = sums.get(part.name);
    if (sum === undefined) sums.set(part.name, part);
    else
      sums.set(part.name, {
        name: part.name,
        ...Object.fromEntries(BRIEF.map((figure) => [figure, sum[figure] + part[figure]])),
      } as FlowPartSample);
  }
  return [...sums.values()];
}

/** Merges the parts of all threads: counts are summed; of times (figures in `Ms`) the largest is kept. */
export function mergeParts(threads: readonly (readonly FlowPartFigures[])[]): Record<string, { kind: string } & FlowStats> {
  const merged: Record<string, { kind: string } & FlowStats> = {};
  for (const { name, kind, stats } of threads.flat()) {
    const known = merged[name];
    merged[name] = { kind, ...(known === undefined ? stats : (mergeStats(known, stats) as FlowStats)) };
  }
  return merged;
}

function mergeStats(a: unknown, b: unknown, figure = ""): unknown {
  if (typeof a === "number" && typeof b === "number") return /(Ms|Size)$/.test(figure) ? Math.max(a, b) : a + b;
  if (Array.isArray(a) && Array.isArray(b)) return a.map((member, i) => (i < b.length ? mergeStats(member, b[i]) : member));
  if (typeof a !== "object" || a === null || typeof b !== "object" || b === null) return a ?? b;
  const both = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries([...both].map((key) => [key, mergeStats((a as FlowStats)[key], (b as FlowStats)[key], key)]));
}
