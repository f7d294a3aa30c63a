/** Spins for the lock before the thread yields its core. */
const SPINS = 1000;

/**
 * Numbers in shared memory that several threads change under a spin lock. Between `lock` and `unlock` there are only a few assignments and
 * no wait; without contention the lock costs two atomic operations.
 */
export class SharedCells {
  readonly values: Float64Array;
  private readonly gate: Int32Array;

  constructor(readonly memory: SharedArrayBuffer) {
    this.gate = new Int32Array(memory, 0, 1);
    this.values = new Float64Array(memory, 8);
  }

  static of(count: number): SharedCells {
    return new SharedCells(new SharedArrayBuffer(8 + count * 8));
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
