import { errorText } from "../error-text.ts";
import type { Timers } from "../timers.ts";
import type { RedisUrl } from "./url.ts";

/**
 * Greets a server over a plain socket and returns the first line of its answer, or what went wrong: Bun's client says no more of a greeting
 * that was refused than that the connection was closed.
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
      const end = heard.indexOf("\r\n");
      if (end >= 0) resolve(heard.slice(0, end));
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

function hello({ user, password }: RedisUrl): string {
  const words = ["HELLO", "3", ...(password === "" ? [] : ["AUTH", user === "" ? "default" : user, password])];
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`;
}
