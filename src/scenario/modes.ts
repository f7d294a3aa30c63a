/** Modes of processing. In a file of their own, since the schema is slow to load. */
export const MODES = ["sync", "async", "parallel", "distributed"] as const;
export type Mode = (typeof MODES)[number];

/** Modes of a scenario that names none. `distributed` needs a server, so it is run only where it is asked for. */
export const DEFAULT_MODES = ["sync", "async", "parallel"] as const satisfies readonly Mode[];

/** Traits of a mode that matter to planning a case, waiting for it and judging it. */
export interface ModeTraits {
  /** The source finishes each item before it takes the next: there is no queue and no batch, and due items wait in the source. */
  readonly holdsSource: boolean;
  /** Source and processors share one event loop, which a batch holds from its first item to its last. */
  readonly taskIsBatch: boolean;
  /** Items are spread over Workers, each with its own keys and states; the source has a thread of its own. */
  readonly spreads: boolean;
  /** Workers are other processes, on any host, which take items from streams, of messages with their keys; states and streams are in Redis. */
  readonly remote: boolean;
}

export const MODE_TRAITS: Readonly<Record<Mode, ModeTraits>> = {
  sync: { holdsSource: true, taskIsBatch: false, spreads: false, remote: false },
  async: { holdsSource: false, taskIsBatch: true, spreads: false, remote: false },
  parallel: { holdsSource: false, taskIsBatch: false, spreads: true, remote: false },
  distributed: { holdsSource: false, taskIsBatch: false, spreads: true, remote: true },
};
