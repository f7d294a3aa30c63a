import { BEHIND, DELAYED, READY } from "../state.ts";
import { fullError, type NewMessage, type Receipt, type StoreOptions, type Terms } from "../store.ts";
import type { Room } from "./room.ts";
import type { RowOrder } from "./row-order.ts";
import { MOST_GROUPS } from "./schema.ts";
import type { prepare } from "./statements.ts";

/** Adds messages to a file. To be called within a transaction. */
export class NewRows {
  constructor(
    private readonly sql: ReturnType<typeof prepare>,
    private readonly keys: RowOrder,
    private readonly options: StoreOptions,
    private readonly space: Room,
  ) {}

  add(messages: readonly NewMessage[], texts: readonly string[], now: number): Receipt[] {
    const { sql } = this;
    sql.forget.run(now - this.options.rememberMs);
    const groups = sql.groups.all();
    let last = sql.last.get()?.last ?? 0;
    const first = last;
    const receipts: Receipt[] = [];
    for (const [i, message] of messages.entries()) {
      const { idempotencyKey } = message.terms;
      const before = idempotencyKey === null ? null : sql.known.get(idempotencyKey);
      if (before !== null && message.terms.replace === true) for (const { grp } of groups) this.replace(before.id, grp);
      else if (before !== null) {
        receipts.push({ id: before.id, duplicate: true });
        continue;
      }
      last++;
      if (idempotencyKey !== null) sql.remember.run(idempotencyKey, last, now);
      for (const { grp } of groups) this.insert(last, grp, message.terms, texts[i] as string, now);
      receipts.push({ id: last, duplicate: false });
    }
    const added = last - first;
    if (added === 0) return receipts;
    if (added + (sql.fullest.get()?.size ?? 0) > this.options.capacity)
      throw fullError(this.options.capacity, sql.fullest.get()?.name ?? "");
    sql.setLast.run(last);
    sql.growAll.run(added);
    this.space.checkLimit();
    return receipts;
  }

  /** Deletes a message that no handler has begun. */
  private replace(id: number, grp: number): void {
    const row = this.sql.discardUntouched.get(id * MOST_GROUPS + grp);
    if (row === null) return;
    this.sql.shrink.run(1, grp);
    this.keys.promote(grp, row.key);
  }

  private insert(id: number, grp: number, { key, priority, delayMs, idempotencyKey }: Terms, value: string, now: number): void {
    const { agingMs = 0 } = this.options;
    const behind = this.keys.ordered && key !== null && this.sql.firstOf.get(grp, key) !== null;
    const state = behind ? BEHIND : delayMs > 0 ? DELAYED : READY;
    const at = delayMs > 0 ? now + delayMs : 0;
    this.sql.insert.run(
      id * MOST_GROUPS + grp,
      grp,
      state,
      agingMs === 0 ? -priority : now - priority * agingMs,
      at,
      key,
      now,
      idempotencyKey,
      value,
    );
  }
}
