import { hashOf } from "../../kernel/hash.ts";
import { workerName } from "../../load/keys.ts";

/** The lane of each key, by a hash of its name: a Worker of `parallel`, a partition of `distributed`. */
export class KeyLanes {
  /** One more than the lane of a key; 0: not looked up yet. */
  private readonly known: Int32Array;

  constructor(
    keys: number,
    private readonly lanes: number,
  ) {
    this.known = new Int32Array(lanes > 1 ? keys : 0);
  }

  of(key: number): number {
    if (this.lanes === 1) return 0;
    const known = this.known[key] as number;
    if (known > 0) return known - 1;
    const lane = hashOf(workerName(key)) % this.lanes;
    this.known[key] = lane + 1;
    return lane;
  }
}
