import type { Nanoseconds } from "../../../kernel/clock.ts";
import { Deque } from "../../../kernel/deque.ts";
import type { Item } from "../../../queueing/item.ts";
import type { Piece } from "./streams.ts";

/** What was sent to one partition in one go, kept until a while after its last item was done. */
export interface SentPiece extends Piece {
  count: number;
  text: string;
  /** Numbers of the items that were dropped since. */
  readonly dropped: number[];
  /** Items that are not done. */
  left: number;
  /** When the last one was. */
  doneAt: Nanoseconds;
}

/** A piece as it is sent again: without what was dropped of it. */
export function toSendAgain({ partition, first, count, text, dropped }: SentPiece): Piece {
  if (dropped.length === 0) return { partition, first, count, text };
  const lines = text.split("\n");
  for (const number of dropped) lines[number - first] = "";
  return { partition, first, count, text: lines.join("\n") };
}

/** The items of one partition that are in its stream, by their numbers: 1 for the first of all. */
export class PartitionItems {
  /** Items ever sent to it. */
  added = 0;
  /** The items and what each was sent with; null: it was taken out. Two lists, since one of pairs would be garbage for each item. */
  private readonly sent = new Deque<Item | null>();
  private readonly pieces = new Deque<SentPiece>();
  /** Number of the first. */
  private head = 1;

  /** `line`: the item's text. */
  push(item: Item, piece: SentPiece, line: string): void {
    this.added++;
    piece.count++;
    piece.text += `${line}\n`;
    this.sent.push(item);
    this.pieces.push(piece);
    piece.left++;
  }

  /** Takes an item out; null: it was taken before, or never sent. `dropped`: it is marked as dropped if it is sent again. */
  take(number: number, now: Nanoseconds, dropped = false): Item | null {
    const place = number - this.head;
    const item = this.sent.at(place) ?? null;
    const piece = this.pieces.at(place);
    if (item === null || piece === undefined) return null;
    this.sent.put(place, null);
    while (this.sent.length > 0 && this.sent.peek() === null) {
      this.sent.shift();
      this.pieces.shift();
      this.head++;
    }
    if (dropped) piece.dropped.push(number);
    if (--piece.left === 0) piece.doneAt = now;
    return item;
  }

  /** The items in order, with their numbers. */
  *items(): Generator<readonly [number: number, item: Item]> {
    let number = this.head;
    for (const item of this.sent) {
      if (item !== null) yield [number, item];
      number++;
    }
  }
}
