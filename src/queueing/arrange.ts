/** Orders of work within a batch: as the items came, all of one key before the next, or one of each key in turn. */
export const BATCH_ORDERS = ["arrival", "key", "round-robin"] as const;
export type BatchOrder = (typeof BATCH_ORDERS)[number];

/** Reorders a batch in place. Items of one key keep their order, and keys follow the order of their first items. */
export function arrange<T>(items: T[], keyOf: (item: T) => number, order: BatchOrder): void {
  if (order === "arrival" || items.length < 2) return;
  const groups = new Map<number, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  let at = 0;
  if (order === "key") {
    for (const group of groups.values()) for (const item of group) items[at++] = item;
    return;
  }
  for (let round = 0; at < items.length; round++) {
    for (const group of groups.values()) if (round < group.length) items[at++] = group[round] as T;
  }
}
