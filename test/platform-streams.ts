import { resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { DataPipeline } from "../src/flows/index.ts";

/**
 * The platform's own tests of any readable stream, `streams/resources/rs-test-templates.js` of web-platform-tests, run on those of pipelines.
 * A development check: `bun test/platform-streams.ts CHECKOUT`, with a checkout of github.com/web-platform-tests/wpt.
 */
type Body = (context: typeof CONTEXT) => unknown;
type Template = (label: string, factory: () => unknown, of?: unknown) => void;

const CONTEXT = {
  unreached_func: (text: string) => () => {
    throw new Error(text);
  },
};

const tests: { readonly name: string; readonly body: Body }[] = [];
const add = (body: Body, name: string) => tests.push({ name, body });

function holds(right: boolean, text = "does not hold"): void {
  if (!right) throw new Error(text);
}

function throws(kind: ErrorConstructor, call: () => unknown, text?: string): void {
  try {
    call();
  } catch (error) {
    holds(error instanceof kind, text);
    return;
  }
  holds(false, text);
}

const rejects = (promise: Promise<unknown>, fits: (error: unknown) => boolean, text?: string) =>
  promise.then(
    () => holds(false, text ?? "was fulfilled"),
    (error: unknown) => holds(fits(error), text ?? `was rejected with ${String(error)}`),
  );

/** What the templates expect of the harness. */
Object.assign(globalThis, {
  test: add,
  promise_test: add,
  delay: (ms: number) => Bun.sleep(ms),
  assert_true: (value: unknown, text?: string) => holds(value === true, text),
  assert_false: (value: unknown, text?: string) => holds(value === false, text),
  assert_equals: (a: unknown, b: unknown, text?: string) => holds(Object.is(a, b), text),
  assert_not_equals: (a: unknown, b: unknown, text?: string) => holds(!Object.is(a, b), text),
  assert_object_equals: (a: unknown, b: unknown, text?: string) => holds(isDeepStrictEqual({ ...(a as object) }, b), text),
  assert_throws_js: throws,
  promise_rejects_js: (_: unknown, kind: ErrorConstructor, promise: Promise<unknown>, text?: string) =>
    rejects(promise, (error) => error instanceof kind, text),
  promise_rejects_exactly: (_: unknown, expected: unknown, promise: Promise<unknown>, text?: string) =>
    rejects(promise, (error) => error === expected, text),
});

const reason = new Error("reason");
const chunks = ["a", "b"];
/** As many streams as a template takes, in the state that it describes by the time its tests run. */
const ENOUGH = 30;

async function prepared(prepare: (pipeline: DataPipeline<string>) => unknown): Promise<() => ReadableStream<string>> {
  const streams = Array.from({ length: ENOUGH }, () => {
    const pipeline = DataPipeline.of<string>("p", { onFailure: () => {} });
    const { readable } = pipeline;
    void prepare(pipeline);
    return readable;
  });
  await Bun.sleep(10);
  return () => streams.pop() as ReadableStream<string>;
}

const fed = (pipeline: DataPipeline<string>) => Promise.all(chunks.map((chunk) => pipeline.feed(chunk)));
const STATES: Readonly<Record<string, (pipeline: DataPipeline<string>) => unknown>> = {
  Empty: () => {},
  Closed: (pipeline) => pipeline.close(),
  Errored: (pipeline) => pipeline.writable.abort(reason),
  TwoChunksOpen: fed,
  TwoChunksClosed: (pipeline) => fed(pipeline).then(() => pipeline.close()),
};

const folder = process.argv[2];
if (folder === undefined) throw new Error("needs a checkout of web-platform-tests");
await import(resolve(folder, "streams/resources/rs-test-templates.js"));
const templates = globalThis as unknown as Record<string, Template | undefined>;
for (const [state, prepare] of Object.entries(STATES)) {
  const of = state === "Errored" ? reason : chunks;
  const factory = await prepared(prepare);
  templates[`templatedRS${state}`]?.("a pipeline's readable", factory, of);
  templates[`templatedRS${state}SyncOnly`]?.("a pipeline's readable", factory, of);
  const withReader = () => {
    const stream = factory();
    return { stream, reader: stream.getReader() };
  };
  templates[`templatedRS${state}Reader`]?.(`a pipeline's readable, ${state}`, withReader, of);
}

let failed = 0;
for (const { name, body } of tests) {
  try {
    await body(CONTEXT);
  } catch (error) {
    failed++;
    console.log(`failed: ${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
console.log(`${tests.length - failed} of ${tests.length} tests of web-platform-tests pass`);
process.exit(failed === 0 ? 0 : 1);
