import { printable } from "../text.ts";

/**
 * Kinds of failure:
 *
 *     address        the URL is not one
 *     unreachable    nothing answers there, or no longer; what was asked was not done
 *     interrupted    the connection broke before the answer: whether it was done is not known
 *     refused        a password is missing or wrong, or the user may not do this
 *     version        older than 6.2
 *     full           `maxmemory` is used up and nothing may be evicted
 *     not writable   a replica, a server that cannot save to its disk, or one that is loading its data
 *     closed         by this side
 *     reply          any other error reply; `code` is its first word
 */
export type RedisProblem = "address" | "unreachable" | "interrupted" | "refused" | "version" | "full" | "not writable" | "closed" | "reply";

/** Why Redis did not do what it was asked; the message is a sentence for the user. */
export class RedisError extends Error {
  override readonly name = "RedisError";

  constructor(
    readonly problem: RedisProblem,
    message: string,
    /** First word of an error reply, such as `NOSCRIPT`; empty: no reply. */
    readonly code = "",
  ) {
    super(message);
  }
}

/** First words of replies, by what they mean for the caller. */
const NOT_WRITABLE = new Set(["READONLY", "MISCONF", "NOREPLICAS", "LOADING", "MASTERDOWN", "CLUSTERDOWN"]);

/** The error of a reply that Redis gave. `shown`: the server's address. */
export function replyError(text: string, shown: string): RedisError {
  // Before version 7 an error within a script stands behind the script's place.
  const code = (/^ERR .*@user_script.*: -([A-Z]+) /.exec(text) ?? /^([A-Z][A-Z0-9]*)\b/.exec(text))?.[1] ?? "";
  const said = printable(text, 300);
  switch (code) {
    case "NOAUTH":
      return new RedisError("refused", `${shown} needs a password: redis://user:password@host`, code);
    case "WRONGPASS":
      return new RedisError("refused", `${shown} does not accept this user and password`, code);
    case "NOPERM":
      return new RedisError("refused", `${shown} does not allow this user what is needed (${said})`, code);
    case "OOM":
      return new RedisError("full", `${shown} is full: its memory reached maxmemory and it evicts nothing`, code);
    default:
      if (NOT_WRITABLE.has(code)) return new RedisError("not writable", `${shown} cannot be written to now (${said})`, code);
      return new RedisError("reply", `${shown} answered: ${said}`, code);
  }
}

/** `cause`: what went wrong; empty: not known. */
export function unreachable(shown: string, cause: string): RedisError {
  const said = printable(cause, 200);
  return new RedisError("unreachable", `no Redis answers at ${shown}${said === "" ? "" : ` (${said})`}`);
}

export function interrupted(shown: string): RedisError {
  return new RedisError("interrupted", `the connection to ${shown} broke before its answer: whether this was done is not known`);
}

export function tooOld(shown: string, version: string): RedisError {
  return new RedisError("version", `${shown} is Redis ${printable(version, 40)}; 6.2 or later is needed`);
}

export function closedError(shown: string): RedisError {
  return new RedisError("closed", `the connection to ${shown} is closed`);
}
