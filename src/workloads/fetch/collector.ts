/** Requests after which garbage is collected. */
const EVERY = 20_000;

/**
 * Collects garbage every so many requests. What `fetch` answers, and addresses that are handed to other threads, hold memory that the
 * collector does not see, so left alone it lets memory grow with the length of the list.
 */
export class Collector {
  private last = 0;

  /** `threads`: how many of them share the requests. */
  constructor(private readonly threads = 1) {}

  /** Told how many requests there have been so far. */
  after(requests: number): void {
    if (requests - this.last < EVERY / this.threads) return;
    this.last = requests;
    Bun.gc(false);
  }
}
