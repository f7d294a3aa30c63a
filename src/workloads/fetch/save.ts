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

/** Naming of files: by the full address, or as z/x/y of a tile. Anything but a tile is named by its address. */
export type Naming = "address" | "tile";

export interface SaveRule {
  readonly naming?: Naming;
  /** Base of the mock server, whose port varies: its files are named as if it did not. */
  readonly mock?: string | null;
  /** Base of the tiles. */
  readonly base?: string | null;
  /** Whether validators are stored beside bodies. */
  readonly revalidates?: boolean;
}

/** Location of a body, without its extension where that depends on its type. */
interface Spot {
  readonly folder: string;
  readonly stem: string;
  readonly extension: string | null;
}

/** Saves bodies as files of one folder, each under its final name only once complete. */
export class Saver {
  private parts = 0;
  private readonly tileOf: ((url: string) => Tile | null) | null;
  private readonly made = new Set<string>();

  constructor(
    private readonly folder: string,
    /** Distinguishes the unfinished files of threads. */
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

  /** Begins saving a body; null: its head is unknown. `standIn`: it is a substitute. */
  begin(url: string, head: ResponseHead | null = null, standIn = false): Saved {
    const spot = this.spotOf(url);
    if (!this.made.has(spot.folder)) {
      mkdirSync(spot.folder, { recursive: true });
      if (this.made.size < MOST_FOLDERS) this.made.add(spot.folder);
    }
    const name = `${spot.stem}${spot.extension ?? extensionOf(head?.field("content-type") ?? null)}`;
    const [unfinished, note] = [this.unfinished(), this.unfinished()];
    return new Saved(unfinished, join(spot.folder, name), () => {
      // Validators of the old body are removed before it is replaced.
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

  /** Header fields that make the request conditional on a change of the saved body; empty: unconditional. */
  conditions(url: string): readonly string[] {
    if (this.rule.revalidates !== true) return [];
    const spot = this.spotOf(url);
    const known = readNotes(notesOf(spot));
    return known === null || known.file !== this.nameOf(spot) ? [] : known.lines;
  }

  private unfinished(): string {
    return join(this.folder, `.${process.pid}-${this.thread}-${this.parts++}.part`);
  }

  /** Name of the saved file; null: none. */
  private nameOf({ folder, stem, extension }: Spot): string | null {
    const extensions = extension === null ? EXTENSIONS : [extension];
    return extensions.map((one) => `${stem}${one}`).find((name) => existsSync(join(folder, name))) ?? null;
  }

  private spotOf(url: string): Spot {
    const tile = this.tileOf?.(url) ?? null;
    // Three whole numbers cannot lead out of the folder.
    if (tile !== null) return { folder: join(this.folder, String(tile.z), String(tile.x)), stem: String(tile.y), extension: null };
    const { mock = null } = this.rule;
    const address = mock !== null && url.startsWith(`${mock}/`) ? `http://mock${url.slice(mock.length)}` : url;
    return { folder: this.folder, stem: fileNameOf(address), extension: "" };
  }
}

/** Most folders remembered to exist. */
const MOST_FOLDERS = 10_000;

/** Extensions by media type, in lower case; other types have none. */
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

/** File beside a body with its validators. */
function notesOf({ folder, stem }: Spot): string {
  return join(folder, `.${stem}.json`);
}

/** Validators of a response (RFC 9110, 8.8); null: it has none. */
function validatorsOf(head: ResponseHead): { readonly etag?: string; readonly lastModified?: string } | null {
  const [etag, lastModified] = [head.field("etag"), head.field("last-modified")];
  if (etag === null && lastModified === null) return null;
  return { ...(etag === null ? {} : { etag }), ...(lastModified === null ? {} : { lastModified }) };
}

/** A field value without line breaks and of a reasonable length. */
const FIELD_VALUE = /^[\x20-\x7e\x80-\xff]{1,1000}$/;

function readNotes(path: string): { readonly file: string; readonly lines: readonly string[] } | null {
  try {
    const { file, etag, lastModified } = JSON.parse(readFileSync(path, "utf8")) as Readonly<Record<string, unknown>>;
    if (typeof file !== "string") return null;
    const line = (name: string, value: unknown) => (typeof value === "string" && FIELD_VALUE.test(value) ? [`${name}: ${value}`] : []);
    return { file, lines: [...line("If-None-Match", etag), ...line("If-Modified-Since", lastModified)] };
  } catch {
    // It does not exist, or was not written by this program.
    return null;
  }
}

/** Removes unfinished files of killed processes. */
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

/** One body being saved. */
export class Saved {
  private readonly descriptor: number;
  private open = true;

  constructor(
    private readonly unfinished: string,
    private readonly finished: string,
    /** Called before the file takes its place; the returned function afterwards. */
    private readonly replacing: () => () => void,
  ) {
    this.descriptor = openSync(unfinished, "w", 0o644);
  }

  write(chunk: Uint8Array): void {
    // The file descriptor may have been reused by now.
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

/** A file name that stays within its folder whatever the address: a readable part, and a hash that makes it unique. */
export function fileNameOf(address: string): string {
  const url = new URL(address);
  const readable = `${url.hostname}${url.pathname}`.replaceAll(/[^A-Za-z0-9]+/g, "-").replaceAll(/^-+|-+$/g, "");
  const extension = /\.[A-Za-z0-9]{1,8}$/.exec(url.pathname)?.[0] ?? "";
  const hash = createHash("sha256").update(url.href).digest("hex").slice(0, 12);
  return `${readable.slice(0, 80)}-${hash}${extension}`;
}
