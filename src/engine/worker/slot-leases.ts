/**
 * The leases of one slot, in memory that it shares with the worker's main thread, which prolongs them while the slot computes. For each
 * place: partition and number of the token, then when it was taken (milliseconds of the monotonic clock; 0: there is none).
 */

const FIELDS = 3;

export function leaseMemory(places: number): SharedArrayBuffer {
  return new SharedArrayBuffer(places * FIELDS * 8);
}

/** The token of a lease; the same on both sides. */
export function tokenOf(slot: string, number: number): string {
  return `${slot}.${number}`;
}

export class SlotLeases {
  private readonly fields: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.fields = new Float64Array(memory);
  }

  hold(place: number, partition: number, token: number, nowMs: number): void {
    const at = place * FIELDS;
    this.fields[at] = partition;
    this.fields[at + 1] = token;
    this.fields[at + 2] = nowMs;
  }

  release(place: number): void {
    this.fields[place * FIELDS + 2] = 0;
  }

  /** SlotLeases taken at least `ageMs` ago. */
  olderThan(ageMs: number, nowMs: number): { readonly partition: number; readonly token: number }[] {
    const old: { partition: number; token: number }[] = [];
    for (let at = 0; at < this.fields.length; at += FIELDS) {
      const since = this.fields[at + 2] as number;
      if (since > 0 && nowMs - since >= ageMs) old.push({ partition: this.fields[at] as number, token: this.fields[at + 1] as number });
    }
    return old;
  }
}
