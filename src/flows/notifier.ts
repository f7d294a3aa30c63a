/** An event that several tasks may await; `notifyAll` resolves all of them. */
export class Notifier {
  private waiting: (() => void)[] = [];

  get awaited(): boolean {
    return this.waiting.length > 0;
  }

  next(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  notifyAll(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** Calls `run` when the signal is aborted. Returns a function that cancels it. */
export function onAbort(signal: AbortSignal | undefined, run: () => void): () => void {
  if (signal === undefined) return () => {};
  signal.addEventListener("abort", run, { once: true });
  return () => signal.removeEventListener("abort", run);
}
