import { sqliteTrouble } from "../../../kernel/sqlite.ts";
import { printable } from "../../../kernel/text.ts";
import { QueueError } from "../store.ts";
import { fullDisk } from "./room.ts";

/** Translates a database error into a `QueueError`; rethrows any other. */
export function queueError(error: unknown, file: string): unknown {
  const trouble = sqliteTrouble(error);
  if (trouble === null) return error;
  const shown = printable(file, 200);
  const said = printable(error instanceof Error ? error.message : "", 100);
  switch (trouble) {
    case "locked":
      return new QueueError("locked", `${shown} is locked by another process; nothing was changed, try again`);
    case "full":
      return fullDisk(file);
    case "damaged":
      return new QueueError("damaged", `${shown} is not a database or is damaged (${said}); it was left as it is`);
    case "unusable":
      return new QueueError("unusable", `${shown} cannot be opened, read or written (${said})`);
    default:
      return trouble satisfies never;
  }
}
