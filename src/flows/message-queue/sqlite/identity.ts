import { statSync } from "node:fs";
import { printable } from "../../../kernel/text.ts";
import { QueueError } from "../store.ts";

/** Which file is open: the name may come to stand for another, or none, and what is written then is lost. */
export class FileIdentity {
  private readonly opened: string | null;

  /** To be made right after the file was opened. */
  constructor(private readonly file: string) {
    this.opened = this.named();
  }

  private named(): string | null {
    const stats = statSync(this.file, { throwIfNoEntry: false });
    return stats === undefined ? null : `${stats.dev} ${stats.ino}`;
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
