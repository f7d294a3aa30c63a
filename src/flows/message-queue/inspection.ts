import { printable } from "../../kernel/text.ts";
import { checkCount, checkFunction, checkId, checkNames, checkOneOf } from "../options.ts";
import type { DeadLetter, QueueStore, StoreAnswer, StoredMessage } from "./store.ts";

/** Which messages of a group to list. */
export interface ListOptions {
  /** Default: the first group of the queue. */
  readonly group?: string;
  /** Default: all states. */
  readonly state?: StoredMessage["state"];
  /** Only messages with a higher id: the last of the page before. */
  readonly after?: number;
  /** Default 100. */
  readonly limit?: number;
}

/** Which messages to delete. */
export interface PurgeOptions<T> {
  /** Default: the first group of the queue. */
  readonly group?: string;
  /** Default: those waiting and delayed. What is at work cannot be purged. */
  readonly state?: "waiting" | "delayed" | "dead";
  /** Only those for which it returns true. */
  readonly where?: (message: StoredMessage<T>) => boolean;
}

/** Which dead letters: all, by their ids, or those for which a function returns true. */
export type Redriven<T> = readonly number[] | "all" | ((letter: DeadLetter<T>) => boolean);

const STATES: readonly StoredMessage["state"][] = ["waiting", "delayed", "working", "dead"];
const PAGE = 500;

/** Lists and deletes messages of a queue. */
export class Inspection<T> {
  constructor(
    private readonly store: QueueStore,
    private readonly attempt: <R>(work: () => StoreAnswer<R>) => Promise<R>,
  ) {}

  async list(group: string, options: ListOptions): Promise<StoredMessage<T>[]> {
    checkNames(options, { group: true, state: true, after: true, limit: true });
    const { state, after = 0, limit = 100 } = options;
    checkOneOf("state", state, STATES);
    checkCount("after", after, 0);
    checkCount("limit", limit, 0);
    const states = state === undefined ? STATES : [state];
    return (await this.attempt(() => this.store.list(group, { states, after, limit }))) as StoredMessage<T>[];
  }

  /** Deletes a message from groups, where it is not at work; true when one of them had it. */
  async cancel(groups: readonly string[], id: number): Promise<boolean> {
    checkId("id", id);
    let found = false;
    for (const group of groups) if ((await this.remove(group, [id])) > 0) found = true;
    return found;
  }

  /** Deletes the messages of a group that match; resolves with their number. */
  async purge(group: string, options: PurgeOptions<T>): Promise<number> {
    checkNames(options, { group: true, state: true, where: true });
    const { state, where = () => true } = options;
    checkOneOf("state", state, ["waiting", "delayed", "dead"]);
    checkFunction("where", where);
    const states = state === undefined ? (["waiting", "delayed"] as const) : [state];
    let count = 0;
    for (let after = 0; ; ) {
      const request = { states, after, limit: PAGE };
      const page = (await this.attempt(() => this.store.list(group, request))) as StoredMessage<T>[];
      const last = page.at(-1);
      if (last === undefined) return count;
      after = last.id;
      count += await this.remove(
        group,
        page.filter(where).map(({ id }) => id),
      );
    }
  }

  /** Makes dead letters of a group available again, those that are chosen; resolves with their number. */
  async redrive(group: string, which: Redriven<T>, now: number): Promise<number> {
    const ids = typeof which === "function" ? await this.matching(group, which) : which;
    if (ids !== "all" && !Array.isArray(ids))
      throw new RangeError(`which: must be "all", a function or a list of ids, got ${printable(String(ids), 100)}`);
    if (ids !== "all") for (const [i, id] of ids.entries()) checkId(`which[${i}]`, id);
    return this.attempt(() => this.store.redrive(group, ids, now));
  }

  private async matching(group: string, matches: (letter: DeadLetter<T>) => boolean): Promise<number[]> {
    const letters = (await this.attempt(() => this.store.deadLetters(group, Number.POSITIVE_INFINITY))) as DeadLetter<T>[];
    return letters.filter(matches).map(({ id }) => id);
  }

  private async remove(group: string, ids: readonly number[]): Promise<number> {
    return ids.length === 0 ? 0 : (await this.attempt(() => this.store.remove(group, ids))).length;
  }
}
