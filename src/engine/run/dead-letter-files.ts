import { existsSync, renameSync, rmSync } from "node:fs";
import { realPath } from "../../kernel/real-path.ts";

interface Replacement {
  readonly index: number;
  readonly made: string;
  readonly list: string;
}

/**
 * Where the dead letters of a run's cases go. A file that the run itself reads its addresses from stays as it is until every case has
 * read it, and is replaced only by those of a case that got to its end: whatever happens on the way, no address is lost.
 */
export class DeadLetterFiles {
  private readonly lists: ReadonlySet<string>;
  private readonly replacements: Replacement[] = [];

  /** `lists`: the files that the run reads. */
  constructor(lists: readonly string[]) {
    this.lists = new Set(lists.map(realPath));
  }

  /** The file that a case is to write them to. */
  of(index: number, asked: string): string {
    const list = realPath(asked);
    if (!this.lists.has(list)) return asked;
    const made = `${list}.${process.pid}-${index}.new`;
    this.replacements.push({ index, made, list });
    return made;
  }

  /** The run is over. */
  settle(finished: (index: number) => boolean): void {
    for (const { index, made, list } of this.replacements.splice(0)) {
      if (!existsSync(made)) continue;
      if (finished(index)) renameSync(made, list);
      else rmSync(made, { force: true });
    }
  }
}
