import { existsSync, renameSync, rmSync } from "node:fs";
import { realPath } from "../../kernel/real-path.ts";

interface Replacement {
  readonly index: number;
  readonly made: string;
  readonly list: string;
}

/**
 * Files for the dead letters of a run's cases. A file that the run itself reads its addresses from is unchanged until every case has read
 * it, and is replaced only by that of a case that completed: no address is lost, whatever happens meanwhile.
 */
export class DeadLetterFiles {
  private readonly lists: ReadonlySet<string>;
  private readonly replacements: Replacement[] = [];

  /** `lists`: the files that the run reads. */
  constructor(lists: readonly string[]) {
    this.lists = new Set(lists.map(realPath));
  }

  /** The file that a case writes its dead letters to. */
  of(index: number, asked: string): string {
    const list = realPath(asked);
    if (!this.lists.has(list)) return asked;
    const made = `${list}.${process.pid}-${index}.new`;
    this.replacements.push({ index, made, list });
    return made;
  }

  /** Ends the files once the run is over. */
  settle(finished: (index: number) => boolean): void {
    for (const { index, made, list } of this.replacements.splice(0)) {
      if (!existsSync(made)) continue;
      if (finished(index)) renameSync(made, list);
      else rmSync(made, { force: true });
    }
  }
}
