import type { Nanoseconds } from "../../../kernel/clock.ts";
import type { WordReader, WordWriter } from "../../../kernel/word-buffer.ts";
import type { Item } from "../../../queueing/item.ts";

/**
 * Encoding of an item's key, sequence number and instants, before its payload:
 *
 *     head  (key | SHARED, sequence) [due, taken, dequeued]
 *
 * Consecutive items with equal instants have them once, with the first.
 */

/** Flag on the key: the instants are those of the previous item in the frame. */
const SHARED = 0x80000000;

/** Most words of a head. */
export const HEAD_WORDS = 4;

class LastInstants {
  protected due: Nanoseconds = 0;
  protected taken: Nanoseconds = 0;
  protected dequeued: Nanoseconds = 0;
}

export class ItemFrameWriter extends LastInstants {
  private first = true;

  /** Begins a frame: its first head has its own instants. */
  begin(): void {
    this.first = true;
  }

  write(item: Item, words: WordWriter): void {
    const { due, taken, dequeued } = item;
    if (!this.first && due === this.due && taken === this.taken && dequeued === this.dequeued) {
      words.pair(item.key + SHARED, item.sequence);
      return;
    }
    words.pair(item.key, item.sequence);
    words.float(due);
    words.float(taken);
    words.float(dequeued);
    this.first = false;
    this.due = due;
    this.taken = taken;
    this.dequeued = dequeued;
  }
}

export class ItemFrameReader extends LastInstants {
  read(words: WordReader, item: Item): void {
    const low = words.low();
    item.sequence = words.high;
    if (low < SHARED) {
      item.key = low;
      this.due = words.float();
      this.taken = words.float();
      this.dequeued = words.float();
    } else {
      item.key = low - SHARED;
    }
    item.due = this.due;
    item.taken = this.taken;
    item.dequeued = this.dequeued;
  }
}
