/** Modes of processing. In a file of their own, since the schema is slow to load. */
export const MODES = ["sync", "async", "parallel"] as const;
export type Mode = (typeof MODES)[number];

/** What executors of a mode have in common with others: for those who plan a case, wait for it or judge it. */
export interface ModeTraits {
  /** The source works each item to its end before it takes the next: there is no queue and no batch, and what is due waits with it. */
  readonly holdsSource: boolean;
  /** Source and processors share one event loop, which a batch holds from its first item to its last. */
  readonly taskIsBatch: boolean;
  /** Items are spread over Workers, each with keys and states of its own; the source has its thread for itself. */
  readonly spreads: boolean;
}

export const MODE_TRAITS: Readonly<Record<Mode, ModeTraits>> = {
  sync: { holdsSource: true, taskIsBatch: false, spreads: false },
  async: { holdsSource: false, taskIsBatch: true, spreads: false },
  parallel: { holdsSource: false, taskIsBatch: false, spreads: true },
};
