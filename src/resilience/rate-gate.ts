/**
 * A server's limit of requests per second: each request has a slot in a schedule that moves at the rate, and may come ahead of it by a
 * small tolerance only (generic cell rate algorithm, ITU-T I.371; nginx's limit_req without a burst).
 */
export class RateGate {
  private nextAt = 0;
  private readonly gap: number;
  private readonly tolerance: number;

  constructor(perSecond: number) {
    this.gap = 1000 / perSecond;
    this.tolerance = Math.max(1, 0.3 * this.gap);
  }

  /** True when a request at `now` (milliseconds) is within the limit. */
  admits(now: number): boolean {
    if (now < this.nextAt - this.tolerance) return false;
    this.nextAt = Math.max(now, this.nextAt) + this.gap;
    return true;
  }
}
