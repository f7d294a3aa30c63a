import { Connection, type Destination, type Keeper, type Listener } from "./connection.ts";

/** The connections of one thread that nobody uses, kept for whoever asks the same server next. */
export class ConnectionPool implements Keeper {
  /** By origin, used last at the end. */
  private readonly idle = new Map<string, Connection[]>();
  private kept = 0;
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
      free.ask(request, listener);
      return free;
    }
    const connection = new Connection(to.origin, this, this.keepAlive);
    this.onOpened();
    connection.open(to, request, listener);
    return connection;
  }

  keep(connection: Connection): void {
    if (this.closed) {
      connection.end();
      return;
    }
    const list = this.idle.get(connection.origin);
    if (list === undefined) this.idle.set(connection.origin, [connection]);
    else list.push(connection);
    if (++this.kept > this.most) this.endOldest();
  }

  forget(connection: Connection): void {
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
    this.kept = 0;
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
