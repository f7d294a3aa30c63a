import type { FieldLines } from "../../http/field-lines.ts";
import { hasContent, type Method } from "../../http/method.ts";
import type { Content } from "../../http/transport.ts";
import { type Contents, contentsOf, keyOf } from "./contents.ts";
import { type Env, fieldLines, speaksOfContent, without } from "./header-fields.ts";
import type { FetchSpec } from "./spec.ts";

const NONE: readonly string[] = [];

/** What the items of one thread ask for. What does not differ from item to item is made once, before the first. */
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
    // What speaks of a body goes where it goes, and is left out where a redirect leaves the body behind.
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

  /** Header fields of one item, as lines. */
  fieldsOf(index: number): readonly string[] {
    return this.keyName === undefined ? NONE : [`${this.keyName}: ${keyOf(this.spec.keys, index)}`];
  }
}
