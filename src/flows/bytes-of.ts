/** Bytes of an object, an array, a `Map`, beside what it holds; of a number with its place in them. */
const FRAME = 16;
const SCALAR = 8;
/** Values that are looked at in one thing; the rest are taken to be like them. */
const LOOKED_AT = 1000;
/** Members of one list that are looked at, evenly spread. */
const SAMPLED = 200;

/** Memory that a value holds, in bytes, estimated: at most some thousand of its members are looked at. Stops counting above `enough`. */
export function bytesOf(value: unknown, enough = Number.POSITIVE_INFINITY): number {
  return new Estimate(enough).of(value);
}

class Estimate {
  private readonly seen = new Set<object>();
  private left = LOOKED_AT;

  constructor(private readonly enough: number) {}

  of(value: unknown): number {
    this.left--;
    if (typeof value === "string") return FRAME + 2 * value.length;
    if (typeof value !== "object" || value === null) return SCALAR;
    if (this.seen.has(value)) return SCALAR;
    this.seen.add(value);
    if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer || ArrayBuffer.isView(value)) return FRAME + value.byteLength;
    if (value instanceof Blob) return FRAME + value.size;
    try {
      if (Array.isArray(value)) return FRAME + this.ofMany(value.length, (i) => value[i]);
      const members = value instanceof Map ? [...value].flat() : value instanceof Set ? [...value] : Object.entries(value).flat();
      return FRAME + this.ofMany(members.length, (i) => members[i]);
    } catch {
      // A getter or a proxy that throws.
      return FRAME;
    }
  }

  /** Of a long list every n-th member stands for n. */
  private ofMany(count: number, member: (i: number) => unknown): number {
    const step = Math.max(1, Math.ceil(count / SAMPLED));
    let bytes = 0;
    let looked = 0;
    for (let i = 0; i < count && this.left > 0 && bytes * step <= this.enough; i += step, looked++) bytes += this.of(member(i));
    return looked === 0 ? count * SCALAR : (bytes * count) / looked;
  }
}
