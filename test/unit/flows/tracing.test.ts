import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { context, propagation, type Span, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { DataPipeline, EventBus, type FlowHeaders, MessageQueue, NonRetryableError } from "../../../src/flows/index.ts";
import { temporaryFolder } from "../../support/cli.ts";
import { quiet } from "../../support/flow-oddities.ts";
import { settled } from "../../support/virtual-timers.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = `00-${TRACE}-00f067aa0ba902b7-01`;

describe("F-4 a trace goes on, without OpenTelemetry", () => {
  test("from an event to what its handlers give on, and no further", async () => {
    const bus = new EventBus<Record<string, number>>();
    const seen: [string, FlowHeaders][] = [];
    bus.subscribe("*", ({ type, headers }) => void seen.push([type, headers]));
    const pipeline = DataPipeline.of<number>("p")
      .stage("x", async (value, { headers }) => {
        await null;
        seen.push(["stage", headers]);
        bus.emit("third", value);
        return value;
      })
      .discard();
    bus.subscribe("first", async ({ data }) => {
      await null;
      bus.emit("second", data, { headers: { tenant: "a" } });
      await pipeline.process(data);
    });
    await bus.publish("first", 1, { headers: { traceparent: PARENT, tracestate: "a=1", tenant: "a" } });
    bus.emit("stranger", 1);
    const handed = { traceparent: PARENT, tracestate: "a=1" };
    expect(seen).toEqual([
      ["first", { ...handed, tenant: "a" }],
      ["second", { ...handed, tenant: "a" }],
      ["stage", handed],
      ["third", handed],
      ["stranger", {}],
    ]);
  });

  test.each(["", "00-xyz-1-1", `00-${"0".repeat(32)}-00f067aa0ba902b7-01`, `ff-${TRACE}-00f067aa0ba902b7-01`])(
    "a parent that is not well-formed is not handed on: %p",
    async (traceparent) => {
      const bus = new EventBus<Record<string, number>>();
      let inner: FlowHeaders = {};
      bus.subscribe("outer", () => void bus.emit("inner", 1));
      bus.subscribe("inner", ({ headers }) => {
        inner = headers;
      });
      await bus.publish("outer", 1, { headers: { traceparent } });
      expect(inner).toEqual({});
    },
  );
});

describe("F-4 spans, where OpenTelemetry is used", () => {
  const spans = new InMemorySpanExporter();

  beforeEach(() => {
    spans.reset();
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
  });
  afterEach(() => {
    trace.disable();
    propagation.disable();
    context.disable();
  });

  const within = <R>(name: string, call: (span: Span) => R): R => trace.getTracer("test").startActiveSpan(name, call);
  const finished = () => spans.getFinishedSpans().map((span) => ({ ...span, name: span.name, id: span.spanContext().spanId }));

  test("a handler's span is the child of its publisher's, though it had to wait", async () => {
    const bus = new EventBus<{ order: number }>({ name: "shop", ...quiet });
    bus.subscribe(
      "order",
      async ({ data }) => {
        await null;
        if (data === 2) throw new Error("sold out");
      },
      { concurrency: 1 },
    );
    const parents = await Promise.all(
      [1, 2].map((data) =>
        within(`request ${data}`, async (span) => {
          await bus.publish("order", data);
          span.end();
          return span.spanContext().spanId;
        }),
      ),
    );
    const handled = finished().filter(({ name }) => name === "process order");
    expect(handled.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual(parents);
    expect(handled.map(({ status, kind }) => [status.code, kind])).toEqual([
      [SpanStatusCode.UNSET, SpanKind.CONSUMER],
      [SpanStatusCode.ERROR, SpanKind.CONSUMER],
    ]);
    expect(handled[1]?.events.map(({ name }) => name)).toEqual(["exception"]);
    expect(handled[0]?.attributes).toMatchObject({ "messaging.destination.name": "shop", "messaging.operation.name": "process" });
  });

  test("a parent from elsewhere in the headers is the one that counts, and is handed on as the span within", async () => {
    const bus = new EventBus<Record<string, number>>();
    let inner: FlowHeaders = {};
    bus.subscribe("inner", ({ headers }) => {
      inner = headers;
    });
    bus.subscribe("outer", () => void bus.emit("inner", 1));
    await within("unrelated", (span) => bus.publish("outer", 1, { headers: { traceparent: PARENT } }).finally(() => span.end()));
    const outer = finished().find(({ name }) => name === "process outer");
    expect([outer?.parentSpanContext?.spanId, outer?.parentSpanContext?.traceId]).toEqual(["00f067aa0ba902b7", TRACE]);
    expect(inner["traceparent"]).toBe(`00-${TRACE}-${outer?.id}-01`);
  });

  test.each(["in memory", "in a file"])("a message's handler has a span, the child of its sender's, %s", async (place) => {
    const folder = temporaryFolder();
    const queue = MessageQueue.open<string>("jobs", { ...quiet, ...(place === "in a file" ? { file: join(folder, "q.db") } : {}) });
    // One that is sent where nothing is traced has a span of its own.
    trace.disable();
    await queue.send("stranger");
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
    const parent = await within("request", async (span) => {
      await queue.send("order");
      span.end();
      return span.spanContext().spanId;
    });
    queue.consume(async ({ value }) => {
      await null;
      if (value === "order") throw new NonRetryableError("sold out");
    });
    await queue.drained();
    await queue.stop();
    rmSync(folder, { recursive: true });
    const handled = finished().filter(({ name }) => name === "process jobs");
    expect(handled.map(({ parentSpanContext, status }) => [parentSpanContext?.spanId, status.code])).toEqual([
      [undefined, SpanStatusCode.UNSET],
      [parent, SpanStatusCode.ERROR],
    ]);
    expect(handled[1]?.attributes).toMatchObject({ "messaging.destination.name": "jobs", "messaging.message.id": "2" });
  });

  test("every stage of an item has a span, and one that throws at once says so", async () => {
    const pipeline = DataPipeline.of<number>("prices", quiet)
      .stage("parse", (value) => value)
      .stage("convert", (value) => {
        if (value === 2) throw new Error("no rate");
        return value;
      })
      .discard();
    const results = await within("request", (span) =>
      Promise.allSettled([pipeline.process(1), pipeline.process(2)]).finally(() => span.end()),
    );
    await settled();
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect(finished().map(({ name, status }) => [name, status.code])).toEqual([
      ["process parse", SpanStatusCode.UNSET],
      ["process convert", SpanStatusCode.UNSET],
      ["process parse", SpanStatusCode.UNSET],
      ["process convert", SpanStatusCode.ERROR],
      ["request", SpanStatusCode.UNSET],
    ]);
  });
});
