import { isPlain } from "../../http/origin.ts";
import { isHostAllowed, kindOfHost } from "../../kernel/hosts.ts";
import { printable } from "../../kernel/text.ts";
import { LineReader } from "../../load/lines.ts";
import type { FetchSettings } from "../../scenario/schema.ts";
import { parseTile, tilePath, tileProblem, tileUrl } from "./tiles.ts";

/** The sources of a list. */
export type TargetList = Pick<FetchSettings, "tiles" | "urls" | "urlsFile">;

const DEFAULT_TILES = { zoom: 5, count: 100 };
/** Longest address requested, in characters. */
const LONGEST = 8192;

/** Number of requests in a list. Reads a file once, whatever its size, with bounded memory. */
export function countTargets({ urls, urlsFile, tiles }: TargetList): number {
  if (urls !== undefined) return urls.length;
  if (urlsFile === undefined) return (tiles ?? DEFAULT_TILES).count;
  const lines = new LineReader(urlsFile);
  let count = 0;
  for (let text = lines.next(); text !== null; text = lines.next()) if (!isBlank(text) || lines.cut) count++;
  lines.close();
  return count;
}

/** The first few hosts of a list that are not private, known before anything is sent. */
export function publicHosts(list: TargetList, bases: readonly string[], allowed: readonly string[], most = 3): string[] {
  const hosts = new Set<string>();
  const note = (text: string) => {
    const host = hostOf(text);
    if (host !== null && !isHostAllowed(host, allowed)) hosts.add(host);
  };
  for (const base of bases) note(tileUrl(base, { z: 0, x: 0, y: 0 }));
  for (const url of list.urls ?? []) note(url);
  if (list.urlsFile !== undefined) {
    const lines = new LineReader(list.urlsFile);
    for (let text = lines.next(); text !== null && hosts.size < most; text = lines.next()) note(addressIn(text, bases.length > 0));
    lines.close();
  }
  return [...hosts].slice(0, most);
}

function hostOf(text: string): string | null {
  try {
    const { protocol, hostname } = new URL(text);
    // An invalid address is refused when its turn comes.
    return protocol === "http:" || protocol === "https:" ? hostname : null;
  } catch {
    return null;
  }
}

/** One request, or why none can be made of the entry. */
export interface Target {
  url: string;
  /** The line of the file, or the position in the list, from 1. */
  line: number;
  problem: string | null;
}

/** Iterates over a list repeatedly, over a file line by line. */
export class Targets {
  private readonly target: Target = { url: "", line: 0, problem: null };
  private lines: LineReader | null = null;
  private next_ = 0;
  /** Scheme, host and port of the last allowed address, with a slash. */
  private granted = "";
  private readonly template: ((zoom: number, n: number) => string) | null;
  /** Problems with the addresses of a list in the scenario, each checked once. */
  private readonly seen: (Target | undefined)[] = [];

  constructor(
    private readonly list: TargetList,
    /** Base of the tiles. */
    private readonly base: string | null,
    private readonly allowed: readonly string[] | null,
  ) {
    this.template = base === null ? null : tilePath(base);
  }

  /** The next target; always the same object. */
  next(): Target {
    const { urls, urlsFile } = this.list;
    if (urls !== undefined) {
      const at = this.next_++ % urls.length;
      this.seen[at] ??= { ...this.read(urls[at] as string, at + 1) };
      return this.seen[at];
    }
    if (urlsFile !== undefined) {
      const text = this.nextLine(urlsFile);
      const line = this.lines?.line ?? 0;
      return this.lines?.cut === true ? this.refuse(line, TOO_LONG) : this.read(addressIn(text ?? "", this.base !== null), line);
    }
    const { zoom, count } = this.list.tiles ?? DEFAULT_TILES;
    const n = this.next_++ % count;
    this.target.url = this.template === null ? "" : this.template(zoom, n % 4 ** zoom);
    this.target.line = n + 1;
    this.target.problem = this.base === null ? NO_TARGET : null;
    return this.target;
  }

  close(): void {
    this.lines?.close();
  }

  private nextLine(file: string): string | null {
    for (let opened = 0; opened < 2; opened++) {
      this.lines ??= new LineReader(file);
      for (let text = this.lines.next(); text !== null; text = this.lines.next()) if (!isBlank(text) || this.lines.cut) return text;
      this.lines.close();
      this.lines = null;
    }
    return null;
  }

  private refuse(line: number, problem: string): Target {
    this.target.url = "";
    this.target.line = line;
    this.target.problem = problem;
    return this.target;
  }

  private read(text: string, line: number): Target {
    const { target } = this;
    target.line = line;
    target.url = "";
    target.problem = null;
    const tile = parseTile(text);
    if (tile !== null) {
      const problem = tileProblem(tile);
      if (problem !== null) target.problem = problem;
      else if (this.base === null) target.problem = NO_TARGET;
      else target.url = tileUrl(this.base, tile);
      return target;
    }
    target.problem = this.check(text);
    return target;
  }

  private check(text: string): string | null {
    if (this.granted !== "" && text.length <= LONGEST && text.startsWith(this.granted) && isPlain(text, this.granted.length - 1)) {
      this.target.url = text;
      return null;
    }
    const problem = addressProblem(text, this.allowed);
    if (problem !== null) return problem;
    const url = new URL(text);
    this.granted = `${url.origin}/`;
    this.target.url = url.href;
    return null;
  }
}

/** Why no request may go to an address; null: one may. `allowed`: as in `isHostAllowed`. */
export function addressProblem(text: string, allowed: readonly string[] | null): string | null {
  if (text.length > LONGEST) return TOO_LONG;
  // The entry is not quoted: it may contain a password.
  if (!URL.canParse(text)) return "must be an http or https URL, or a tile such as 5/10/12";
  const { protocol, hostname } = new URL(text);
  if (protocol !== "http:" && protocol !== "https:") return `must be http or https, not ${printable(protocol, 20)}`;
  return isHostAllowed(hostname, allowed) ? null : `${printable(hostname, 100)} is a ${kindOfHost(hostname)} host; --allow-host allows it`;
}

const TOO_LONG = `an address must have at most ${LONGEST} characters`;
const NO_TARGET = "a tile needs fetch.target to say where it is asked for";

function isBlank(text: string): boolean {
  return text.trim() === "" || text.trimStart().startsWith("#");
}

/** The address in a line, which is an address or a dead letter; its tile where tiles can be requested. */
function addressIn(line: string, tiles: boolean): string {
  const text = line.trim();
  if (!text.startsWith("{")) return text;
  try {
    const { url, tile } = JSON.parse(text) as { url?: unknown; tile?: unknown };
    if (tiles && typeof tile === "string") return tile;
    return typeof url === "string" ? url : "";
  } catch {
    return "";
  }
}
