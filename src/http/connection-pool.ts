import type { Nanoseconds } from "../kernel/clock.ts";
import type { Carriers } from "./carrier.ts";
import { Connection, type ConnectionOwner } from "./connection.ts";

/** Abandoned connections still being opened, per origin and in all, at which no more are opened. */
const PENDING_OF_ONE = 8;
const PENDING = 256;

/** Idle connections of one thread, kept for further requests to the same origin. */
export class ConnectionPool implements Carriers, ConnectionOwner {
  /** By origin key, the last used at the end. */
  private readonly idle = new Map<string, Connection[]>();
  private kept = 0;
  private readonly pending = new Set<Connection>();
  private closed = false;

  constructor(
    private readonly most: number,
    private readonly keepAlive: boolean,
    /** Called for each connection opened. */
    private readonly onOpened: () => void,
    readonly now: () => Nanoseconds,
  ) {}

  /** An idle connection, or a new one; `fresh`: always a new one. */
  take(key: string, fresh: boolean): Connection {
    const free = fresh ? undefined : this.idle.get(key)?.pop();
    if (free === undefined) return new Connection(key, this, this.keepAlive);
    this.kept--;
    return free;
  }

  /**
   * True when so many abandoned connections, to this origin or in all, are still being opened that a request should go another way, rather
   * than add one.
   */
  clogged(url: string): boolean {
    if (this.pending.size < PENDING_OF_ONE) return false;
    const { origin } = new URL(url);
    if ((this.idle.get(origin)?.length ?? 0) > 0) return false;
    if (this.pending.size >= PENDING) return true;
    let here = 0;
    for (const connection of this.pending) if (connection.key.startsWith(origin)) here++;
    return here >= PENDING_OF_ONE;
  }

  keep(connection: Connection): void {
    if (this.closed) {
      connection.end();
      return;
    }
    this.listOf(connection.key).push(connection);
    if (++this.kept > this.most) this.endOldest();
  }

  abandoned(connection: Connection): void {
    this.pending.add(connection);
  }

  connected(connection: Connection): void {
    this.pending.delete(connection);
    this.onOpened();
  }

  forget(connection: Connection): void {
    this.pending.delete(connection);
    const list = this.idle.get(connection.key);
    const at = list?.indexOf(connection) ?? -1;
    if (at < 0) return;
    list?.splice(at, 1);
    this.kept--;
  }

  /** Closes idle connections and keeps none from now on. */
  close(): void {
    this.closed = true;
    for (const list of this.idle.values()) for (const connection of list) connection.end();
    this.idle.clear();
    this.kept = 0;
  }

  private listOf(key: string): Connection[] {
    const known = this.idle.get(key);
    if (known !== undefined) return known;
    // With very many origins, most have none.
    if (this.idle.size > 2 * this.most) for (const [name, { length }] of this.idle) if (length === 0) this.idle.delete(name);
    const list: Connection[] = [];
    this.idle.set(key, list);
    return list;
  }

  private endOldest(): void {
    for (const [origin, list] of this.idle) {
      const oldest = list.shift();
      if (list.length === 0) this.idle.delete(origin);
      if (oldest === undefined) continue;
      oldest.end();
      this.kept--;
      return;
    }
  }
}
