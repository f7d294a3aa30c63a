import type { Nanoseconds } from "../kernel/clock.ts";
import type { Carrier, Carriers } from "./carrier.ts";
import { ASSUMED_STREAMS, Session } from "./http2-session.ts";
import { Stream } from "./http2-stream.ts";
import type { Origin } from "./origin.ts";

/** Servers of which it is remembered. */
const MOST_SERVERS = 1000;

/** The connections of one thread by HTTP/2 (RFC 9113), each with as many requests at once as its server takes. */
export class Http2Pool implements Carriers {
  private readonly sessions = new Map<string, Session[]>();
  private readonly streams = new Map<string, number>();
  private closed = false;

  constructor(
    /** Connections at most to one server. */
    private readonly most: number,
    /** Told of each connection that is made. */
    private readonly onOpened: () => void,
    readonly now: () => Nanoseconds,
  ) {}

  take(_key: string, fresh: boolean): Carrier {
    return new Stream(this, fresh);
  }

  /** The connection with the fewest requests on it, or another one where all have as many as they may. */
  sessionTo(origin: Origin): Session {
    const list = this.sessions.get(origin.key) ?? [];
    this.sessions.set(origin.key, list);
    const [least] = list.filter(({ leaving }) => !leaving).sort((a, b) => a.load - b.load);
    if (least !== undefined && (least.load < 1 || list.length >= this.most)) return least;
    const made = new Session(origin, this);
    list.push(made);
    return made;
  }

  /** How many requests at once a server takes on a connection, as it said last. */
  streamsOf(key: string): number {
    return this.streams.get(key) ?? ASSUMED_STREAMS;
  }

  learn(key: string, streams: number): void {
    if (this.streams.size >= MOST_SERVERS) this.streams.clear();
    this.streams.set(key, streams);
  }

  opened(session: Session): void {
    this.onOpened();
    if (this.closed) session.end();
  }

  forget(session: Session): void {
    const list = this.sessions.get(session.origin.key);
    const at = list?.indexOf(session) ?? -1;
    if (at >= 0) list?.splice(at, 1);
    if (list?.length === 0) this.sessions.delete(session.origin.key);
  }

  close(): void {
    this.closed = true;
    for (const list of [...this.sessions.values()]) for (const session of [...list]) session.end();
  }
}
