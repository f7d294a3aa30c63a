import type { Database, Statement } from "bun:sqlite";
import { statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { printable } from "../../../kernel/text.ts";
import { QueueError } from "../store.ts";

/** Bytes of a page of SQLite, by default. */
const PAGE = 4096;
/** Smallest limit of a file, in pages. */
const LEAST_PAGES = 64;
/** Share of the file's limit, and of the disk, that senders leave to consumers: to lease and settle takes room, too. */
const RESERVE = 1 / 16;
/** The same at most, in bytes. */
const MOST_RESERVE = 1_048_576;
/** What a transaction writes to the log beside the messages: whole pages of tables and indices. */
const TRANSACTION_BYTES = 8 * PAGE;
/** Bytes written at most between two looks at the disk. */
const MOST_UNSEEN = 64 * 1_048_576;
/** A file with more free pages than this, and three times as many as it uses, is made smaller when it is closed. */
const MANY_FREE = 1024;

/**
 * The room of a queue's file, in its own limit and on the disk. Senders leave a reserve, so that a full queue can still be emptied: a lease
 * writes before anything is deleted.
 */
export class Room {
  private readonly pages: Statement<{ page_count: number }, []>;
  private readonly free: Statement<{ freelist_count: number }, []>;
  private readonly limit: number;
  /** Bytes that may be written before the disk is looked at again. */
  private unseen = 0;

  constructor(
    private readonly database: Database,
    private readonly file: string,
    maxBytes: number,
  ) {
    this.pages = database.prepare("PRAGMA page_count");
    this.free = database.prepare("PRAGMA freelist_count");
    const pages = Math.max(LEAST_PAGES, Math.floor(maxBytes / PAGE));
    this.limit = pages - Math.min(MOST_RESERVE / PAGE, Math.ceil(pages * RESERVE));
  }

  private get used(): number {
    return (this.pages.get()?.page_count ?? 0) - (this.free.get()?.freelist_count ?? 0);
  }

  /** To be called before messages are added in one transaction, with their bytes. Throws `QueueError` when the disk has no room for them. */
  askDisk(bytes: number): void {
    const written = 2 * bytes + TRANSACTION_BYTES;
    this.unseen -= written;
    if (this.unseen >= 0) return;
    let left = this.leftOnDisk() - written;
    if (left < 0 && this.checkpoint()) left = this.leftOnDisk() - written;
    if (left < 0) throw fullDisk(this.file);
    this.unseen = Math.min(MOST_UNSEEN, left / 2);
  }

  /** What senders may still fill of the disk: the reserve stays, and room for the log to be moved into the file. */
  private leftOnDisk(): number {
    try {
      const { bavail, blocks, bsize } = statfsSync(dirname(this.file));
      const log = statSync(`${this.file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
      return (bavail - Math.min(blocks * RESERVE * 2, MOST_RESERVE / bsize)) * bsize - log;
    } catch {
      // A system that cannot tell: the disk itself will.
      return Number.POSITIVE_INFINITY;
    }
  }

  /** To be called in a transaction that has added messages. Throws `QueueError` when they fill the file up to the reserve. */
  checkLimit(): void {
    if (this.limit < Number.POSITIVE_INFINITY && this.used > this.limit) throw fullDisk(this.file);
  }

  /** Moves the log into the file, and empties it: on a full disk its room is the only one there is. False when that was not possible. */
  checkpoint(): boolean {
    try {
      this.database.run("PRAGMA wal_checkpoint(TRUNCATE)");
      return true;
    } catch {
      return false;
    }
  }

  /** Gives pages that are no longer used back to the disk, where that is worth it. */
  shrink(): void {
    const free = this.free.get()?.freelist_count ?? 0;
    if (free < MANY_FREE || free < 3 * this.used) return;
    try {
      this.database.run("VACUUM");
    } catch {
      // Another process has it open, or the disk has no room: it stays as large as it is.
    }
  }

  close(): void {
    this.pages.finalize();
    this.free.finalize();
  }
}

export function fullDisk(file: string): QueueError {
  return new QueueError(
    "disk full",
    `there is no room for more in ${printable(file, 200)}: the disk or the size it may have is used up; what it holds is kept`,
  );
}
