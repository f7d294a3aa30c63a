/** Slope of the least-squares line through points. */
export class Slope {
  private n = 0;
  private meanX = 0;
  private meanY = 0;
  private xx = 0;
  private xy = 0;

  add(x: number, y: number): void {
    this.n++;
    const dx = x - this.meanX;
    this.meanX += dx / this.n;
    this.meanY += (y - this.meanY) / this.n;
    this.xx += dx * (x - this.meanX);
    this.xy += dx * (y - this.meanY);
  }

  get value(): number {
    return this.xx > 0 ? this.xy / this.xx : 0;
  }
}
