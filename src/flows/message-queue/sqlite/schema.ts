import { BEHIND, DELAYED, LEASED, READY } from "../state.ts";

/** Application id of queue files ("labq"), and the version of their schema. */
export const APPLICATION_ID = 0x6c616271;
export const SCHEMA_VERSION = 1;

/** Most groups of a queue: a message's row is its id times this, plus the group's number. */
export const MOST_GROUPS = 64;

/**
 * One row per message and group, so that leasing, settling and retrying touch one row and two indices. Rows are numbered in order of
 * sending, in which the indices keep equal entries. `at`: when a delay or a lease ends.
 */
export const SCHEMA = `
CREATE TABLE meta (id INTEGER PRIMARY KEY CHECK (id = 0), last INTEGER NOT NULL, ordering TEXT NOT NULL, version INTEGER NOT NULL);
CREATE TABLE groups (grp INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, size INTEGER NOT NULL DEFAULT 0);
CREATE TABLE messages (
  seq INTEGER PRIMARY KEY, grp INTEGER NOT NULL, state INTEGER NOT NULL, rank INTEGER NOT NULL, at INTEGER NOT NULL, token INTEGER NOT NULL,
  attempt INTEGER NOT NULL, key TEXT, sent INTEGER NOT NULL, idem TEXT, value TEXT NOT NULL);
CREATE INDEX ready ON messages (grp, rank) WHERE state = ${READY};
CREATE INDEX timed ON messages (grp, at) WHERE state IN (${DELAYED}, ${LEASED});
CREATE TABLE dead (
  seq INTEGER PRIMARY KEY, grp INTEGER NOT NULL, rank INTEGER NOT NULL, attempt INTEGER NOT NULL, key TEXT, sent INTEGER NOT NULL, idem TEXT,
  value TEXT NOT NULL, reason TEXT NOT NULL, died INTEGER NOT NULL);
CREATE INDEX dead_of ON dead (grp, died);
CREATE TABLE known (idem TEXT PRIMARY KEY, id INTEGER NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX known_at ON known (at);
`;

/** Tables that files of this version may lack, since older programs did not need them. */
export const ADDITIONS = `
CREATE TABLE IF NOT EXISTS clock (id INTEGER PRIMARY KEY CHECK (id = 0), boot TEXT NOT NULL, anchor REAL NOT NULL);
CREATE TABLE IF NOT EXISTS paused (grp INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS aging (id INTEGER PRIMARY KEY CHECK (id = 0), ms INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS notes (
  seq INTEGER NOT NULL, about TEXT NOT NULL, value TEXT NOT NULL, revision INTEGER NOT NULL, until REAL NOT NULL, PRIMARY KEY (seq, about))
  WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS notes_until ON notes (until);
CREATE TABLE IF NOT EXISTS buckets (
  grp INTEGER NOT NULL, name TEXT NOT NULL, tokens REAL NOT NULL, at REAL NOT NULL, PRIMARY KEY (grp, name)) WITHOUT ROWID;
`;
export const ADDED_TABLES = ["clock", "paused", "aging", "notes", "buckets"] as const;

/** Needed only for queues that keep keys in order: all messages of a key, and those of them that are not BEHIND. */
export const CHAIN_INDICES = `
CREATE INDEX chain ON messages (grp, key) WHERE key IS NOT NULL;
CREATE INDEX active ON messages (grp, key) WHERE key IS NOT NULL AND state <> ${BEHIND};
`;
