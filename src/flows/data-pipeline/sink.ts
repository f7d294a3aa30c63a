import { isThenable, promiseOf } from "../../kernel/promises.ts";
import type { Timers } from "../../kernel/timers.ts";
import type { Channel } from "../channel.ts";
import type { FlowContext } from "./context.ts";
import type { ItemOutcomes, Node, Passing } from "./node.ts";

/** The end of a pipeline: results to be read, or a function that takes them one by one. */
export class Sink implements Node {
  previous = { makeRoom: () => {} };
  take: ((value: unknown, context: FlowContext) => unknown) | null = null;
  private busy: Passing | null = null;
  private busySince = 0;
  /** The function is running: what it feeds to its own pipeline comes after the current item. */
  private taking = false;
  private refused = false;
  private waiting = false;
  private ending = false;

  constructor(
    private readonly outcomes: ItemOutcomes,
    private readonly channel: Channel<unknown>,
    private readonly timers: Timers,
    /** Whether anybody has asked for the output. */
    private readonly isRead: () => boolean,
    private readonly onEnded: () => void,
  ) {}

  get hasRoom(): boolean {
    if (this.take !== null) {
      this.refused ||= this.taking;
      return this.busy === null && !this.taking;
    }
    if (this.channel.hasRoom) return true;
    if (!this.waiting) {
      this.waiting = true;
      this.busySince = this.timers.now();
      void this.channel.room().then(() => {
        this.waiting = false;
        this.previous.makeRoom();
      });
    }
    return false;
  }

  push(item: Passing): void {
    if (item.unwanted) {
      this.outcomes.dismissed(item);
      return;
    }
    if (this.take === null) {
      // Unless somebody reads the output, what a caller waits for goes to that caller alone.
      if (this.isRead() || item.waiters.length === 0) this.channel.offer(item.value);
      this.outcomes.delivered(item);
      return;
    }
    let answer: unknown;
    try {
      answer = this.call(this.take, item);
    } catch (error) {
      this.outcomes.failed(item, "output", error);
      this.callBack();
      return;
    }
    if (!isThenable(answer)) {
      this.outcomes.delivered(item);
      this.callBack();
      return;
    }
    this.refused = false;
    this.busy = item;
    this.busySince = this.timers.now();
    const free = () => {
      this.busy = null;
      this.previous.makeRoom();
      this.endIfFree();
    };
    promiseOf(answer).then(
      () => {
        if (!item.abandoned) this.outcomes.delivered(item);
        free();
      },
      (error: unknown) => {
        if (!item.abandoned) this.outcomes.failed(item, "output", error);
        free();
      },
    );
  }

  private call(take: NonNullable<Sink["take"]>, { value, context }: Passing): unknown {
    this.taking = true;
    try {
      return take(value, context);
    } finally {
      this.taking = false;
    }
  }

  /** Announces room that opened while the function ran. */
  private callBack(): void {
    if (this.refused) {
      this.refused = false;
      this.previous.makeRoom();
    }
    this.endIfFree();
  }

  stats(): { readonly name: string; readonly oldestMs: number | null } {
    return { name: "the output", oldestMs: this.busy === null && !this.waiting ? null : this.timers.now() - this.busySince };
  }

  end(): void {
    this.ending = true;
    this.endIfFree();
  }

  private endIfFree(): void {
    if (!this.ending || this.busy !== null || this.taking) return;
    this.channel.close();
    this.onEnded();
  }

  abandon(give: (item: Passing) => void): void {
    if (this.busy !== null) give(this.busy);
    this.busy = null;
  }
}
