import { monotonic, type Nanoseconds } from "../../../kernel/clock.ts";
import { ConnectionPool } from "./connection-pool.ts";
import { type Fetch, FetchWire } from "./fetch-wire.ts";
import type { FieldLines } from "./fields.ts";
import { HttpParser } from "./parser.ts";
import { Places } from "./place.ts";
import { SocketWire } from "./socket-wire.ts";
import { type TlsRule, towardsOthers } from "./tls.ts";
import type { WireFor } from "./wire.ts";

/** What the wires of one thread have in common. */
export interface WireRule {
  readonly keepAlive: boolean;
  /** Connections at most that nobody uses. */
  readonly most: number;
  /** Bodies are to be kept, or looked at. */
  readonly looks?: boolean;
  /** Bytes that a body may have; absent: any number. */
  readonly longest?: number | undefined;
  readonly tls?: TlsRule;
  /** The socket of this machine that all go to. */
  readonly unix?: string | undefined;
  readonly lines?: FieldLines;
}

/** Makes the wires of one thread, and knows which of them goes where. */
export class Wires {
  private readonly pool: ConnectionPool;
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
    if (this.only !== null || HttpParser === null) {
      const everywhere = this.fetchWire();
      return () => everywhere;
    }
    const plain = new SocketWire(
      this.pool,
      this.places,
      this.foreigners,
      this.rule.looks === true,
      this.rule.longest ?? Number.POSITIVE_INFINITY,
    );
    let other: FetchWire | null = null;
    return (url) => {
      if (!this.pool.clogged(url)) return plain;
      other ??= this.fetchWire();
      return other;
    };
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
  }
}
