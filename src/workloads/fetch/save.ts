import { createHash } from "node:crypto";
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Keeps bodies as files of one folder, each under its own name only once it is whole. */
export class Saver {
  private parts = 0;

  constructor(
    private readonly folder: string,
    /** Tells the unfinished files of one thread from those of another. */
    private readonly thread: number,
    /** Where a mock listens this time; its files are named as if it were always the same place. */
    private readonly mock: string | null = null,
  ) {
    mkdirSync(folder, { recursive: true });
  }

  has(url: string): boolean {
    return existsSync(this.fileOf(url));
  }

  begin(url: string): Saved {
    const unfinished = join(this.folder, `.${process.pid}-${this.thread}-${this.parts++}.part`);
    return new Saved(unfinished, this.fileOf(url));
  }

  private fileOf(url: string): string {
    const { mock } = this;
    const address = mock !== null && url.startsWith(`${mock}/`) ? `http://mock${url.slice(mock.length)}` : url;
    return join(this.folder, fileNameOf(address));
  }
}

/** Removes what processes that were killed have left unfinished. */
export function sweepUnfinished(folder: string): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const pid = Number(/^\.(\d+)-\d+-\d+\.part$/.exec(name)?.[1] ?? Number.NaN);
    if (!Number.isNaN(pid) && !isAlive(pid)) rmSync(join(folder, name), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === "EPERM";
  }
}

/** One body on its way to disk. */
export class Saved {
  private readonly descriptor: number;
  private open = true;

  constructor(
    private readonly unfinished: string,
    private readonly finished: string,
  ) {
    this.descriptor = openSync(unfinished, "w", 0o644);
  }

  write(chunk: Uint8Array): void {
    // The number of its file may be another's by now.
    if (!this.open) return;
    for (let at = 0; at < chunk.length; ) at += writeSync(this.descriptor, chunk, at);
  }

  commit(): void {
    this.close();
    renameSync(this.unfinished, this.finished);
  }

  discard(): void {
    this.close();
    rmSync(this.unfinished, { force: true });
  }

  private close(): void {
    if (this.open) closeSync(this.descriptor);
    this.open = false;
  }
}

/** A name that stays within its folder whatever the address: what is readable of it, and a hash that tells it from all others. */
export function fileNameOf(address: string): string {
  const url = new URL(address);
  const readable = `${url.hostname}${url.pathname}`.replaceAll(/[^A-Za-z0-9]+/g, "-").replaceAll(/^-+|-+$/g, "");
  const extension = /\.[A-Za-z0-9]{1,8}$/.exec(url.pathname)?.[0] ?? "";
  const hash = createHash("sha256").update(url.href).digest("hex").slice(0, 12);
  return `${readable.slice(0, 80)}-${hash}${extension}`;
}
