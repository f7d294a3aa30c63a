import { monotonic, type Nanoseconds } from "../kernel/clock.ts";
import type { Carriers } from "./carrier.ts";
import { ConnectionPool } from "./connection-pool.ts";
import { type Fetch, FetchWire } from "./fetch-transport.ts";
import type { FieldLines } from "./field-lines.ts";
import { Http2Pool } from "./http2.ts";
import { Places } from "./origin.ts";
import { HttpParser } from "./parser.ts";
import { SocketWire } from "./socket-transport.ts";
import { type TlsRule, towardsOthers } from "./tls.ts";
import type { WireFor } from "./transport.ts";

/** What the wires of one thread have in common. */
export interface WireRule {
  readonly keepAlive: boolean;
  /** Connections at most that nobody uses. */
  readonly most: number;
  /** Bodies are to be kept, or looked at. */
  readonly looks?: boolean;
  /** Bytes that a body may have; absent: any number. */
  readonly longest?: number | undefined;
  /** The version of HTTP. */
  readonly http?: 1 | 2;
  readonly tls?: TlsRule;
  /** The socket of this machine that all go to. */
  readonly unix?: string | undefined;
  readonly lines?: FieldLines;
}

/** Makes the wires of one thread, and knows which of them goes where. */
export class Wires {
  private readonly pool: ConnectionPool;
  private readonly http2: Http2Pool | null;
  private readonly places: Places;
  private readonly foreigners: Places;

  constructor(
    private readonly rule: WireRule,
    /** Told of each connection that is made here. */
    onOpened: () => void = () => {},
    /** Told of each request that `fetch` carries, whose connections are its own affair. */
    private readonly onFetched: () => void = () => {},
    /** Carries every request, instead of what would otherwise. */
    private readonly only: Fetch | null = null,
    clock: () => Nanoseconds = () => monotonic.now(),
  ) {
    this.pool = new ConnectionPool(rule.most, rule.keepAlive, onOpened, clock);
    this.http2 = rule.http === 2 ? new Http2Pool(rule.most, onOpened, clock) : null;
    const { tls, lines, unix } = rule;
    this.places = new Places(rule.keepAlive, { tls, lines: lines?.all, unix });
    const known = tls?.cert === undefined && tls?.serverName === undefined;
    this.foreigners = new Places(rule.keepAlive, {
      tls: towardsOthers(tls ?? {}),
      lines: lines?.open,
      unix,
      mark: known ? "" : " as a stranger",
    });
  }

  /** Wires for one request at a time. */
  pair(): WireFor {
    if (this.only !== null || (HttpParser === null && this.http2 === null)) {
      const everywhere = this.fetchWire();
      return () => everywhere;
    }
    if (this.http2 !== null) {
      const shared = this.socketWire(this.http2);
      return () => shared;
    }
    const plain = this.socketWire(this.pool);
    let other: FetchWire | null = null;
    return (url) => {
      if (!this.pool.clogged(url)) return plain;
      other ??= this.fetchWire();
      return other;
    };
  }

  private socketWire(carriers: Carriers): SocketWire {
    const { looks = false, longest = Number.POSITIVE_INFINITY } = this.rule;
    return new SocketWire(carriers, this.places, this.foreigners, looks, longest);
  }

  private fetchWire(): FetchWire {
    const { keepAlive, lines, tls, unix, longest } = this.rule;
    return new FetchWire(keepAlive, this.fetch, { lines, tls, unix, longest });
  }

  private readonly fetch: Fetch = (url, init) => {
    this.onFetched();
    return (this.only ?? fetch)(url, init);
  };

  /** Ends what nobody uses. */
  close(): void {
    this.pool.close();
    this.http2?.close();
  }
}
