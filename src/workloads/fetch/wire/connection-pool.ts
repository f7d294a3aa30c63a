import { Connection, type Destination, type Keeper, type Listener } from "./connection.ts";

/** The connections of one thread that nobody uses, kept for whoever asks the same server next. */
export class ConnectionPool implements Keeper {
  /** By origin, used last at the end. */
  private readonly idle = new Map<string, Connection[]>();
  private kept = 0;
  /** Of those, the ones that are still being made. */
  private readonly pending = new Set<Connection>();
  private closed = false;

  constructor(
    private readonly most: number,
    private readonly keepAlive: boolean,
    /** Told of each connection that is made. */
    private readonly onOpened: () => void,
  ) {}

  /** Asks on a connection that is free, or on a new one. */
  ask(to: Destination, request: string, listener: Listener): Connection {
    const free = this.idle.get(to.origin)?.pop();
    if (free !== undefined) {
      this.kept--;
      this.pending.delete(free);
      free.ask(request, listener);
      return free;
    }
    const connection = new Connection(to.origin, this, this.keepAlive);
    connection.open(to, request, listener);
    return connection;
  }

  keep(connection: Connection): void {
    if (this.closed) {
      connection.end();
      return;
    }
    const list = this.listOf(connection.origin);
    if (connection.connecting) {
      this.pending.add(connection);
      list.unshift(connection);
    } else list.push(connection);
    if (++this.kept > this.most) this.endOldest();
  }

  connected(connection: Connection): void {
    this.pending.delete(connection);
    this.onOpened();
  }

  /** True when as many connections as may be kept wait for servers that do not answer: another would be one more. */
  get clogged(): boolean {
    return this.pending.size >= this.most;
  }

  forget(connection: Connection): void {
    this.pending.delete(connection);
    const list = this.idle.get(connection.origin);
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
    this.pending.clear();
    this.kept = 0;
  }

  private listOf(origin: string): Connection[] {
    const known = this.idle.get(origin);
    if (known !== undefined) return known;
    // Of servers without end, most have none.
    if (this.idle.size > 2 * this.most) for (const [name, { length }] of this.idle) if (length === 0) this.idle.delete(name);
    const list: Connection[] = [];
    this.idle.set(origin, list);
    return list;
  }

  private endOldest(): void {
    for (const [origin, list] of this.idle) {
      const at = list.findIndex(({ connecting }) => !connecting);
      if (at < 0) continue;
      list.splice(at, 1)[0]?.end();
      if (list.length === 0) this.idle.delete(origin);
      this.kept--;
      return;
    }
  }
}
