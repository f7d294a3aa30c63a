import type { FieldLines } from "../../http/field-lines.ts";
import { hasContent, type Method } from "../../http/method.ts";
import type { Content } from "../../http/transport.ts";
import { type Contents, contentsOf, keyOf } from "./contents.ts";
import { type Env, fieldLines, speaksOfContent, without } from "./header-fields.ts";
import type { FetchSpec } from "./spec.ts";

const NONE: readonly string[] = [];

/** Builds the requests of one thread's items. Parts that do not vary are made once, in advance. */
export class Requests {
  readonly lines: FieldLines;
  readonly method: Method;
  private readonly contents: Contents;
  private readonly keyName: string | undefined;

  constructor(
    private readonly spec: FetchSpec,
    env: Env = process.env,
  ) {
    const { settings, seed, keys, body } = spec;
    const lines = fieldLines(settings, env);
    // Fields about the content go with it, and are dropped where a redirect drops the content.
    const hasBody = hasContent(settings.method);
    this.lines = hasBody ? without(lines, speaksOfContent) : lines;
    const spoken = hasBody ? lines.all.filter(speaksOfContent) : NONE;
    this.contents = contentsOf(settings, { bytes: body, seed, keys }, spoken);
    this.method = settings.method;
    this.keyName = settings.idempotencyKey;
  }

  contentOf(index: number, url: string): Content | null {
    return this.contents.of(index, url);
  }

  /** Header lines of one item. */
  fieldsOf(index: number): readonly string[] {
    return this.keyName === undefined ? NONE : [`${this.keyName}: ${keyOf(this.spec.keys, index)}`];
  }
}
