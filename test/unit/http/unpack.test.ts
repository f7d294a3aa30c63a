import { describe, expect, test } from "bun:test";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { BodyWriter } from "../../../src/http/unpack.ts";

/** A body that comes in pieces of so many bytes, and what its sink got. */
async function unpacked(body: Uint8Array, encoding: string | null, size = body.length): Promise<string> {
  const pieces: Buffer[] = [];
  const writer = new BodyWriter({ write: (piece: Uint8Array) => void pieces.push(Buffer.from(piece)) } as never, encoding, () => {});
  for (let at = 0; at < body.length; at += size) writer.add(body.subarray(at, at + size));
  await writer.end();
  return Buffer.concat(pieces).toString();
}

const TEXT = "worker state ".repeat(100);
const PLAIN = Buffer.from(TEXT);

describe("a packed body", () => {
  test.each<[string | null, Uint8Array]>([
    [null, PLAIN],
    ["identity", PLAIN],
    ["gzip", gzipSync(PLAIN)],
    [" X-GZIP ", gzipSync(PLAIN)],
    ["deflate", deflateSync(PLAIN)],
    ["deflate", deflateRawSync(PLAIN)],
    ["br", brotliCompressSync(PLAIN)],
    ["zstd", Bun.zstdCompressSync(PLAIN)],
    ["gzip, br", brotliCompressSync(gzipSync(PLAIN))],
    ["identity, gzip", gzipSync(PLAIN)],
  ])("of coding %p comes out as it was, in one piece or byte by byte", async (encoding, body) => {
    expect(await unpacked(body, encoding)).toBe(TEXT);
    expect(await unpacked(body, encoding, 1)).toBe(TEXT);
  });

  test.each(["gzip", "deflate", "br", "zstd"])("of coding %s that is empty stays so", async (encoding) => {
    expect(await unpacked(new Uint8Array(), encoding)).toBe("");
  });

  test("is undone up to five times, and not where a coding is not known", () => {
    const writer = (encoding: string) => () => new BodyWriter({ write: () => {} } as never, encoding, () => {});
    expect(writer(Array(5).fill("gzip").join(","))).not.toThrow();
    for (const odd of [Array(6).fill("gzip").join(","), "snappy", "gzip, toString"])
      expect(writer(odd)).toThrow("packed in a way that is not known");
  });

  test("that is cut off is told", async () => {
    expect(unpacked(gzipSync(PLAIN).subarray(0, 40), "gzip")).rejects.toThrow();
  });

  test("has its sender pause at 256 KiB that wait, and go on when 64 KiB are left", async () => {
    let room = 0;
    const writer = new BodyWriter({ write: () => {} } as never, "gzip", () => {
      room++;
    });
    // What cannot be compressed comes out as large as it is.
    const noise = new Uint8Array(300_000);
    for (let at = 0; at < noise.length; at += 60_000) crypto.getRandomValues(noise.subarray(at, at + 60_000));
    const packed = gzipSync(noise);
    expect([writer.add(packed.subarray(0, 262_143)), room]).toEqual([true, 0]);
    expect(writer.add(packed.subarray(262_143, 262_144))).toBe(false);
    writer.add(packed.subarray(262_144));
    await writer.end();
    expect(room).toBe(1);
  });

  test("that is abandoned is written no further", async () => {
    let written = 0;
    const writer = new BodyWriter({ write: () => void written++ } as never, "gzip", () => {});
    writer.add(gzipSync(PLAIN).subarray(0, 20));
    writer.abandon();
    await writer.settled;
    expect(written).toBe(0);
  });
});
