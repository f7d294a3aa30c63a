import { createRequire } from "node:module";
import { isThenable, promiseOf } from "../kernel/promises.ts";
import { checkHeaders, type FlowHeaders, inTrace, NO_HEADERS, noTraceYet, withTrace } from "./headers.ts";

/** The parts of `@opentelemetry/api` that are used; the package is an optional peer, so its own types may be missing. */
interface Api {
  readonly trace: {
    getTracer(name: string): { startSpan(name: string, options: object, context: unknown): Span };
    setSpan(context: unknown, span: Span): unknown;
  };
  readonly context: { active(): unknown; with<R>(context: unknown, call: () => R): R };
  readonly propagation: { inject(context: unknown, carrier: object): void; extract(context: unknown, carrier: object): unknown };
}

interface Span {
  recordException(error: unknown): void;
  setStatus(status: { readonly code: number; readonly message?: string }): unknown;
  end(): void;
}

/** What is done with a thing while a span of it is open (OpenTelemetry's conventions for messaging). */
export interface Handling {
  /** Verb of the span's name. */
  readonly operation: "process" | "send";
  /** Object of the span's name: the event's type, the queue, the stage. */
  readonly destination: string;
  readonly part: string;
  /** Id of the event or message; null: it has none. */
  readonly id: string | null;
}

/** Set by `@opentelemetry/api`, version 1, once an application has registered a tracer provider. */
const REGISTERED = Symbol.for("opentelemetry.js.api.1");
const KIND = { send: 3, process: 4 } as const;
const STATUS_ERROR = 2;

type Registry = Record<symbol, { readonly trace?: unknown } | undefined>;

let loaded: Api | null = null;

/** OpenTelemetry, where an application has registered a tracer provider; else null, at the cost of one look-up. */
function openTelemetry(): Api | null {
  if ((globalThis as unknown as Registry)[REGISTERED]?.trace === undefined) return null;
  loaded ??= load();
  return loaded;
}

function load(): Api | null {
  try {
    return createRequire(import.meta.url)("@opentelemetry/api") as Api;
  } catch {
    return null;
  }
}

/** True when nothing can be traced: no provider is registered, and nothing that bore a trace has been handled. */
export function isUntraced(): boolean {
  return (globalThis as unknown as Registry)[REGISTERED] === undefined && noTraceYet();
}

/** Headers of what has none but is to have a span. */
const SPAN_ONLY: FlowHeaders = Object.freeze({});

/**
 * The headers that something leaves with: the given ones, and the trace of its sender. `NO_HEADERS` when there is nothing to trace: its
 * handler may then be called without `traced`. Throws a sentence for invalid headers.
 */
export function headersOf(given: FlowHeaders | undefined): FlowHeaders {
  return given === undefined && isUntraced() ? NO_HEADERS : headersWithTrace(given);
}

function headersWithTrace(given: FlowHeaders | undefined): FlowHeaders {
  const api = openTelemetry();
  checkHeaders("headers", given);
  if (api === null || given?.["traceparent"] !== undefined) return withTrace(given);
  const own: Record<string, string> = {};
  api.propagation.inject(api.context.active(), own);
  if (own["traceparent"] !== undefined) return { ...given, ...own };
  const headers = withTrace(given);
  return headers === NO_HEADERS ? SPAN_ONLY : headers;
}

/** Calls a handler inside the trace that the headers name, and in a span of its own where OpenTelemetry is used. */
export function traced<R>(headers: FlowHeaders, handling: Handling, call: () => R): R {
  const api = openTelemetry();
  return api === null ? inTrace(headers, call) : inSpan(api, headers, handling, call);
}

function inSpan<R>(api: Api, headers: FlowHeaders, { operation, destination, part, id }: Handling, call: () => R): R {
  const active = api.context.active();
  const parent = headers["traceparent"] === undefined ? active : api.propagation.extract(active, headers);
  const attributes = {
    "messaging.system": "lab-tui",
    "messaging.destination.name": part,
    "messaging.operation.name": operation,
    ...(id === null ? {} : { "messaging.message.id": id }),
  };
  const span = api.trace.getTracer("lab-tui/flows").startSpan(`${operation} ${destination}`, { kind: KIND[operation], attributes }, parent);
  const failed = (error: unknown) => {
    span.recordException(error instanceof Error ? error : String(error));
    span.setStatus({ code: STATUS_ERROR, message: error instanceof Error ? error.message : String(error) });
    span.end();
  };
  let answer: R;
  try {
    answer = api.context.with(api.trace.setSpan(parent, span), () => inTrace(headers, call));
  } catch (error) {
    failed(error);
    throw error;
  }
  if (isThenable(answer)) promiseOf(answer).then(() => span.end(), failed);
  else span.end();
  return answer;
}
