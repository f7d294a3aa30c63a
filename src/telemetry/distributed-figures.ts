/**
 * Condition of a worker. late: it joined after t = 0, or was silent for a while and came back. lost: silent to the end of the case, or gone
 * before it.
 */
export type HostStatus = "ok" | "late" | "lost";

/** One worker of mode `distributed` over a case. */
export interface HostFigures {
  readonly name: string;
  /** Cores of its machine, and threads that process. */
  readonly cores: number;
  readonly slots: number;
  /** Items that it has committed, failed ones included. */
  readonly processed: number;
  /** Its clock against the runner's: positive where it is ahead. `null`: not compared. */
  readonly clockOffsetMs: number | null;
  /** Bound of the error of that offset: half of the shortest round trips. */
  readonly clockErrorMs: number | null;
  /** Change of the offset from before the case to after it. */
  readonly clockDriftMs: number | null;
  /** Its start after the announced one, in milliseconds; null: it joined later, or did not report it. */
  readonly startSkewMs: number | null;
  /** CPU time of its process during the case; null: unknown. */
  readonly cpuMs: number | null;
  readonly status: HostStatus;
  /** When it gave no sign of life: what it did then may be missing in the series, or stand there later. Absent from older files. */
  readonly silences?: readonly HostSilence[];
}

/** A time without a worker's signs of life, in milliseconds since t = 0; `toMs` null: to the end. */
export interface HostSilence {
  readonly fromMs: number;
  readonly toMs: number | null;
}

/** Streams and clocks of mode `distributed` over a case. */
export interface DistributedFigures {
  /** Product and version of the server, such as `redis 8.0.2`. */
  readonly server: string;
  readonly partitions: number;
  /** Batches committed, and refused since another worker had taken them over. */
  readonly commits: number;
  readonly refused: number;
  /** Batches taken over from a worker that was silent for too long, and the items in these. */
  readonly claims: number;
  readonly redeliveries: number;
  /** Items that were sent again after the server had restarted. */
  readonly resent: number;
  /** Share of a core that the server's main thread used during the case; null: it does not say. */
  readonly serverUse: number | null;
  /** Median round trip of the runner to the server, in milliseconds. */
  readonly roundTripMs: number;
  /** Largest distance of a worker's beginning from the announced start, in milliseconds. */
  readonly startSkewMs: number;
}

/** Present figures of mode `distributed`: levels at a sample, and counts since t = 0. */
export interface DistributedSample {
  /** Items in the streams: sent, and neither committed nor dropped. */
  readonly inStreams: number;
  readonly claims: number;
  readonly redeliveries: number;
  /** Time for which Redis has given no answer; absent from files of earlier versions. */
  readonly silentMs?: number;
  readonly hosts: readonly HostSample[];
  /** Items that ended in the interval and are counted in later ones, which told of them; absent: none so far. */
  readonly late?: LateItemsTold;
  /** In a sample on its way: items counted in it that ended in intervals before, which are marked with them (`addSample`). Absent: none. */
  readonly earlier?: readonly EarlierItems[];
}

/** Items that were told after the sample of their interval, and milliseconds from its end until the last of them was. */
export interface LateItemsTold {
  readonly items: number;
  readonly ms: number;
}

/** `t`: end of the interval in which the items ended. */
export interface EarlierItems extends LateItemsTold {
  readonly t: number;
}

export interface HostSample {
  readonly name: string;
  readonly cores: number;
  readonly slots: number;
  /** Items committed so far. */
  readonly processed: number;
  /** Cores that its process used since its last sign of life; null: unknown. */
  readonly coresUsed: number | null;
  readonly status: HostStatus;
}
