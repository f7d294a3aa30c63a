import { closeSync, createReadStream, createWriteStream, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { EXIT, UserError, fileProblem } from "../kernel/problem.ts";
import type { Scenario } from "../scenario/schema.ts";

export interface Spooled {
  readonly scenario: Scenario;
  /** Deletes what was spooled. */
  remove(): void;
}

/**
 * Every mode reads the replayed file from its beginning with blocking reads. Standard input and gzip allow neither, so
 * they are written out plainly to a temporary file first, as a stream.
 */
export async function spoolReplay(scenario: Scenario): Promise<Spooled> {
  const { load } = scenario;
  if (load.executor !== "replay") return { scenario, remove: () => {} };
  const fromStdin = load.file === "-";
  if (!fromStdin && !isGzip(load.file)) return { scenario, remove: () => {} };
  if (fromStdin && process.stdin.isTTY) {
    throw new UserError("load.file: `-` reads messages from standard input, which is a terminal here; pipe a file in");
  }
  const folder = mkdtempSync(join(tmpdir(), "lab-tui-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    let file = join(folder, "replay.ndjson");
    if (fromStdin) await pipeline(process.stdin, createWriteStream(file));
    const packed = fromStdin ? file : load.file;
    if (isGzip(packed)) {
      file = join(folder, "unpacked.ndjson");
      await pipeline(createReadStream(packed), createGunzip(), createWriteStream(file));
    }
    return { scenario: { ...scenario, load: { ...load, file } }, remove };
  } catch (error) {
    remove();
    throw new UserError(`load.file: must be plain NDJSON or whole gzip, got ${JSON.stringify(load.file)}: ${fileProblem(error)}`, EXIT.invalidScenario);
  }
}

function isGzip(file: string): boolean {
  const magic = Buffer.alloc(2);
  try {
    const descriptor = openSync(file, "r");
    readSync(descriptor, magic, 0, 2, 0);
    closeSync(descriptor);
  } catch {
    return false;
  }
  return magic[0] === 0x1f && magic[1] === 0x8b;
}
