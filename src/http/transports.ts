import { monotonic, type Nanoseconds } from "../kernel/clock.ts";
import type { Carriers } from "./carrier.ts";
import { ConnectionPool } from "./connection-pool.ts";
import { type Fetch, FetchTransport } from "./fetch-transport.ts";
import type { FieldLines } from "./field-lines.ts";
import { Http2Pool } from "./http2.ts";
import { OriginCache } from "./origin.ts";
import { HttpParser } from "./parser.ts";
import { SocketTransport } from "./socket-transport.ts";
import { type TlsRule, towardsOthers } from "./tls.ts";
import type { TransportFor } from "./transport.ts";

/** Settings shared by the transports of one thread. */
export interface TransportRule {
  readonly keepAlive: boolean;
  /** Most idle connections. */
  readonly most: number;
  /** Bodies are kept or inspected. */
  readonly looks?: boolean;
  /** Most bytes of a body; absent: no limit. */
  readonly longest?: number | undefined;
  /** The version of HTTP. */
  readonly http?: 1 | 2;
  readonly tls?: TlsRule;
  /** Path of the Unix socket that all requests use. */
  readonly unix?: string | undefined;
  readonly lines?: FieldLines;
}

/** Creates the transports of one thread, and selects one for each address. */
export class Transports {
  private readonly pool: ConnectionPool;
  private readonly http2: Http2Pool | null;
  private readonly origins: OriginCache;
  private readonly foreignOrigins: OriginCache;

  constructor(
    private readonly rule: TransportRule,
    /** Called for each connection opened here. */
    onOpened: () => void = () => {},
    /** Called for each request that `fetch` carries, whose connections are its own. */
    private readonly onFetched: () => void = () => {},
    /** Carries every request, in place of the usual transports. */
    private readonly only: Fetch | null = null,
    clock: () => Nanoseconds = () => monotonic.now(),
  ) {
    this.pool = new ConnectionPool(rule.most, rule.keepAlive, onOpened, clock);
    this.http2 = rule.http === 2 ? new Http2Pool(rule.most, onOpened, clock) : null;
    const { tls, lines, unix } = rule;
    this.origins = new OriginCache(rule.keepAlive, { tls, lines: lines?.all, unix });
    const known = tls?.cert === undefined && tls?.serverName === undefined;
    this.foreignOrigins = new OriginCache(rule.keepAlive, {
      tls: towardsOthers(tls ?? {}),
      lines: lines?.open,
      unix,
      mark: known ? "" : " as a stranger",
    });
  }

  /** Transports for one request at a time. */
  forSlot(): TransportFor {
    if (this.only !== null || (HttpParser === null && this.http2 === null)) {
      const everywhere = this.fetchTransport();
      return () => everywhere;
    }
    if (this.http2 !== null) {
      const shared = this.socketTransport(this.http2);
      return () => shared;
    }
    const plain = this.socketTransport(this.pool);
    let other: FetchTransport | null = null;
    return (url) => {
      if (!this.pool.clogged(url)) return plain;
      other ??= this.fetchTransport();
      return other;
    };
  }

  private socketTransport(carriers: Carriers): SocketTransport {
    const { looks = false, longest = Number.POSITIVE_INFINITY } = this.rule;
    return new SocketTransport(carriers, this.origins, this.foreignOrigins, looks, longest);
  }

  private fetchTransport(): FetchTransport {
    const { keepAlive, lines, tls, unix, longest } = this.rule;
    return new FetchTransport(keepAlive, this.fetch, { lines, tls, unix, longest });
  }

  private readonly fetch: Fetch = (url, init) => {
    this.onFetched();
    return (this.only ?? fetch)(url, init);
  };

  /** Closes idle connections. */
  close(): void {
    this.pool.close();
    this.http2?.close();
  }
}
