import { createHash } from "node:crypto";
import type { RedisError } from "./error.ts";

/** What Redis answers: RESP3, with strings as text. */
export type RedisReply = string | number | boolean | bigint | null | readonly RedisReply[] | { readonly [field: string]: RedisReply };

/** A connection to Redis, as its users see it: another client, or an engine that speaks the same commands, can take its place. */
export interface RedisPort {
  /** Why the last attempt to connect failed; null: it did not. */
  readonly trouble: RedisError | null;
  /**
   * Sends a command; commands that are sent without waiting for one another go out together. Rejects with `RedisError`. Replies are text,
   * in which not every byte survives: bytes have to be sent as text, too.
   */
  send(command: string, args?: readonly string[]): Promise<RedisReply>;
  /** Runs a script, all of it or nothing. */
  run(script: RedisScript, keys: readonly string[], args: readonly string[]): Promise<RedisReply>;
  close(): void;
}

/** A Lua script, sent once to each server and then named by its hash. */
export class RedisScript {
  readonly sha: string;

  constructor(readonly source: string) {
    this.sha = createHash("sha1").update(source).digest("hex");
  }
}
