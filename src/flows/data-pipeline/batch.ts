import type { Timers } from "../../kernel/timers.ts";
import { callerContext } from "../async-context.ts";
import { checkCount, checkGiven, checkNames, checkSpan } from "../options.ts";
import type { PartStats } from "../part.ts";
import { FlowContext } from "./context.ts";
import { DETACHED, type Node, type Passing, type StageNode } from "./node.ts";

/** When a batch is passed on. */
export interface BatchOptions {
  /** Items of a full batch. */
  readonly size: number;
  /** Longest that the first item of a batch waits for others, in milliseconds. Default: until the batch is full. */
  readonly timeoutMs?: number;
}

/** Gathers items into lists. A list goes on in the async context of its first item. */
export class BatchStage implements StageNode {
  next: Node = DETACHED;
  previous = { makeRoom: () => {} };
  private items: Passing[] = [];
  private overdue = false;
  private cancelTimer: (() => void) | null = null;
  private ending = false;
  private ended = false;
  private in = 0;
  private out = 0;
  private batches = 0;

  constructor(
    private readonly name: string,
    private readonly options: BatchOptions,
    private readonly timers: Timers,
  ) {
    checkNames(options, { size: true, timeoutMs: true }, `${name}, `);
    checkGiven(`${name}, size`, options.size);
    checkCount(`${name}, size`, options.size, 1);
    checkSpan(`${name}, timeoutMs`, options.timeoutMs);
  }

  get hasRoom(): boolean {
    return this.items.length < this.options.size;
  }

  push(item: Passing, now: number): void {
    this.in += item.weight;
    item.caller ??= callerContext();
    this.items.push(item);
    if (this.items.length === 1 && this.options.timeoutMs !== undefined) {
      this.cancelTimer = this.timers.after(this.options.timeoutMs, () => {
        this.overdue = true;
        this.makeRoom();
      });
    }
    if (this.items.length >= this.options.size) this.release(now);
  }

  private release(now: number): void {
    if (!this.next.hasRoom) return;
    const { items } = this;
    this.cancelTimer?.();
    this.cancelTimer = null;
    this.overdue = false;
    this.items = [];
    const caller = items[0]?.caller ?? callerContext();
    const weight = items.reduce((sum, item) => sum + item.weight, 0);
    this.out += weight;
    this.batches++;
    const context = new FlowContext(
      {},
      null,
      items.map((item) => item.context),
      this.timers,
      items[0]?.context.headers,
    );
    const list: Passing = {
      value: items.map(({ value }) => value),
      context,
      caller,
      weight,
      done: false,
      gone: false,
      started: now,
      abandoned: false,
      unwanted: false,
      waiters: items.flatMap((item) => item.waiters),
    };
    caller.runInAsyncScope(this.next.push, this.next, list, now);
  }

  makeRoom(): void {
    const full = this.items.length >= this.options.size;
    if (full || ((this.overdue || this.ending) && this.items.length > 0)) this.release(this.timers.now());
    if (this.hasRoom) this.previous.makeRoom();
    if (this.ending && this.items.length === 0) this.finish();
  }

  end(): void {
    this.ending = true;
    this.makeRoom();
  }

  private finish(): void {
    if (this.ended) return;
    this.ended = true;
    this.next.end();
  }

  abandon(give: (item: Passing) => void): void {
    this.cancelTimer?.();
    for (const item of this.items) give(item);
    this.items = [];
  }

  stats(): PartStats {
    const { name, in: came, out, batches } = this;
    return { name, in: came, out, batches, waiting: this.items.length, meanSize: batches === 0 ? 0 : out / batches };
  }
}
