import type { Method } from "./method.ts";
import type { Origin, OriginCache } from "./origin.ts";
import { CORRELATION, type Content, type HttpRequest } from "./transport.ts";

const NONE: readonly string[] = [];

/** Text of a request's head; parts that are the same as in the request before are not written again. */
export class RequestHead {
  method: Method = "GET";
  content: Content | null = null;
  private at = "";
  private foreign = false;
  private found: Origin | null = null;
  private fields = NONE;
  /** The head up to its correlation id. */
  private before = "";
  /** The lines after it, for the current content and fields. */
  private own = "";

  constructor(
    private readonly origins: OriginCache,
    /** Origins as sent to servers that must not receive secrets. */
    private readonly foreignOrigins: OriginCache,
  ) {}

  /** The head of a request, which is the present one from now on. `id`: its correlation id. */
  write({ at, method, foreign, content, fields }: HttpRequest, id: string): string {
    if (content !== this.content || fields !== this.fields) {
      this.content = content;
      this.fields = fields;
      this.own = ownLines(content, fields);
    }
    if (method !== this.method || at !== this.at || foreign !== this.foreign) {
      const { origin, path } = (foreign ? this.foreignOrigins : this.origins).find(at);
      this.foreign = foreign;
      this.method = method;
      this.before = `${method} ${path} HTTP/1.1\r\n${CORRELATION}: `;
      this.found = origin;
      this.at = at;
    }
    return `${this.before}${id}${this.own}${this.origin.rest}`;
  }

  get origin(): Origin {
    return this.found as Origin;
  }
}

/** Header lines of the content and the request, each with its line break. */
function ownLines(content: Content | null, fields: readonly string[]): string {
  const spoken = content === null ? NONE : [...content.fields, `Content-Length: ${content.bytes.length}`];
  return [...spoken, ...fields].map((line) => `\r\n${line}`).join("");
}
