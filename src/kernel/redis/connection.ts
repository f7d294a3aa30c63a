import type { RedisClient } from "bun";
import { errorText } from "../error-text.ts";
import { pause, realTimers, type Timers } from "../timers.ts";
import { closedError, interrupted, RedisError, replyError, tooOld, unreachable } from "./error.ts";
import { greetingOf } from "./greeting.ts";
import type { RedisPort, RedisReply, RedisScript } from "./port.ts";
import { parseRedisUrl, type RedisUrl } from "./url.ts";

export interface RedisConnectionOptions {
  /** How long a command waits for a server that does not answer, in milliseconds; one attempt to connect is always made. Default 5000. */
  readonly patienceMs?: number;
  /** Longest wait for the next reply, in milliseconds; then the connection counts as broken. A blocking read needs more. Default 10 000. */
  readonly answerMs?: number;
  /** For `rediss:`: authorities to trust beside the system's, and the like. */
  readonly tls?: Bun.TLSOptions;
  readonly timers?: Timers;
}

/** The first wait between attempts to connect, doubled by each that failed, and the longest, in milliseconds. */
const BACKOFF = { first: 50, longest: 2000 };
/** The oldest version that has all commands and options in use. */
const OLDEST = [6, 2] as const;

/**
 * A connection to one server by Bun's client, made when the first command is sent and made again after a break. Commands in flight when it
 * breaks are not sent again: they may have been done.
 */
export class RedisConnection implements RedisPort {
  readonly url: RedisUrl;
  trouble: RedisError | null = null;
  private readonly timers: Timers;
  private readonly patienceMs: number;
  private readonly answerMs: number;
  private readonly tls: Bun.TLSOptions | undefined;
  private client: RedisClient | null = null;
  private attempt: Promise<RedisClient> | null = null;
  private failures = 0;
  private failedAt = 0;
  private closed = false;
  /** Commands in flight, and when the last reply came. */
  private inFlight = 0;
  private heardAt = 0;
  private cancelWatch: (() => void) | null = null;

  /** Throws `RedisError` when the address is not one. */
  constructor(url: string, { patienceMs = 5000, answerMs = 10_000, tls, timers = realTimers }: RedisConnectionOptions = {}) {
    this.url = parseRedisUrl(url);
    this.timers = timers;
    this.patienceMs = patienceMs;
    this.answerMs = answerMs;
    this.tls = tls;
  }

  async send(command: string, args: readonly string[] = []): Promise<RedisReply> {
    const client = this.client ?? (await this.connected());
    this.began();
    try {
      return (await client.send(command, args as string[])) as RedisReply;
    } catch (error) {
      throw this.translated(error);
    } finally {
      this.ended();
    }
  }

  async run(script: RedisScript, keys: readonly string[], args: readonly string[]): Promise<RedisReply> {
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await this.send("EVALSHA", [script.sha, ...rest]);
    } catch (error) {
      if (!(error instanceof RedisError) || error.code !== "NOSCRIPT") throw error;
      return this.send("EVAL", [script.source, ...rest]);
    }
  }

  /** Connects, unless that is done. Rejects with the reason why that cannot be. */
  async connect(): Promise<void> {
    if (this.client === null) await this.connected();
  }

  close(): void {
    this.closed = true;
    this.drop();
  }

  /** The client, as soon as it is connected; attempts are shared by all who wait, and each gives up by its own patience. */
  private async connected(): Promise<RedisClient> {
    const until = this.timers.now() + this.patienceMs;
    for (;;) {
      if (this.closed) throw closedError(this.url.shown);
      if (this.client !== null) return this.client;
      try {
        this.attempt ??= this.tryToConnect();
        return await this.attempt;
      } catch (error) {
        const passing = error instanceof RedisError && (error.problem === "unreachable" || error.code === "LOADING");
        if (!passing || this.timers.now() >= until) throw error;
      }
    }
  }

  private async tryToConnect(): Promise<RedisClient> {
    try {
      const wait = this.failures === 0 ? 0 : Math.min(BACKOFF.longest, BACKOFF.first * 2 ** (this.failures - 1));
      const left = this.failedAt + wait - this.timers.now();
      if (wait > 0 && left > 0) await pause(this.timers, left);
      this.client = await this.open();
      this.failures = 0;
      this.trouble = null;
      return this.client;
    } catch (error) {
      if (error instanceof RedisError) this.trouble = error;
      this.failures++;
      this.failedAt = this.timers.now();
      throw error;
    } finally {
      this.attempt = null;
    }
  }

  private async open(): Promise<RedisClient> {
    const { href, shown, secure } = this.url;
    const tls = secure && this.tls !== undefined ? { tls: this.tls } : {};
    const client = new Bun.RedisClient(href, { autoReconnect: false, connectionTimeout: this.answerMs, ...tls });
    try {
      await client.connect();
      const hello = (await client.send("HELLO", [])) as { readonly version?: unknown };
      checkVersion(String(hello.version ?? ""), shown);
      await client.send("PING", []).catch((error: unknown) => {
        // One that breaks here tells nobody of its end.
        if (!isReply(error)) throw error;
        checkReady(errorText(error), shown);
      });
    } catch (error) {
      client.close();
      throw error instanceof RedisError ? error : await this.refusal();
    }
    if (this.closed) {
      client.close();
      throw closedError(shown);
    }
    client.onclose = () => {
      if (this.client === client) this.client = null;
    };
    return client;
  }

  /** Why a connection was not made. */
  private async refusal(): Promise<RedisError> {
    const { shown } = this.url;
    const answer = await greetingOf(this.url, this.tls, this.answerMs, this.timers);
    if (/^-ERR unknown command/i.test(answer)) return tooOld(shown, "before 6");
    if (answer.startsWith("-")) return replyError(answer.slice(1), shown);
    return unreachable(shown, answer.startsWith("%") ? "" : answer);
  }

  private translated(error: unknown): RedisError {
    const { shown } = this.url;
    if (isReply(error)) return replyError(errorText(error), shown);
    return this.closed ? closedError(shown) : interrupted(shown);
  }

  private began(): void {
    if (this.inFlight++ > 0) return;
    this.heardAt = this.timers.now();
    this.cancelWatch ??= this.timers.after(this.answerMs, this.watch);
  }

  private ended(): void {
    this.inFlight--;
    this.heardAt = this.timers.now();
  }

  /** Breaks a connection over which no reply comes any more. */
  private readonly watch = (): void => {
    this.cancelWatch = null;
    if (this.inFlight === 0) return;
    const left = this.heardAt + this.answerMs - this.timers.now();
    if (left <= 0) this.drop();
    else this.cancelWatch = this.timers.after(left, this.watch);
  };

  private drop(): void {
    const { client } = this;
    this.client = null;
    this.cancelWatch?.();
    this.cancelWatch = null;
    client?.close();
  }
}

/** True when the server answered, if only with an error. */
function isReply(error: unknown): boolean {
  return (error as { code?: unknown }).code === "ERR_REDIS_SERVER_ERROR";
}

/** A server that loads its data greets, and does nothing else. Whatever else it answers, it is ready. */
function checkReady(answer: string, shown: string): void {
  const error = replyError(answer, shown);
  if (error.code === "LOADING") throw error;
}

function checkVersion(version: string, shown: string): void {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) throw tooOld(shown, version);
}
