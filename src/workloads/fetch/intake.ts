import type { WordWriter } from "../../kernel/word-buffer.ts";
import type { Arrival } from "../../load/tape.ts";
import type { Item } from "../../queueing/item.ts";
import type { Rejection } from "../../telemetry/result.ts";
import type { Intake } from "../workload.ts";
import type { Targets } from "./targets.ts";

const KEPT_REJECTIONS = 100;

/** Turns arrivals into requests: the n-th arrival is the n-th address of the list. */
export class FetchIntake implements Intake {
  readonly rejections: Rejection[] = [];
  readonly anywhere = true;

  constructor(private readonly targets: Targets) {}

  accept(_: Arrival, item: Item): string | null {
    const { url, line, problem } = this.targets.next();
    // Requests need no order, so each has a key of its own.
    item.key = item.index;
    item.sequence = 0;
    if (problem === null) {
      item.payload = url;
      return null;
    }
    if (this.rejections.length < KEPT_REJECTIONS) this.rejections.push({ line, reason: problem });
    return problem;
  }

  nameOf(key: number): string {
    return String(key);
  }

  keyOf(): null {
    return null;
  }

  shardOf(key: number, count: number): number {
    return key % count;
  }

  encode(item: Item, words: WordWriter): void {
    words.text(item.payload as string);
  }

  toJson(item: Item): string {
    return JSON.stringify(item.payload);
  }

  encodedBytes(item: Item): number {
    return 16 + (item.payload as string).length * 3;
  }
}
