import { suggestion } from "../kernel/spelling.ts";

/** Names of placeholders; each item has its own values. */
const PLACEHOLDERS = ["number", "key", "seed", "random", "url"] as const;
export type Placeholder = (typeof PLACEHOLDERS)[number];

/** A parsed template: texts alternate with placeholders, beginning and ending with a text. */
export interface Template {
  readonly texts: readonly string[];
  readonly placeholders: readonly Placeholder[];
}

export interface TemplateProblem {
  readonly problem: string;
  /** Offset in the text, and the text there. */
  readonly at: number;
  readonly got: string;
}

const OPENING = "{{";

/**
 * Parses `text with {{number}} in it`. Grammar: template = *( text / "{{{{" / "{{" *SP name *SP "}}" ), where name is a placeholder; four braces
 * result in two.
 */
export function parseTemplate(source: string): Template | TemplateProblem {
  const texts: string[] = [];
  const placeholders: Placeholder[] = [];
  let text = "";
  for (let at = 0; at < source.length; ) {
    const next = source.indexOf(OPENING, at);
    if (next < 0) {
      text += source.slice(at);
      break;
    }
    text += source.slice(at, next);
    if (source.startsWith(OPENING, next + 2)) {
      text += OPENING;
      at = next + 4;
      continue;
    }
    const [whole = "", name = ""] = /^\{\{ *([^{}]*?) *\}\}/.exec(source.slice(next, next + 100)) ?? [];
    const placeholder = PLACEHOLDERS.find((one) => one === name);
    if (placeholder === undefined)
      return { problem: `${RULE}${suggestion(name, PLACEHOLDERS)}`, at: next, got: whole || source.slice(next, next + 20) };
    texts.push(text);
    placeholders.push(placeholder);
    text = "";
    at = next + whole.length;
  }
  return { texts: [...texts, text], placeholders };
}

const RULE = `must have no placeholders but ${PLACEHOLDERS.map((name) => `{{${name}}}`).join(", ")} ({{{{ stands for two braces)`;

export function isTemplate(parsed: Template | TemplateProblem): parsed is Template {
  return "texts" in parsed;
}

/** The text with values in place of placeholders; `json`: escaped as in a JSON string. */
export function fill({ texts, placeholders }: Template, stands: (name: Placeholder) => string | number, json: boolean): string {
  let whole = texts[0] ?? "";
  for (let i = 0; i < placeholders.length; i++) {
    const value = stands(placeholders[i] as Placeholder);
    whole += typeof value === "string" && json ? JSON.stringify(value).slice(1, -1) : value;
    whole += texts[i + 1];
  }
  return whole;
}

/** Sample values, for checks of a template's result. */
export function sampleOf(name: Placeholder): string | number {
  return name === "key" ? "00000000-0000-4000-8000-000000000000" : name === "url" ? "http://127.0.0.1/" : 0;
}

/** True for the media types of JSON (RFC 8259, RFC 6839). */
export function isJsonType(type: string): boolean {
  return /^application\/([\w.-]+\+)?json *(;|$)/i.test(type);
}

export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
