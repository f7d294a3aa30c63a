import type { Nanoseconds } from "../kernel/clock.ts";
import type { Carriers } from "./carrier.ts";
import { Connection, type ConnectionOwner } from "./connection.ts";

/** Connections that nobody wants any more and that are still being made: of one server, and in all, before others are not begun. */
const PENDING_OF_ONE = 8;
const PENDING = 256;

/** The connections of one thread that nobody uses, kept for whoever asks the same server next. */
export class ConnectionPool implements Carriers, ConnectionOwner {
  /** By the key of their place, used last at the end. */
  private readonly idle = new Map<string, Connection[]>();
  private kept = 0;
  private readonly pending = new Set<Connection>();
  private closed = false;

  constructor(
    private readonly most: number,
    private readonly keepAlive: boolean,
    /** Told of each connection that is made. */
    private readonly onOpened: () => void,
    readonly now: () => Nanoseconds,
  ) {}

  /** A connection that is free, or a new one; `fresh`: a new one. */
  take(key: string, fresh: boolean): Connection {
    const free = fresh ? undefined : this.idle.get(key)?.pop();
    if (free === undefined) return new Connection(key, this, this.keepAlive);
    this.kept--;
    return free;
  }

  /**
   * True when a server had better be asked in another way: so many connections to it, or in all, wait to be made though nobody wants them
   * any more, and another might be one more.
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

  /** Ends all that nobody uses; none is kept from now on. */
  close(): void {
    this.closed = true;
    for (const list of this.idle.values()) for (const connection of list) connection.end();
    this.idle.clear();
    this.kept = 0;
  }

  private listOf(key: string): Connection[] {
    const known = this.idle.get(key);
    if (known !== undefined) return known;
    // Of servers without end, most have none.
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
