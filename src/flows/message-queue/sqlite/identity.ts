import { statSync } from "node:fs";
import { printable } from "../../../kernel/text.ts";
import { QueueError } from "../store.ts";

const QUIETLY = { throwIfNoEntry: false } as const;

/** Which file is open: the name may come to stand for another, or none, and what is written then is lost. */
export class FileIdentity {
  private readonly opened: number | null;

  /** To be made right after the file was opened. */
  constructor(private readonly file: string) {
    this.opened = this.named();
  }

  /** The inode: a file that is open keeps its own. */
  private named(): number | null {
    return statSync(this.file, QUIETLY)?.ino ?? null;
  }

  /** The problem when the file was removed or replaced since; null: it is the same. */
  get problem(): QueueError | null {
    const now = this.named();
    if (now === this.opened) return null;
    const shown = printable(this.file, 200);
    return new QueueError("replaced", `${shown} was ${now === null ? "removed" : "replaced"} while it was open; stop and start the queue`);
  }

  check(): void {
    const { problem } = this;
    if (problem !== null) throw problem;
  }
}
