import type { Nanoseconds } from "../../../kernel/clock.ts";
import { Deque } from "../../../kernel/deque.ts";
import type { Item } from "../../../queueing/item.ts";
import type { Piece } from "./streams.ts";

/** What was sent to one partition in one go, kept until a while after its last item was done. */
export interface SentPiece extends Piece {
  readonly lines: string[];
  /** Items that are not done. */
  left: number;
  /** When the last one was. */
  doneAt: Nanoseconds;
}

interface Sent {
  readonly item: Item;
  readonly piece: SentPiece;
}

/** The items of one partition that are in its stream, by their numbers: 1 for the first of all. */
export class PartitionItems {
  /** Items ever sent to it. */
  added = 0;
  private readonly sent = new Deque<Sent | null>();
  /** Number of the first in `sent`. */
  private head = 1;

  push(item: Item, piece: SentPiece): void {
    this.added++;
    this.sent.push({ item, piece });
    piece.left++;
  }

  /** Takes an item out; null: it was taken before, or never sent. `line`: what is to be sent in its place, should it be sent again. */
  take(number: number, now: Nanoseconds, line?: string): Item | null {
    const found = this.sent.at(number - this.head) ?? null;
    if (found === null) return null;
    const { piece, item } = found;
    this.sent.put(number - this.head, null);
    while (this.sent.length > 0 && this.sent.peek() === null) {
      this.sent.shift();
      this.head++;
    }
    if (line !== undefined) piece.lines[number - piece.first] = line;
    if (--piece.left === 0) piece.doneAt = now;
    return item;
  }

  /** The items in order, with their numbers. */
  *items(): Generator<readonly [number: number, item: Item]> {
    let number = this.head;
    for (const sent of this.sent) {
      if (sent !== null) yield [number, sent.item];
      number++;
    }
  }
}
