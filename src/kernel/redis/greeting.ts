import { errorText } from "../error-text.ts";
import type { Timers } from "../timers.ts";
import type { RedisUrl } from "./url.ts";

/**
 * Greets a server over a plain socket, as user and in the database of its address, and returns the line that refuses it, else the first line
 * of its answer, or what went wrong: Bun's client says no more of a greeting that was refused than that the connection was closed.
 */
export function greetingOf(url: RedisUrl, tls: Bun.TLSOptions | undefined, ms: number, timers: Timers): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let heard = "";
  const socket = {
    open: (to: Bun.Socket) => void (url.secure || to.write(hello(url))),
    handshake: (to: Bun.Socket, _: boolean, error: Error | null) => {
      if (error === null) to.write(hello(url));
      else resolve(errorText(error));
    },
    data: (_: Bun.Socket, bytes: Uint8Array) => {
      heard += new TextDecoder("latin1").decode(bytes);
      const answer = answerIn(heard, url.database !== "");
      if (answer !== null) resolve(answer);
    },
    close: () => resolve("the connection was closed"),
    error: (_: Bun.Socket, error: Error) => resolve(errorText(error)),
    connectError: (_: Bun.Socket, error: Error) => resolve(errorText(error)),
  };
  const cancel = timers.after(ms, () => resolve("nothing was answered"));
  const common = { socket, ...(url.secure ? { tls: tls ?? true } : {}) };
  const connected = "unix" in url.place ? Bun.connect({ ...common, unix: url.place.unix }) : Bun.connect({ ...common, ...url.place });
  connected.catch((error: unknown) => resolve(errorText(error)));
  return promise.finally(() => {
    cancel();
    connected.then(
      (to) => to.end(),
      () => {},
    );
  });
}

/** null: not all of it is there yet. */
function answerIn(heard: string, selects: boolean): string | null {
  const lines = heard.split("\r\n").slice(0, -1);
  const [first = null, ...rest] = lines;
  if (first === null || first.startsWith("-") || !selects) return first;
  const selected = rest.find((line) => /^(-[A-Z]+ |\+OK$)/.test(line));
  if (selected === undefined) return null;
  return selected.startsWith("-") ? selected : first;
}

function hello({ user, password, database }: RedisUrl): string {
  const named = user !== "" || password !== "";
  const greeting = command(["HELLO", "3", ...(named ? ["AUTH", user === "" ? "default" : user, password] : [])]);
  return database === "" ? greeting : greeting + command(["SELECT", database]);
}

function command(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`;
}
