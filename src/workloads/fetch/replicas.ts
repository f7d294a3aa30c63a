import type { FetchSettings } from "../../scenario/schema.ts";
import { type Tile, tilePath, tileReader } from "./tiles.ts";

type Target = FetchSettings["target"];

/** URL templates of the tiles' bases. */
export function basesOf(target: Target): readonly string[] {
  return target?.urls ?? (target?.url === undefined ? [] : [target.url]);
}

/** The same tiles at several bases. */
export class Replicas {
  private readonly tileOf: (url: string) => Tile | null;
  private readonly paths: readonly ((zoom: number, n: number) => string)[];

  constructor(
    bases: readonly string[],
    private readonly choose: "first" | "round-robin",
  ) {
    this.tileOf = tileReader(bases[0] ?? "");
    this.paths = bases.map(tilePath);
  }

  /** The addresses of a resource at every base, by its address at the first; null: it is not a tile there. */
  of(url: string): readonly string[] | null {
    const tile = this.tileOf(url);
    if (tile === null) return null;
    const { z, x, y } = tile;
    return this.paths.map((path) => path(z, y * 2 ** z + x));
  }

  /** The base that an item is requested from first. */
  firstOf(index: number): number {
    return this.choose === "round-robin" ? index % this.paths.length : 0;
  }
}
