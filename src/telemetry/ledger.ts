/** Outcomes of all scheduled items. None is unaccounted for: scheduled = the sum of the rest. */
export interface Ledger {
  readonly scheduled: number;
  readonly processed: number;
  readonly failed: number;
  readonly rejected: number;
  readonly dropped: { readonly newest: number; readonly oldest: number };
  readonly unfinished: number;
}

export const EMPTY_LEDGER: Ledger = {
  scheduled: 0,
  processed: 0,
  failed: 0,
  rejected: 0,
  dropped: { newest: 0, oldest: 0 },
  unfinished: 0,
};

/** Scheduled minus the sum of the rest: 0 when the ledger balances. */
export function imbalance(ledger: Ledger): number {
  const { scheduled, processed, failed, rejected, unfinished } = ledger;
  return scheduled - (processed + failed + rejected + droppedTotal(ledger) + unfinished);
}

export function droppedTotal(ledger: Ledger): number {
  return ledger.dropped.newest + ledger.dropped.oldest;
}
