/** Requests after which garbage is collected. */
const EVERY = 20_000;

/**
 * Collects garbage after every `EVERY` requests. Responses of `fetch`, and addresses passed to other threads, hold memory that the
 * collector does not see; left alone it lets memory grow with the length of the list.
 */
export class Collector {
  private last = 0;

  /** `threads`: number of threads that share the requests. */
  constructor(private readonly threads = 1) {}

  /** To be called with the number of requests so far. */
  after(requests: number): void {
    if (requests - this.last < EVERY / this.threads) return;
    this.last = requests;
    Bun.gc(false);
  }
}
