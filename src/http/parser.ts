import { createRequire } from "node:module";

/** llhttp, the parser of Node.js, as Bun exposes it for `node:http`; it has no types of its own. */
export interface ResponseParser {
  [callback: number]: (...said: never[]) => unknown;
  /** `maxHeaderSize`: most bytes of one head. */
  initialize(type: number, resource: object, maxHeaderSize: number): void;
  /** Returns the error where the bytes are not HTTP. */
  execute(bytes: Uint8Array): number | Error | undefined;
  /** The connection has ended: returns the error where the response had not. */
  finish(): number | Error | undefined;
}

interface ParserClass {
  new (): ResponseParser;
  readonly RESPONSE: number;
  readonly kOnMessageBegin: number;
  readonly kOnHeaders: number;
  readonly kOnHeadersComplete: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
}

/** null where this version of Bun has none. */
export const HttpParser: ParserClass | null = (() => {
  try {
    const { HTTPParser } = createRequire(import.meta.url)("_http_common") as { HTTPParser?: ParserClass };
    return typeof HTTPParser === "function" ? HTTPParser : null;
  } catch {
    return null;
  }
})();
