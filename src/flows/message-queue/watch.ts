import type { Timers } from "../../kernel/timers.ts";
import { Stopped } from "../failures.ts";
import { onAbort } from "../notifier.ts";
import { checkId, checkNames, checkSignal, checkText, type OptionNames } from "../options.ts";
import type { QueueStore, TaskState } from "./store.ts";

/** Options of waiting for messages. */
export interface WaitOptions {
  /** Default: all groups. */
  readonly group?: string;
  /** Aborted: the wait rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export const WAIT_NAMES: OptionNames<WaitOptions> = { group: true, signal: true };

/** A caller who waits for something to come true. */
interface Waiter {
  /** The message it waits for; null: all of them. */
  readonly id: number | null;
  /** Looks, and settles the wait when it is over. */
  look(): Promise<void>;
  reject(error: unknown): void;
}

/** Most waiters for which the store is asked per millisecond. */
const LOOKS_PER_MS = 20;

/** Callers that wait for messages to be settled: notified by consumers of this process, and by polling a store that others use, too. */
export class Watch {
  private readonly waiters = new Set<Waiter>();
  private readonly ofMessage = new Map<number, Set<Waiter>>();
  private cancelLook: (() => void) | null = null;

  constructor(
    private readonly store: QueueStore,
    private readonly timers: Timers,
    private readonly pollMs: number,
  ) {}

  /** Resolves once a message has left the group that the options name, or all: `done`, or `dead` where one of them gave it up. */
  async settled(id: number, all: readonly string[], options: WaitOptions): Promise<"done" | "dead"> {
    checkId("id", id);
    const groups = groupsOf(options, all);
    return this.until(id, options.signal, () => this.endOf(id, groups));
  }

  /** How a message has left all the groups; null: it is in one of them. */
  async endOf(id: number, groups: readonly string[]): Promise<"done" | "dead" | null> {
    const states: TaskState[] = [];
    for (const group of groups) states.push(await this.store.stateOf(group, id));
    if (states.includes("unknown")) throw new RangeError(`id: there is no message ${id}`);
    if (states.some((state) => state !== "done" && state !== "dead")) return null;
    return states.includes("dead") ? "dead" : "done";
  }

  /** Resolves once the group that the options name, or all, hold no message but dead letters. */
  async drained(all: readonly string[], options: WaitOptions): Promise<void> {
    const groups = groupsOf(options, all);
    await this.until(null, options.signal, async () => {
      for (const group of groups) if ((await this.store.unsettled(group)) > 0) return null;
      return true;
    });
  }

  /** To be called when messages have left their group. */
  left(...lists: readonly (readonly { readonly id: number }[])[]): void {
    if (this.waiters.size === 0) return;
    for (const list of lists) this.told(list);
    for (const waiter of this.waiters) if (waiter.id === null) void waiter.look();
  }

  /** To be called when something has become known of messages. */
  told(list: readonly { readonly id: number }[]): void {
    for (const { id } of list) for (const waiter of this.ofMessage.get(id) ?? []) void waiter.look();
  }

  /** Ends all waits. */
  stop(reason: string): void {
    for (const waiter of [...this.waiters]) waiter.reject(new Stopped(reason));
  }

  /** Asks when something has become of the message, of any message for null, until there is an answer. */
  until<R>(id: number | null, signal: AbortSignal | undefined, ask: () => Promise<R | null>): Promise<R> {
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    let [looking, again] = [false, false];
    const waiter: Waiter = {
      id,
      reject,
      look: async () => {
        again = looking;
        if (looking) return;
        looking = true;
        try {
          const found = await ask();
          if (found !== null) resolve(found);
        } catch (error) {
          reject(error);
        }
        looking = false;
        if (again) await waiter.look();
      },
    };
    const forget = onAbort(signal, () => reject(signal?.reason));
    this.add(waiter);
    void waiter.look();
    return promise.finally(() => {
      forget();
      this.delete(waiter);
    });
  }

  private add(waiter: Waiter): void {
    this.waiters.add(waiter);
    if (waiter.id !== null) this.ofMessage.set(waiter.id, (this.ofMessage.get(waiter.id) ?? new Set()).add(waiter));
    this.lookLater();
  }

  private delete(waiter: Waiter): void {
    this.waiters.delete(waiter);
    const others = waiter.id === null ? undefined : this.ofMessage.get(waiter.id);
    others?.delete(waiter);
    if (others?.size === 0) this.ofMessage.delete(waiter.id as number);
    if (this.waiters.size > 0) return;
    this.cancelLook?.();
    this.cancelLook = null;
  }

  /** Polls a store that other processes settle messages in, too: they send no notice. */
  private lookLater(): void {
    if (!this.store.shared || this.cancelLook !== null) return;
    this.cancelLook = this.timers.after(Math.max(this.pollMs, this.waiters.size / LOOKS_PER_MS), () => {
      this.cancelLook = null;
      for (const waiter of this.waiters) void waiter.look();
      if (this.waiters.size > 0) this.lookLater();
    });
  }
}

function groupsOf(options: WaitOptions, all: readonly string[]): readonly string[] {
  checkNames(options, WAIT_NAMES);
  checkText("group", options.group);
  checkSignal(options.signal);
  return options.group === undefined ? all : [options.group];
}
