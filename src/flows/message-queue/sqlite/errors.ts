import { SQLiteError } from "bun:sqlite";
import { printable } from "../../../kernel/text.ts";
import { QueueError } from "../store.ts";

/** What the database says, in words of the queue; anything else is thrown as it is. */
export function queueError(error: unknown, file: string): unknown {
  if (!(error instanceof SQLiteError)) return error;
  const shown = printable(file, 200);
  const code = String(error.code ?? "");
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED"))
    return new QueueError("locked", `${shown} is locked by another process; nothing was changed, try again`);
  if (code.startsWith("SQLITE_FULL"))
    return new QueueError(
      "disk full",
      `there is no room for more in ${shown}: the disk or the size it may have is used up; what it holds is kept`,
    );
  if (code.startsWith("SQLITE_CORRUPT") || code.startsWith("SQLITE_NOTADB"))
    return new QueueError("damaged", `${shown} is not a database or is damaged (${printable(error.message, 100)}); it was left as it is`);
  if (
    code.startsWith("SQLITE_CANTOPEN") ||
    code.startsWith("SQLITE_READONLY") ||
    code.startsWith("SQLITE_IOERR") ||
    code.startsWith("SQLITE_PERM")
  )
    return new QueueError("unusable", `${shown} cannot be opened, read or written (${printable(error.message, 100)})`);
  return error;
}
