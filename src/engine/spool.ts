import { closeSync, createReadStream, createWriteStream, mkdtempSync, openSync, readSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { fileProblem, InvalidScenario, UserError } from "../kernel/problem.ts";
import { quoted } from "../kernel/text.ts";
import type { NamedScenario } from "../plan/plan.ts";
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
export async function spoolReplay({ scenario, file: source }: NamedScenario, stopped: AbortSignal): Promise<Spooled> {
  const { load } = scenario;
  if (load.executor !== "replay") return { scenario, remove: () => {} };
  const fromStdin = load.file === "-";
  const fromPipe = !fromStdin && statSync(load.file).isFIFO();
  if (!fromStdin && !fromPipe && !isGzip(load.file)) return { scenario, remove: () => {} };
  if (fromStdin && process.stdin.isTTY) {
    throw new UserError("load.file: `-` reads messages from standard input, which is a terminal here; pipe a file in");
  }
  let folder = "";
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    folder = mkdtempSync(join(tmpdir(), "lab-tui-"));
    let file = join(folder, "replay.ndjson");
    if (fromStdin) await pipeline(process.stdin, createWriteStream(file), { signal: stopped });
    if (fromPipe) await pipeline(createReadStream(load.file), createWriteStream(file), { signal: stopped });
    const packed = fromStdin || fromPipe ? file : load.file;
    if (isGzip(packed)) {
      file = join(folder, "unpacked.ndjson");
      await pipeline(createReadStream(packed), createGunzip(), createWriteStream(file), { signal: stopped });
    }
    return { scenario: { ...scenario, load: { ...load, file } }, remove };
  } catch (error) {
    if (folder !== "") remove();
    // Nothing was read to its end, so nothing is run.
    if (stopped.aborted) return { scenario, remove: () => {} };
    const message = `load.file: must be plain NDJSON or whole gzip (${fileProblem(error)}), got ${quoted(load.file, 200)}`;
    throw new InvalidScenario([{ file: source, line: 1, column: 1, message }]);
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
