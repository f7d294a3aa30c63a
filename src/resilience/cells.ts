/** Longest that a thread spins for the lock before it lets another have the core. */
const SPINS = 1000;

/**
 * Numbers that several threads change together, one thread at a time. What is done between `lock` and `unlock` is a few
 * assignments and never waits, so the lock spins; alone on its thread it costs two atomic operations.
 */
export class Cells {
  readonly values: Float64Array;
  private readonly gate: Int32Array;

  constructor(readonly memory: SharedArrayBuffer) {
    this.gate = new Int32Array(memory, 0, 1);
    this.values = new Float64Array(memory, 8);
  }

  static of(count: number): Cells {
    return new Cells(new SharedArrayBuffer(8 + count * 8));
  }

  lock(): void {
    for (let spins = 0; Atomics.compareExchange(this.gate, 0, 0, 1) !== 0; spins++) {
      if (spins > SPINS) Atomics.wait(this.gate, 0, 1, 1);
    }
  }

  unlock(): void {
    Atomics.store(this.gate, 0, 0);
    Atomics.notify(this.gate, 0, 1);
  }
}
