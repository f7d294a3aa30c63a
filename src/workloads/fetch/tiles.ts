/** A square of a map: zoom, column, row (counted from the north). */
export interface Tile {
  readonly z: number;
  readonly x: number;
  readonly y: number;
}

/** Highest zoom of tiles. */
const DEEPEST = 24;

/** Parses `z/x/y`; null when it is no tile. Does not check ranges. */
export function parseTile(text: string): Tile | null {
  const match = /^(\d{1,2})\/(-?\d{1,9})\/(-?\d{1,9})$/.exec(text);
  return match === null ? null : { z: Number(match[1]), x: Number(match[2]), y: Number(match[3]) };
}

/** Why the tile does not exist; null when it does. */
export function tileProblem({ z, x, y }: Tile): string | null {
  if (z > DEEPEST) return `zoom ${z} is deeper than ${DEEPEST}`;
  const side = 2 ** z;
  if (x < 0 || x >= side) return `its column is not in 0…${side - 1}, those of its zoom`;
  if (y < 0 || y >= side) return `its row is not in 0…${side - 1}, those of its zoom`;
  return null;
}

/** Addresses of a zoom's tiles by number, row by row: as `tileUrl`, with the template parsed once. */
export function tilePath(template: string): (z: number, n: number) => string {
  const parts = withPlaceholders(template).split(/(\{z\}|\{x\}|\{y\}|\{-y\})/);
  return (z, n) => {
    const side = 2 ** z;
    const x = n % side;
    const y = Math.floor(n / side);
    let url = "";
    for (const part of parts) {
      if (part === "{z}") url += z;
      else if (part === "{x}") url += x;
      else if (part === "{y}") url += y;
      else if (part === "{-y}") url += side - 1 - y;
      else url += part;
    }
    return url;
  };
}

function withPlaceholders(template: string): string {
  if (/\{(z|x|y|-y)\}/.test(template)) return template;
  const [, path = "", rest = ""] = /^([^?#]*)(.*)$/.exec(template) ?? [];
  return `${path.replace(/\/+$/, "")}/{z}/{x}/{y}.png${rest}`;
}

/** The parent tile, one zoom out; null at the top. */
export function parentOf({ z, x, y }: Tile): Tile | null {
  return z === 0 ? null : { z: z - 1, x: x >> 1, y: y >> 1 };
}

/** `{-y}` counts rows from the south (TMS). A base without placeholders is followed by `/{z}/{x}/{y}.png`. */
export function tileUrl(template: string, { z, x, y }: Tile): string {
  return tilePath(template)(z, y * 2 ** z + x);
}

/** The tile of an address made from this template; null when it is none. */
export function tileOf(template: string, url: string): Tile | null {
  return tileReader(template)(url);
}

/** As `tileOf`, for many addresses. */
export function tileReader(template: string): (url: string) => Tile | null {
  const whole = withPlaceholders(template);
  const names: string[] = [];
  const source = whole.replaceAll(/\{(z|x|y|-y)\}|[^{]+|\{/g, (part, name: string | undefined) => {
    if (name === undefined) return part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
    names.push(name);
    return "(\\d{1,9})";
  });
  const pattern = new RegExp(`^${source}$`);
  return (url) => {
    const match = pattern.exec(url);
    if (match === null) return null;
    const numberOf = (name: string) => Number(match[names.indexOf(name) + 1] ?? Number.NaN);
    const z = numberOf("z");
    const y = names.includes("y") ? numberOf("y") : 2 ** z - 1 - numberOf("-y");
    const tile = { z, x: numberOf("x"), y };
    return Number.isNaN(tile.z + tile.x + tile.y) ? null : tile;
  };
}
