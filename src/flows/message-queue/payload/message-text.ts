import { type FlowHeaders, NO_HEADERS } from "../../headers.ts";
import type { NewMessage } from "../store.ts";
import { textOf } from "./payload.ts";
import { decode } from "./text.ts";

/** Begins the text of a message that has headers: no payload's text does. */
const MARK = "#";

/** The text of a message: that of its payload, after a line with its headers in JSON, where it has any: `#{"tenant":"a"}`. */
export function messageText({ value, terms }: NewMessage): string {
  return terms.headers === NO_HEADERS ? textOf(value) : `${MARK}${JSON.stringify(terms.headers)}\n${textOf(value)}`;
}

export function payloadIn(text: string): unknown {
  return decode(text.startsWith(MARK) ? text.slice(text.indexOf("\n") + 1) : text);
}

export function headersIn(text: string): FlowHeaders {
  return text.startsWith(MARK) ? Object.freeze(JSON.parse(text.slice(MARK.length, text.indexOf("\n")))) : NO_HEADERS;
}
