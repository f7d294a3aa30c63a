import type { Nanoseconds } from "../kernel/clock.ts";
import type { Carrier, Carriers } from "./carrier.ts";
import { ASSUMED_STREAMS, Http2Session } from "./http2-session.ts";
import { Stream } from "./http2-stream.ts";
import type { Origin } from "./origin.ts";

/** Servers whose stream limits are remembered. */
const MOST_SERVERS = 1000;

/** HTTP/2 connections of one thread (RFC 9113), each with as many concurrent requests as its server accepts. */
export class Http2Pool implements Carriers {
  private readonly sessions = new Map<string, Http2Session[]>();
  private readonly streams = new Map<string, number>();
  private closed = false;

  constructor(
    /** Most connections to one server. */
    private readonly most: number,
    /** Called for each connection opened. */
    private readonly onOpened: () => void,
    readonly now: () => Nanoseconds,
  ) {}

  take(_key: string, fresh: boolean): Carrier {
    return new Stream(this, fresh);
  }

  /** The connection with the least load, or a new one where all are full. */
  sessionTo(origin: Origin): Http2Session {
    const list = this.sessions.get(origin.key) ?? [];
    this.sessions.set(origin.key, list);
    const [least] = list.filter(({ leaving }) => !leaving).sort((a, b) => a.load - b.load);
    if (least !== undefined && (least.load < 1 || list.length >= this.most)) return least;
    const made = new Http2Session(origin, this);
    list.push(made);
    return made;
  }

  /** Concurrent streams that a server accepts, as last announced. */
  streamsOf(key: string): number {
    return this.streams.get(key) ?? ASSUMED_STREAMS;
  }

  learn(key: string, streams: number): void {
    if (this.streams.size >= MOST_SERVERS) this.streams.clear();
    this.streams.set(key, streams);
  }

  opened(session: Http2Session): void {
    this.onOpened();
    if (this.closed) session.end();
  }

  forget(session: Http2Session): void {
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
