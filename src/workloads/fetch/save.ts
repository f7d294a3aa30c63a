import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { ResponseHead } from "../../http/transport.ts";
import { type Tile, tileReader } from "./tiles.ts";

/** How files are named: by their whole address, or as z/x/y of the tile that they are. What is no tile has the name of its address. */
export type Naming = "address" | "tile";

export interface SaveRule {
  readonly naming?: Naming;
  /** Where a mock listens this time; its files are named as if it were always the same place. */
  readonly mock?: string | null;
  /** Where tiles are asked for. */
  readonly base?: string | null;
  /** What tells one version of a body from the next is kept beside it. */
  readonly revalidates?: boolean;
}

/** Where a body lies: without its extension where that follows from what it is. */
interface Spot {
  readonly folder: string;
  readonly stem: string;
  readonly extension: string | null;
}

/** Keeps bodies as files of one folder, each under its own name only once it is whole. */
export class Saver {
  private parts = 0;
  private readonly tileOf: ((url: string) => Tile | null) | null;
  private readonly made = new Set<string>();

  constructor(
    private readonly folder: string,
    /** Tells the unfinished files of one thread from those of another. */
    private readonly thread: number,
    private readonly rule: SaveRule = {},
  ) {
    mkdirSync(folder, { recursive: true });
    const { naming, base = null } = rule;
    this.tileOf = naming === "tile" && base !== null ? tileReader(base) : null;
  }

  has(url: string): boolean {
    return this.nameOf(this.spotOf(url)) !== null;
  }

  /** A body is coming; null: nothing is known of it. `standIn`: it is another's. */
  begin(url: string, head: ResponseHead | null = null, standIn = false): Saved {
    const spot = this.spotOf(url);
    if (!this.made.has(spot.folder)) {
      mkdirSync(spot.folder, { recursive: true });
      if (this.made.size < MOST_FOLDERS) this.made.add(spot.folder);
    }
    const name = `${spot.stem}${spot.extension ?? extensionOf(head?.field("content-type") ?? null)}`;
    const [unfinished, note] = [this.unfinished(), this.unfinished()];
    return new Saved(unfinished, join(spot.folder, name), () => {
      // What was known of the one before is forgotten before it is replaced.
      const before = spot.extension === null ? this.nameOf(spot) : null;
      rmSync(notesOf(spot), { force: true });
      return () => {
        if (before !== null && before !== name) rmSync(join(spot.folder, before), { force: true });
        const validators = head === null || standIn ? null : validatorsOf(head);
        if (this.rule.revalidates !== true || validators === null) return;
        writeFileSync(note, JSON.stringify({ file: name, ...validators }));
        renameSync(note, notesOf(spot));
      };
    });
  }

  /** Header fields that ask for a body only where it is another than the one that lies here; empty: any will do. */
  conditions(url: string): readonly string[] {
    if (this.rule.revalidates !== true) return [];
    const spot = this.spotOf(url);
    const known = readNotes(notesOf(spot));
    return known === null || known.file !== this.nameOf(spot) ? [] : known.lines;
  }

  private unfinished(): string {
    return join(this.folder, `.${process.pid}-${this.thread}-${this.parts++}.part`);
  }

  /** What lies there; null: nothing. */
  private nameOf({ folder, stem, extension }: Spot): string | null {
    const extensions = extension === null ? EXTENSIONS : [extension];
    return extensions.map((one) => `${stem}${one}`).find((name) => existsSync(join(folder, name))) ?? null;
  }

  private spotOf(url: string): Spot {
    const tile = this.tileOf?.(url) ?? null;
    // Three whole numbers: they lead to nowhere else.
    if (tile !== null) return { folder: join(this.folder, String(tile.z), String(tile.x)), stem: String(tile.y), extension: null };
    const { mock = null } = this.rule;
    const address = mock !== null && url.startsWith(`${mock}/`) ? `http://mock${url.slice(mock.length)}` : url;
    return { folder: this.folder, stem: fileNameOf(address), extension: "" };
  }
}

/** Folders that are remembered to be there. */
const MOST_FOLDERS = 10_000;

/** Extensions by what a body is (its media type, in lower case); what is not here has none. */
const BY_TYPE: Readonly<Record<string, string>> = {
  "image/png": ".png",
  "image/jpeg": ".jpg",
  "image/webp": ".webp",
  "image/avif": ".avif",
  "image/gif": ".gif",
  "image/svg+xml": ".svg",
  "image/tiff": ".tif",
  "application/vnd.mapbox-vector-tile": ".mvt",
  "application/x-protobuf": ".pbf",
  "application/json": ".json",
  "application/geo+json": ".geojson",
  "text/html": ".html",
  "text/plain": ".txt",
};
const EXTENSIONS = [...Object.values(BY_TYPE), ""];

function extensionOf(type: string | null): string {
  const media = (type ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  return Object.hasOwn(BY_TYPE, media) ? (BY_TYPE[media] ?? "") : "";
}

/** What was known of a body when it came, beside it. */
function notesOf({ folder, stem }: Spot): string {
  return join(folder, `.${stem}.json`);
}

/** What tells one version of a body from another (RFC 9110, 8.8); null: nothing does. */
function validatorsOf(head: ResponseHead): { readonly etag?: string; readonly lastModified?: string } | null {
  const [etag, lastModified] = [head.field("etag"), head.field("last-modified")];
  if (etag === null && lastModified === null) return null;
  return { ...(etag === null ? {} : { etag }), ...(lastModified === null ? {} : { lastModified }) };
}

/** What ends no line and is no longer than any server's. */
const FIELD_VALUE = /^[\x20-\x7e\x80-\xff]{1,1000}$/;

function readNotes(path: string): { readonly file: string; readonly lines: readonly string[] } | null {
  try {
    const { file, etag, lastModified } = JSON.parse(readFileSync(path, "utf8")) as Readonly<Record<string, unknown>>;
    if (typeof file !== "string") return null;
    const line = (name: string, value: unknown) => (typeof value === "string" && FIELD_VALUE.test(value) ? [`${name}: ${value}`] : []);
    return { file, lines: [...line("If-None-Match", etag), ...line("If-Modified-Since", lastModified)] };
  } catch {
    // It is not there, or was not written by this program.
    return null;
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
    /** Told before it takes its place; what comes of that, after. */
    private readonly replacing: () => () => void,
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
    const replaced = this.replacing();
    renameSync(this.unfinished, this.finished);
    replaced();
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
