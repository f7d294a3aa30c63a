/** Two places in shared memory: a count that other threads raise to end this thread's wait, and whether it waits. */
export type Bell = Int32Array;

/** Places of the count and of the mark. */
export const RINGS = 0;
export const WAITING = 1;
export const BELL_BYTES = 8;

/** Ends the wait of the thread whose bell it is; costs a system call only when it does wait. */
export function ring(bell: Bell): void {
  Atomics.add(bell, RINGS, 1);
  if (Atomics.load(bell, WAITING) === 1) Atomics.notify(bell, RINGS);
}

/** Blocks until the bell rings beyond `seen` or the time is up. */
export function waitForBell(bell: Bell, seen: number, ms: number): void {
  Atomics.store(bell, WAITING, 1);
  Atomics.wait(bell, RINGS, seen, ms);
  Atomics.store(bell, WAITING, 0);
}

export function rings(bell: Bell): number {
  return Atomics.load(bell, RINGS);
}
