/** Something several may wait for; each time it comes, all who wait are told. */
export class Moment {
  private waiting: (() => void)[] = [];

  get awaited(): boolean {
    return this.waiting.length > 0;
  }

  next(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  come(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** Has something done when the signal is aborted; what it gives calls that off. */
export function onAbort(signal: AbortSignal | undefined, run: () => void): () => void {
  if (signal === undefined) return () => {};
  signal.addEventListener("abort", run, { once: true });
  return () => signal.removeEventListener("abort", run);
}
