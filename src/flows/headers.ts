import { AsyncLocalStorage } from "node:async_hooks";

/** Pairs of text that accompany an event, an item or a message, as those of an HTTP request do. */
export type FlowHeaders = Readonly<Record<string, string>>;

export const NO_HEADERS: FlowHeaders = Object.freeze({});

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-|$)/;
const LONGEST_TRACESTATE = 512;

/**
 * Trace headers of what is being handled: what its handler gives to other parts belongs to the same trace. Made when something that bears a
 * trace is handled first: with one in a process every promise costs more.
 */
let handling: AsyncLocalStorage<FlowHeaders> | null = null;

/** True until something that bears a trace is handled. */
export function noTraceYet(): boolean {
  return handling === null;
}

/** Throws a sentence when something given as headers is none. */
export function checkHeaders(what: string, headers: unknown): void {
  if (headers === undefined) return;
  if (typeof headers !== "object" || headers === null || Array.isArray(headers))
    throw new RangeError(`${what}: must be an object of names and texts, got ${String(headers)}`);
  for (const [name, value] of Object.entries(headers))
    if (typeof value !== "string") throw new RangeError(`${what}.${name}: must be a text, got ${String(value)}`);
}

/** Those of the trace among some headers; none where the parent is not well-formed, as the standard demands. */
export function traceHeaders(read: (name: string) => string | null | undefined): FlowHeaders {
  const traceparent = read("traceparent") ?? "";
  if (!TRACEPARENT.test(traceparent)) return NO_HEADERS;
  const tracestate = read("tracestate") ?? "";
  return tracestate === "" || tracestate.length > LONGEST_TRACESTATE ? { traceparent } : { traceparent, tracestate };
}

/** The given headers with the trace of what is being handled, unless they name one of their own. */
export function withTrace(given: FlowHeaders | undefined): FlowHeaders {
  const trace = handling?.getStore();
  if (trace === undefined || given?.["traceparent"] !== undefined) return given ?? NO_HEADERS;
  return given === undefined ? trace : { ...given, ...trace };
}

/** Calls a handler inside the trace that the headers name, if they name one. */
export function inTrace<R>(headers: FlowHeaders, call: () => R): R {
  if (headers["traceparent"] === undefined) return call();
  handling ??= new AsyncLocalStorage();
  return handling.run(
    traceHeaders((name) => headers[name]),
    call,
  );
}
