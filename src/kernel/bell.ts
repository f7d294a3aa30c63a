/** A thread's wake-up bell in shared memory: a count that other threads increment to end its wait, and whether it waits. */
export type Bell = Int32Array;

/** Indices of the count and of the waiting flag. */
export const RINGS = 0;
export const WAITING = 1;
export const BELL_BYTES = 8;

/** Wakes the thread that owns the bell; costs a system call only when it waits. */
export function ring(bell: Bell): void {
  Atomics.add(bell, RINGS, 1);
  if (Atomics.load(bell, WAITING) === 1) Atomics.notify(bell, RINGS);
}

/** Blocks until the count differs from `seen` or the time is up. */
export function waitForBell(bell: Bell, seen: number, ms: number): void {
  Atomics.store(bell, WAITING, 1);
  Atomics.wait(bell, RINGS, seen, ms);
  Atomics.store(bell, WAITING, 0);
}

export function rings(bell: Bell): number {
  return Atomics.load(bell, RINGS);
}
