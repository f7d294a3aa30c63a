import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monotonic } from "../../kernel/clock.ts";
import { WordReader, WordWriter } from "../../kernel/word-buffer.ts";
import type { WireFormat } from "../../scenario/schema.ts";
import { Dictionary } from "./codec.ts";
import { GeneratedPayloads, type MessageShape } from "./generated.ts";
import { readerFor, writerFor } from "./wire.ts";

const MESSAGES = 20_000;
const ROUNDS = 3;

/**
 * Nanoseconds of a message to disk and back in a format, encoding included: the best of a few rounds of as many messages, with the file in
 * the page cache.
 */
export function probeDisk(
  format: WireFormat,
  shape: MessageShape,
  seed: number,
  count = MESSAGES,
): { readonly writeNs: number; readonly readNs: number } {
  const folder = mkdtempSync(join(tmpdir(), "lab-tui-"));
  try {
    const rounds = Array.from({ length: ROUNDS }, () => probeOnce(join(folder, "messages"), format, shape, seed, count));
    return { writeNs: Math.min(...rounds.map(({ writeNs }) => writeNs)), readNs: Math.min(...rounds.map(({ readNs }) => readNs)) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function probeOnce(file: string, format: WireFormat, shape: MessageShape, seed: number, count: number) {
  const payloads = new GeneratedPayloads(shape, seed);
  const messages = Array.from({ length: count }, () => payloads.next());
  const writer = writerFor(format, new Dictionary());
  const room = messages.reduce((most, payload) => Math.max(most, writer.most(payload)), 0);
  const words = new WordWriter(new ArrayBuffer(count * (room + 16)));
  const began = monotonic.now();
  for (const payload of messages) writer.encode(payload, words);
  writeFileSync(file, words.written);
  const written = monotonic.now();
  const bytes = readFileSync(file);
  const reader = readerFor(format);
  const back = new WordReader(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let used = null;
  for (let i = 0; i < count; i++) used = reader.decode(back, used);
  const read = monotonic.now();
  return { writeNs: (written - began) / count, readNs: (read - written) / count };
}
