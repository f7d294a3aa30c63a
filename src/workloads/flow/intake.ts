import type { WordWriter } from "../../kernel/word-buffer.ts";
import { workerName } from "../../load/keys.ts";
import type { ServiceTimes } from "../../load/service-times.ts";
import type { Arrival } from "../../load/tape.ts";
import type { Item } from "../../queueing/item.ts";
import type { Rejection } from "../../telemetry/result.ts";
import type { Intake } from "../workload.ts";

/** Turns arrivals into items that consist of a number and a key. */
export class FlowIntake implements Intake {
  readonly rejections: Rejection[] = [];
  readonly anywhere: boolean;

  constructor(
    /** Service time of each item; null where it is the same for all. */
    private readonly serviceTimes: ServiceTimes | null,
    /** Whether items of one key must meet, so that each key has one thread. */
    private readonly ordered: boolean,
  ) {
    this.anywhere = !ordered;
  }

  accept({ key }: Arrival, item: Item): string | null {
    item.key = this.ordered ? key : item.index;
    item.sequence = 0;
    item.payload = key;
    if (this.serviceTimes !== null) item.demand = this.serviceTimes.next();
    return null;
  }

  nameOf(key: number): string {
    return workerName(key);
  }

  keyOf(): null {
    return null;
  }

  shardOf(key: number, count: number): number {
    return key % count;
  }

  encode(item: Item, words: WordWriter): void {
    words.pair(item.payload as number, 0);
    words.float(item.index);
    words.float(item.demand);
  }

  encodedBytes(): number {
    return 24;
  }
}
