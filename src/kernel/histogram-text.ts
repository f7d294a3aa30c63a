import { deflateSync, inflateSync } from "node:zlib";
import { BUCKETS, bucketOf, middleOf, rank } from "./buckets.ts";
import type { Nanoseconds } from "./clock.ts";
import type { Histogram } from "./histogram.ts";

/**
 * Histograms as text: base64 of HdrHistogram's compressed encoding, version 2 (https://github.com/HdrHistogram/HdrHistogram,
 * AbstractHistogram.encodeIntoCompressedByteBuffer), which its libraries read in every language. The buckets are the same: three
 * significant digits from 1 on.
 */

const COOKIE = 0x1c849313;
const COMPRESSED_COOKIE = 0x1c849314;
const HEADER = 40;
const DIGITS = 3;
/** 2⁴⁶ − 1, the largest value with a bucket of its own. */
const HIGHEST = 70_368_744_177_663n;

/** The counts of a histogram, in nanoseconds. */
export function histogramText({ counts, count, max }: Pick<Histogram, "counts" | "count" | "max">): string {
  const payload = count === 0 ? Buffer.alloc(0) : Buffer.from(runLengths(counts, bucketOf(max)));
  const header = Buffer.alloc(HEADER);
  header.writeInt32BE(COOKIE, 0);
  header.writeInt32BE(payload.length, 4);
  header.writeInt32BE(DIGITS, 12);
  header.writeBigInt64BE(1n, 16);
  header.writeBigInt64BE(HIGHEST, 24);
  header.writeDoubleBE(1, 32);
  const compressed = deflateSync(Buffer.concat([header, payload]));
  const frame = Buffer.alloc(8);
  frame.writeInt32BE(COMPRESSED_COOKIE, 0);
  frame.writeInt32BE(compressed.length, 4);
  return Buffer.concat([frame, compressed]).toString("base64");
}

/** Counts up to a bucket as ZigZag numbers of 7 bits a byte (LEB128); a negative one is a run of that many zeros. */
function runLengths(counts: Uint32Array, last: number): number[] {
  const bytes: number[] = [];
  let zeros = 0;
  const flush = () => {
    if (zeros > 0) pushNumber(bytes, zeros === 1 ? 0 : 2 * zeros - 1);
    zeros = 0;
  };
  for (let i = 0; i <= last; i++) {
    const count = counts[i] ?? 0;
    if (count === 0) zeros++;
    else {
      flush();
      pushNumber(bytes, 2 * count);
    }
  }
  flush();
  return bytes;
}

function pushNumber(bytes: number[], zigzag: number): void {
  let rest = zigzag;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
}

/** Values with their counts, in ascending order, read from such a text. */
export class KeptHistogram {
  private constructor(
    /** Middles of the buckets that hold values. */
    readonly values: readonly Nanoseconds[],
    readonly counts: readonly number[],
    readonly count: number,
  ) {}

  /** null: the text is no histogram of this kind. */
  static read(text: string | undefined): KeptHistogram | null {
    if (text === undefined) return null;
    try {
      const frame = Buffer.from(text, "base64");
      const inner = inflateSync(frame.subarray(8, 8 + frame.readInt32BE(4)));
      if (frame.readInt32BE(0) !== COMPRESSED_COOKIE || inner.readInt32BE(0) !== COOKIE || inner.readInt32BE(12) !== DIGITS) return null;
      return KeptHistogram.ofPayload(inner.subarray(HEADER, HEADER + inner.readInt32BE(4)));
    } catch {
      // Cut off, or no deflated data.
      return null;
    }
  }

  private static ofPayload(payload: Uint8Array): KeptHistogram {
    const [values, counts]: [number[], number[]] = [[], []];
    let bucket = 0;
    for (let at = 0; at < payload.length && bucket < BUCKETS; ) {
      let zigzag = 0;
      let factor = 1;
      let byte: number;
      do {
        byte = payload[at++] ?? 0;
        zigzag += (byte % 128) * factor;
        factor *= 128;
      } while (byte >= 128);
      if (zigzag % 2 === 1) bucket += (zigzag + 1) / 2;
      else {
        if (zigzag > 0) {
          values.push(middleOf(bucket));
          counts.push(zigzag / 2);
        }
        bucket++;
      }
    }
    return new KeptHistogram(
      values,
      counts,
      counts.reduce((sum, one) => sum + one, 0),
    );
  }

  /** The value that at least this share of all do not exceed, and the number of values up to it; of an empty histogram 0. */
  at(share: number): { readonly value: Nanoseconds; readonly total: number } {
    const wanted = rank(share, this.count);
    let total = 0;
    for (const [i, value] of this.values.entries()) {
      total += this.counts[i] ?? 0;
      if (total >= wanted) return { value, total };
    }
    return { value: 0, total: 0 };
  }
}
