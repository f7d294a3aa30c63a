import { closeSync, createReadStream, createWriteStream, openSync, readSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { fileProblem } from "../../kernel/file-problem.ts";
import { InvalidScenario, UserError } from "../../kernel/problem.ts";
import { temporaryFolder } from "../../kernel/temporary-folder.ts";
import { quoted } from "../../kernel/text.ts";
import type { NamedScenario } from "../../plan/plan.ts";
import type { SweepPoint } from "../../scenario/sweep.ts";

export interface Spooled {
  readonly points: readonly SweepPoint[];
  /** Deletes the temporary files. */
  remove(): void;
}

/**
 * Every mode reads the replayed file from its beginning with blocking reads. Standard input and gzip allow neither, so they are first
 * written uncompressed to a temporary file, as a stream.
 */
export async function spoolReplay({ points, file: source, problemAt }: NamedScenario, stopped: AbortSignal): Promise<Spooled> {
  const spool = new Spool(stopped);
  const plain = new Map<string, string>();
  try {
    for (const { scenario } of points) {
      const { load } = scenario;
      if (load.executor === "replay" && !plain.has(load.file)) plain.set(load.file, await spool.plainFile(load.file));
    }
  } catch (error) {
    spool.remove();
    // The input was not read to its end, so nothing is run.
    if (stopped.aborted) return { points, remove: () => {} };
    if (error instanceof UserError) throw error;
    const last = points.map(({ scenario }) => scenario.load).find((load) => load.executor === "replay" && !plain.has(load.file));
    const got = last?.executor === "replay" ? last.file : "";
    const message = `load.file: must be plain NDJSON or whole gzip (${fileProblem(error)}), got ${quoted(got, 200)}`;
    throw new InvalidScenario([problemAt?.(["load", "file"], message) ?? { file: source, line: 1, column: 1, message }]);
  }
  const replaced = points.map((point) => {
    const { load } = point.scenario;
    if (load.executor !== "replay") return point;
    return { ...point, scenario: { ...point.scenario, load: { ...load, file: plain.get(load.file) ?? load.file } } };
  });
  return { points: replaced, remove: () => spool.remove() };
}

/** A temporary folder for inputs that cannot be read twice. */
class Spool {
  private folder = "";
  private files = 0;

  constructor(private readonly stopped: AbortSignal) {}

  /** A file with the same lines that can be read repeatedly from its beginning. */
  async plainFile(file: string): Promise<string> {
    const fromStdin = file === "-";
    const fromPipe = !fromStdin && statSync(file).isFIFO();
    if (fromStdin && process.stdin.isTTY) {
      throw new UserError("load.file: `-` reads messages from standard input, which is a terminal here; pipe a file in");
    }
    let plain = file;
    if (fromStdin || fromPipe) {
      plain = this.newFile();
      const copying = pipeline(fromStdin ? process.stdin : createReadStream(file), createWriteStream(plain), { signal: this.stopped });
      // A pipe without a writer cannot even be opened, and so not be closed either.
      await Promise.race([copying, aborted(this.stopped)]);
    }
    if (!isGzip(plain)) return plain;
    const unpacked = this.newFile();
    await pipeline(createReadStream(plain), createGunzip(), createWriteStream(unpacked), { signal: this.stopped });
    return unpacked;
  }

  remove(): void {
    if (this.folder !== "") rmSync(this.folder, { recursive: true, force: true });
  }

  private newFile(): string {
    if (this.folder === "") this.folder = temporaryFolder();
    return join(this.folder, `${this.files++}.ndjson`);
  }
}

/** Rejects once the signal is aborted. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
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
