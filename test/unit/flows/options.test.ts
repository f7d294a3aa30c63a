import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { FlowFace } from "../../../src/flows/http/face.ts";
import { serveFlows } from "../../../src/flows/http/serve.ts";
import {
  Channel,
  DataPipeline,
  EventBus,
  FlowOrchestrator,
  Guard,
  MessageQueue,
  ReactiveStream,
  Service,
} from "../../../src/flows/index.ts";
import { checkBackoff, checkCount, checkDelay, checkOneOf, checkSpan } from "../../../src/flows/options.ts";
import { realTimers } from "../../../src/kernel/timers.ts";
import { temporaryFolder } from "../../support/cli.ts";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

const taken = (check: () => void) => expect(check).not.toThrow();
const refused = (check: () => void, sentence: string) => expect(check).toThrow(new RangeError(sentence));

describe("where what an option of a flow takes ends", () => {
  test("a count begins with its least, is whole, and may be endless", () => {
    for (const count of [3, 4, Number.POSITIVE_INFINITY, undefined]) taken(() => checkCount("n", count, 3));
    for (const count of [2, 3.5, Number.NaN, Number.NEGATIVE_INFINITY])
      refused(() => checkCount("n", count, 3), `n: must be a whole number of at least 3, got ${count}`);
  });

  test("a span is more than nothing, and may be endless", () => {
    for (const span of [0.001, Number.POSITIVE_INFINITY, undefined]) taken(() => checkSpan("ms", span));
    for (const span of [0, -1, Number.NaN]) refused(() => checkSpan("ms", span), `ms: must be more than 0 milliseconds, got ${span}`);
  });

  test("a delay may be nothing, but not endless", () => {
    for (const delay of [0, 5, undefined]) taken(() => checkDelay("ms", delay));
    for (const delay of [-0.001, Number.POSITIVE_INFINITY, Number.NaN])
      refused(() => checkDelay("ms", delay), `ms: must be a number of milliseconds, 0 or more, got ${delay}`);
  });

  test("jitter is a share, nothing and all of it included, or one of two words", () => {
    for (const jitter of [0, 1, 0.5, "none", "full", undefined] as const)
      taken(() => checkBackoff("retry", jitter === undefined ? {} : { jitter }));
    for (const jitter of [-0.001, 1.001, Number.NaN])
      refused(() => checkBackoff("retry", { jitter }), `retry.jitter: must be none, full or a number from 0 to 1, got ${jitter}`);
  });

  test("of a wait between attempts every part is looked at, and none needs to be there", () => {
    taken(() => checkBackoff("retry", undefined));
    taken(() => checkBackoff("retry", { backoff: "linear", baseDelay: 0, maxDelay: 0, jitter: "none" }));
    refused(() => checkBackoff("retry", { baseDelay: -1 }), "retry.baseDelay: must be a number of milliseconds, 0 or more, got -1");
    refused(() => checkBackoff("retry", { maxDelay: -1 }), "retry.maxDelay: must be a number of milliseconds, 0 or more, got -1");
  });

  test("a word is one of those there are", () => {
    for (const word of ["a", "b", undefined]) taken(() => checkOneOf("which", word, ["a", "b"]));
    refused(() => checkOneOf("which", "c", ["a", "b"]), "which: must be a or b, got c");
  });
});

describe("an option that makes no sense is refused by its name, before there is a file", () => {
  const queue = (options: object) => () => MessageQueue.open("q", options);
  const stage = (options: object) => () =>
    DataPipeline.of<number>("p")
      .stage("s", (value) => value, options)
      .discard()
      .stats();
  test.each([
    ["history", () => new EventBus({ history: -5 })],
    ["history", () => new EventBus({ history: Number.NaN })],
    ["retry.max", stage({ retry: { max: Number.NaN } })],
    ["failureThreshold", stage({ circuitBreaker: { failureThreshold: 0, openForMs: 5 } })],
    ["openForMs", stage({ circuitBreaker: { failureThreshold: 1, openForMs: -1 } })],
    ["maxBytes", queue({ maxBytes: -1 })],
    ["durability", queue({ file: join(folder, "never.db"), durability: "powr" })],
    ["order", queue({ order: "keys" })],
    ["groups", queue({ groups: ["a", "a"] })],
    ["groups: must be a list of texts, got a", queue({ groups: "a" })],
    ["groups: must be a list of texts, got 1", queue({ groups: [1] })],
    ["visibilityMs: must be more than 0 milliseconds, got 5", queue({ visibilityMs: "5" })],
    ["busyMs: must be", queue({ busyMs: "5" })],
    ["redis: must be a text, got null", queue({ redis: null })],
    ["redis: must be a text, got 5", queue({ redis: 5 })],
    ["file: must be a text, got 5", queue({ file: 5 })],
    ["a queue's name must be a text of whole characters", () => MessageQueue.open("\ud800")],
  ])("%s", (field, make) => {
    expect(make).toThrow(RangeError);
    expect(make).toThrow(field);
    expect(existsSync(join(folder, "never.db"))).toBe(false);
  });
});

describe("an option that makes no sense is refused with what it must be", () => {
  test.each([
    [() => new Channel(0), "capacity of a channel: must be a whole number of at least 1, got 0"],
    [() => DataPipeline.of("p").batch({ size: 0 }).stats(), "batch, size: must be a whole number of at least 1, got 0"],
    [() => DataPipeline.of("p", { outputBuffer: 0 }).stats(), "outputBuffer: must be"],
    [
      () =>
        DataPipeline.of("p")
          .stage("s", (v) => v, { concurrency: 0 })
          .stats(),
      "s, concurrency: must be",
    ],
    [() => new EventBus<{ a: 1 }>().subscribe("a", () => {}, { concurrency: -3 }), "concurrency: must be"],
    [() => new EventBus<{ a: 1 }>().subscribe("a", () => {}, { timeoutMs: 0 }), "timeoutMs: must be more than 0 milliseconds, got 0"],
    [() => ReactiveStream.of("s", { buffer: 1.5 }), "buffer: must be"],
    [() => MessageQueue.open("q", { groups: [] }), "groups: must name at least one group, got none"],
    [() => MessageQueue.open("q", { visibilityMs: -1 }), "visibilityMs: must be"],
    [() => MessageQueue.open("q").consume(() => {}, { group: "nope" }), 'there is no group "nope"; the groups are default'],
    [() => MessageQueue.open("q").consume(() => {}, { batch: 0 }), "batch: must be"],
  ] as const)("%#", (make, said) => {
    expect(make).toThrow(said);
  });
});

test("timers and stores that lack something are refused with what they lack, before there is a file", () => {
  const { now, wall, after } = realTimers;
  const never = join(folder, "no-timers.db");
  const makers: readonly ((timers: never) => unknown)[] = [
    (timers) => new EventBus({ timers }),
    (timers) => ReactiveStream.of("s", { timers }),
    (timers) => DataPipeline.of("p", { timers }),
    (timers) => new FlowOrchestrator({ timers }),
    (timers) => new FlowFace(new FlowOrchestrator(), { timers }),
    (timers) => new Service("s", async () => {}, timers),
    (timers) => MessageQueue.open("q", { timers, file: never }),
  ];
  const refusals: readonly (readonly [unknown, string])[] = [
    [5, "timers: must be an object, got 5"],
    [null, "timers: must be an object, got null"],
    [{ wall, after }, "timers.now: must be a function, got undefined"],
    [{ now, after }, "timers.wall: must be a function, got undefined"],
    [{ now, wall, after: 5 }, "timers.after: must be a function, got 5"],
    ...["stamp", "pulse", "soon", "random"].map(
      (name) => [{ now, wall, after, [name]: 1 }, `timers.${name}: must be a function, got 1`] as const,
    ),
  ];
  for (const make of makers)
    for (const [timers, sentence] of refusals) expect(() => make(timers as never)).toThrow(new TypeError(sentence));
  expect(existsSync(never)).toBe(false);
  for (const [store, sentence] of [
    ["file.db", "store: must be an object, got file.db"],
    [{}, "store.room: must be a function, got undefined"],
  ] as const)
    expect(() => new MessageQueue("q", store as never)).toThrow(new TypeError(sentence));
});

test("an option that does not exist is refused by its name, with the nearest one that does", () => {
  const stage = (options: object) =>
    DataPipeline.of("p")
      .stage("s", (v) => v, options)
      .stats();
  const refusals: readonly (readonly [() => unknown, string])[] = [
    [() => MessageQueue.open("q", loose({ capcity: 1 })), 'capcity: there is no such option; did you mean "capacity"?'],
    [() => MessageQueue.open("q", loose({ Redis: "redis://h" })), 'Redis: there is no such option; did you mean "redis"?'],
    [() => MessageQueue.open("q", loose({ toString: 1 })), "toString: there is no such option"],
    [
      () => MessageQueue.open("q", { backoff: loose({ maxDelayM: 1 }) }),
      'backoff.maxDelayM: there is no such option; did you mean "maxDelay"?',
    ],
    [
      () => MessageQueue.open("q", { rateLimits: { default: loose({ max: 1, perMs: 1, bye: "key" }) } }),
      'rateLimits.default.bye: there is no such option; did you mean "by"?',
    ],
    [
      () => MessageQueue.open("q").consume(() => {}, loose({ concurency: 2 })),
      'concurency: there is no such option; did you mean "concurrency"?',
    ],
    [() => new EventBus(loose({ histroy: 1 })), 'histroy: there is no such option; did you mean "history"?'],
    [() => ReactiveStream.of("s", loose({ bufer: 1 })), 'bufer: there is no such option; did you mean "buffer"?'],
    [() => ReactiveStream.of("s").subscribe(() => {}, loose({ bufer: 1 })), 'bufer: there is no such option; did you mean "buffer"?'],
    [() => DataPipeline.of("p", loose({ outBuffer: 1 })), 'outBuffer: there is no such option; did you mean "outputBuffer"?'],
    [() => stage({ concurency: 1 }), 's, concurency: there is no such option; did you mean "concurrency"?'],
    [() => stage({ retry: { max: 1, base: 1 } }), 'retry.base: there is no such option; did you mean "baseDelay"?'],
    [() => stage({ circuitBreaker: { failureThreshold: 1, openForMs: 1, half: 1 } }), "circuitBreaker.half: there is no such option"],
    [
      () =>
        DataPipeline.of("p")
          .batch(loose({ size: 1, timeout: 1 }))
          .stats(),
      'batch, timeout: there is no such option; did you mean "timeoutMs"?',
    ],
    [() => new FlowOrchestrator(loose({ chekMs: 1 })), 'chekMs: there is no such option; did you mean "checkMs"?'],
    [
      () => new FlowOrchestrator().register(new EventBus(), loose({ dependOn: [] })),
      'dependOn: there is no such option; did you mean "dependsOn"?',
    ],
  ];
  for (const [make, sentence] of refusals) expect(make).toThrow(new RangeError(sentence));
});

test("what some library has given to all objects is no option of anybody's", () => {
  const everybodys = Object.prototype as unknown as Record<string, unknown>;
  try {
    everybodys["concurency"] = 2;
    expect(new EventBus({ history: 5 }).emit("a" as never, 1 as never, { source: "here" }).source).toBe("here");
    const own = loose(Object.assign(Object.create(null), { concurency: 2 }));
    expect(() => MessageQueue.open("q").consume(() => {}, own)).toThrow("concurency: there is no such option");
  } finally {
    delete everybodys["concurency"];
  }
});

/** `given` as options that no compiler has looked at. */
const loose = (given: object): never => given as never;

test("what goes along with one call is looked at too, where something does", async () => {
  const bus = new EventBus<{ a: number }>();
  const pipeline = DataPipeline.of<number>("p", { onFailure: () => {} }).discard();
  const stream = ReactiveStream.of<number>("s");
  const flows = new FlowOrchestrator();
  const token = "x".repeat(22);
  const heard: number[] = [];
  bus.subscribe("a", ({ data }) => heard.push(data));
  const hear = () => {};
  const noSuch = (name: string, meant: string) => `${name}: there is no such option; did you mean "${meant}"?`;
  const refusals: readonly (readonly [() => unknown, string])[] = [
    [() => bus.subscribe("a", hear, loose({ concurency: 1 })), noSuch("concurency", "concurrency")],
    [() => bus.subscribe("a", hear, { replay: loose({ sinc: 1 }) }), noSuch("replay.sinc", "since")],
    [() => bus.subscribe("a", hear, { replay: false as never }), "replay: must be true, a number of events, or a filter, got false"],
    [() => bus.once("a", hear, loose({ buffer: 1 })), "buffer: there is no such option"],
    [() => bus.events("a", loose({ bufer: 1 })), noSuch("bufer", "buffer")],
    [() => bus.events("a", { replay: -1 }), "replay: must be a whole number of at least 0, got -1"],
    [() => bus.emit("a", 1, loose({ sourc: "x" })), noSuch("sourc", "source")],
    [() => bus.emit("a", 1, loose({ signal: null })), "signal: there is no such option"],
    [() => bus.history(loose({ typ: "a" })), noSuch("typ", "type")],
    [() => bus.history({}, -1), "limit: must be a whole number of at least 0, got -1"],
    [() => pipeline.offer(1, loose({ corelationId: "x" })), noSuch("corelationId", "correlationId")],
    [() => stream.values(loose({ overflw: "latest" })), noSuch("overflw", "overflow")],
    [() => flows.alert(loose({ part: "p", figure: "f", over: 1 })), "alert.over: there is no such option"],
    [() => new FlowFace(flows, loose({ maxBodyByte: 1 })), noSuch("maxBodyByte", "maxBodyBytes")],
    [() => new FlowFace(flows, loose({ expose: { queue: {} } })), noSuch("expose.queue", "queues")],
    [() => new FlowFace(flows, { schemas: loose({ event: {} }) }), noSuch("schemas.event", "events")],
    [() => new FlowFace(flows, { rateLimit: loose({ perSecond: 1, burst: 1, by: 1 }) }), "rateLimit.by: there is no such option"],
    [
      () => new FlowFace(flows, { expose: { events: { a: loose({ access: "publish", shema: {} }) } } }),
      noSuch("expose.events.shema", "schema"),
    ],
    [() => serveFlows(flows, loose({ hostnam: "127.0.0.1", token })), noSuch("hostnam", "hostname")],
  ];
  for (const [make, sentence] of refusals) expect(make).toThrow(new RangeError(sentence));
  const said = (work: Promise<unknown>) => work.then(String, (error) => `${error.name}: ${error.message}`);
  const late = { deadlineMS: 1 };
  const rejections: readonly (readonly [Promise<unknown>, string])[] = [
    [bus.publish("a", 1, loose({ sgnal: 1 })), noSuch("sgnal", "signal")],
    [bus.next("a", loose({ timeoutMs: 1 })), "timeoutMs: there is no such option"],
    [pipeline.feed(1, loose({ field: {} })), noSuch("field", "fields")],
    [pipeline.process(1, loose({ sginal: 1 })), noSuch("sginal", "signal")],
    [pipeline.feed(1, loose({ headers: { a: 1 } })), "headers.a: must be a text, got 1"],
    [bus.stop(loose(late)), noSuch("deadlineMS", "deadlineMs")],
    [pipeline.stop(loose(late)), noSuch("deadlineMS", "deadlineMs")],
    [stream.stop(loose(late)), noSuch("deadlineMS", "deadlineMs")],
    [flows.stop(loose(late)), noSuch("deadlineMS", "deadlineMs")],
    [flows.stop({ deadlineMs: Number.NaN }), "deadlineMs: must be a number of milliseconds, 0 or more, got NaN"],
  ];
  for (const [work, sentence] of rejections) expect(await said(work)).toBe(`RangeError: ${sentence}`);
  expect([heard, pipeline.stats().fed, bus.health().status, stream.health().status]).toEqual([[], 0, "up", "up"]);
});

test("an option that is needed is asked for; options are an object, names are texts", () => {
  const stage = (options: object) => () =>
    DataPipeline.of("p")
      .stage("s", (v) => v, options)
      .stats();
  const refusals: readonly (readonly [() => unknown, string])[] = [
    [() => MessageQueue.open("q", { rateLimits: { default: loose({ perMs: 1 }) } }), "rateLimits.default.max: must be given"],
    [() => MessageQueue.open("q", { rateLimits: { default: loose({ max: 1 }) } }), "rateLimits.default.perMs: must be given"],
    [() => MessageQueue.open("q", { rateLimits: { default: 5 as never } }), "rateLimits.default: must be an object, got 5"],
    [() => MessageQueue.open("q", { backoff: "fast" as never }), "backoff: must be an object, got fast"],
    [() => MessageQueue.open("q", 5 as never), "options: must be an object, got 5"],
    [stage({ retry: {} }), "retry.max: must be given"],
    [stage({ circuitBreaker: { openForMs: 1 } }), "circuitBreaker.failureThreshold: must be given"],
    [stage({ circuitBreaker: { failureThreshold: 1 } }), "circuitBreaker.openForMs: must be given"],
    [() => DataPipeline.of("p").batch(loose({})).stats(), "batch, size: must be given"],
    [() => new EventBus({ name: 5 as never }), "name: must be a text, got 5"],
    [() => new EventBus<{ a: 1 }>().subscribe("a", () => {}, { name: 5 as never }), "name: must be a text, got 5"],
    [() => DataPipeline.of(5 as never), "name: must be a text, got 5"],
    [() => ReactiveStream.of(5 as never), "name: must be a text, got 5"],
    [() => MessageQueue.open("q").consume(() => {}, { name: 5 as never }), "name: must be a text, got 5"],
  ];
  for (const [make, sentence] of refusals) expect(make).toThrow(new RangeError(sentence));
});

test("what is to be called is a function, or refused at once rather than when it would be called", () => {
  const none = 5 as never;
  const refusals: readonly (readonly [() => unknown, string])[] = [
    [() => MessageQueue.open("q").consume(none), "handler: must be a function, got 5"],
    [() => MessageQueue.open("q").consume(() => {}, { onSettled: none }), "onSettled: must be a function, got 5"],
    [() => new EventBus<{ a: 1 }>().subscribe("a", none), "handler: must be a function, got 5"],
    [() => new EventBus<{ a: 1 }>().subscribe(none, () => {}), "types: must be a text or a list of texts, got 5"],
    [() => new EventBus({ onFailure: none }), "onFailure: must be a function, got 5"],
    [() => DataPipeline.of("p").stage("s", none), "s: must be a function, got 5"],
    [() => DataPipeline.of("p").tap("t", none), "t: must be a function, got 5"],
    [() => DataPipeline.of("p").into(none), "into: must be a function, got 5"],
    [() => ReactiveStream.of("s").transform(none), "transformer: must be a function, got 5"],
    [() => ReactiveStream.of("s").filter(none), "filter: must be a function, got 5"],
    [() => ReactiveStream.of("s").subscribe(none), "observer: must be a function or an object, got 5"],
    [() => new FlowOrchestrator().task("t", none), "t: must be a function, got 5"],
  ];
  for (const [make, sentence] of refusals) expect(make).toThrow(new TypeError(sentence));
  expect(() => new FlowOrchestrator().alert({ part: none, figure: "f", above: 1 })).toThrow("alert.part: must be a text, got 5");
});

test("a queue looks at all that goes along with what it is asked", async () => {
  await using queue = MessageQueue.open<number>("q");
  const said = (work: Promise<unknown>) => work.then(String, (error) => `${error.name}: ${error.message}`);
  expect(await said(queue.send(1, loose({ kee: 1 })))).toBe('RangeError: kee: there is no such option; did you mean "key"?');
  expect(await said(queue.sendAll([1], loose({ kee: 1 })))).toBe('RangeError: kee: there is no such option; did you mean "key"?');
  expect(await said(queue.send(1, loose({ idempotencyKey: "i", replace: "yes" })))).toBe(
    "QueueError: replace: must be true or false, got yes",
  );
  expect(await said(queue.list(loose({ stat: "dead" })))).toBe('RangeError: stat: there is no such option; did you mean "state"?');
  expect(await said(queue.purge(loose({ were: 1 })))).toBe('RangeError: were: there is no such option; did you mean "where"?');
  expect(await said(queue.sendAll(5 as never))).toBe("TypeError: values: must be a list, got 5");
  expect(await said(queue.send(1, loose({ whenFull: "rejct" })))).toBe("QueueError: whenFull: must be reject, got rejct");
  expect(await said(queue.settled(1, loose({ grup: "a" })))).toBe('RangeError: grup: there is no such option; did you mean "group"?');
  expect(await said(queue.drained(loose({ grup: "a" })))).toBe('RangeError: grup: there is no such option; did you mean "group"?');
  expect(await said(queue.stop(loose({ deadline: 1 })))).toBe('RangeError: deadline: there is no such option; did you mean "deadlineMs"?');
  expect(await said(queue.consume(() => {}).stop(-1))).toBe("RangeError: deadlineMs: must be a number of milliseconds, 0 or more, got -1");
  const every = (rule: object, options: object = {}, name = "s") => expect(() => queue.schedule(name, loose(rule), 1, loose(options)));
  every({ every: 5 }).toThrow(new RangeError('schedule.every: there is no such option; did you mean "everyMs"?'));
  every({ everyMs: Number.POSITIVE_INFINITY }).toThrow("everyMs: must be at most 1000000000000, got Infinity");
  every({ everyMs: 5, timeZone: "UTC" }).toThrow("timeZone: goes with `cron`");
  every({ everyMs: 5 }, { prioritty: 1 }).toThrow(new RangeError('prioritty: there is no such option; did you mean "priority"?'));
  every({ everyMs: 5 }, { idempotencyKey: "i" }).toThrow("idempotencyKey: there is no such option");
  every({ everyMs: 5 }, { priority: 5000 }).toThrow("priority: must be a whole number from -1000 to 1000, got 5000");
  every({ everyMs: 5 }, {}, "x".repeat(600)).toThrow("idempotencyKey: must be a text of 1 to 512 characters");
  expect((await queue.depth()).ready).toBe(0);
});

test("an id is a number: a text in its place is refused, with the number that is meant", async () => {
  await using queue = MessageQueue.open<number>("q", { resultMs: 1000 });
  await queue.send(5);
  const said = (work: Promise<unknown>) => work.then(String, (error) => `${error.name}: ${error.message}`);
  const text = loose("1" as never);
  const asks: Readonly<Record<string, (id: never) => Promise<unknown>>> = {
    settled: (id) => queue.settled(id),
    stateOf: (id) => queue.stateOf(id),
    result: (id) => queue.result(id),
    progress: (id) => queue.progress(id),
    cancel: (id) => queue.cancel(id),
  };
  for (const ask of Object.values(asks)) {
    expect(await said(ask(text))).toBe('RangeError: id: must be a whole number, got "1"; did you mean 1, without quotes?');
    expect(await said(ask(loose("one" as never)))).toBe('RangeError: id: must be a whole number, got "one"');
    expect(await said(ask(1.5 as never))).toBe("RangeError: id: must be a whole number, got 1.5");
    expect(await said(ask(undefined as never))).toBe("RangeError: id: must be a whole number, got undefined");
  }
  expect(await said(queue.redrive("default", ["1" as never]))).toBe(
    'RangeError: which[0]: must be a whole number, got "1"; did you mean 1, without quotes?',
  );
  expect(await said(queue.redrive("default", "some" as never))).toBe(
    'RangeError: which: must be "all", a function or a list of ids, got some',
  );
  expect(await said(queue.redrive([1] as never))).toBe("RangeError: group: must be a text, got 1");
  expect([await queue.stateOf(1), await queue.stateOf(2)]).toEqual(["waiting", "unknown"]);
  expect([await queue.cancel(2), await queue.redrive("default", [2])]).toEqual([false, 0]);
});

test("what is of another kind than it must be is refused rather than taken for something", async () => {
  const bus = new EventBus<{ a: number }>();
  const pipeline = DataPipeline.of<number>("p", { onFailure: () => {} }).discard();
  const stream = ReactiveStream.of<number>("s");
  const flows = new FlowOrchestrator();
  const queue = MessageQueue.open<number>("q");
  const hear = () => {};
  const five = 5 as never;
  const stage = (options: object) =>
    DataPipeline.of("p")
      .stage("s", (v) => v, options)
      .stats();
  const signal = "signal: must be an AbortSignal, got 5";
  const refusals: readonly (readonly [() => unknown, string])[] = [
    [() => new Guard(loose({ timeout: 5 }), realTimers), 'timeout: there is no such option; did you mean "timeoutMs"?'],
    [() => new Guard(five, realTimers), "options: must be an object, got 5"],
    [() => new Guard({ retry: { max: 1, when: five } }, realTimers), "retry.when: must be a function, got 5"],
    [() => stage({ ordered: "no" }), "s, ordered: must be true or false, got no"],
    [() => stage({ fallback: 5 }), "s, fallback: must be a function, got 5"],
    [() => DataPipeline.of("p").stage(five, hear), "name: must be a text, got 5"],
    [() => DataPipeline.of("p").batch({ size: 1 }, five), "name: must be a text, got 5"],
    [() => pipeline.offer(1, { signal: five }), signal],
    [() => pipeline.offer(1, { correlationId: five }), "correlationId: must be a text, got 5"],
    [() => bus.emit("a", 1, { source: five }), "source: must be a text, got 5"],
    [() => bus.subscribe("a", hear, { source: five }), "source: must be a text or a list of texts, got 5"],
    [() => bus.subscribe("a", hear, { source: [five] }), "source: must be a text or a list of texts, got 5"],
    [() => bus.events("a", { signal: five }), signal],
    [() => bus.history({ type: five }), "type: must be a text or a list of texts, got 5"],
    [() => bus.history({ source: five }), "source: must be a text or a list of texts, got 5"],
    [() => stream.subscribe(hear, { signal: five }), signal],
    [() => stream.subscribe(hear, { name: five }), "name: must be a text, got 5"],
    [() => MessageQueue.open("q", { rateLimits: five }), "rateLimits: must be an object, got 5"],
    [() => queue.schedule(five, { everyMs: 5 }, 1), "name: must be a text, got 5"],
    [() => queue.schedule("s", { cron: five }, 1), "cron: must be a text, got 5"],
    [() => queue.schedule("s", { cron: "0 3 * * *", timeZone: five }, 1), "timeZone: must be a text, got 5"],
    [() => new FlowOrchestrator({ name: five }), "name: must be a text, got 5"],
    [() => new FlowOrchestrator({ log: five }), "log: must be a function, got 5"],
    [() => flows.register(five), "part: must have a name, stop, stats and health, got 5"],
    [() => flows.register(new EventBus(), { dependsOn: "db" as never }), "dependsOn: must be a list of texts, got db"],
    [() => flows.alert({ part: "p", figure: "f", above: 1 }, five), "onCrossing: must be a function, got 5"],
    [() => flows.alert({ part: "p", figure: "f", above: 1, perSecond: five }), "alert.perSecond: must be true or false, got 5"],
    [() => new Service(five, async () => {}), "name: must be a text, got 5"],
    [() => new FlowFace(flows, { token: five }), "token: must be a text, got 5"],
    [() => new FlowFace(flows, { allowedHosts: "a.example" as never }), "allowedHosts: must be a list of texts, got a.example"],
    [() => new FlowFace(flows, { allowedOrigins: five }), "allowedOrigins: must be a list of texts, got 5"],
    [() => new FlowFace(flows, { onError: five }), "onError: must be a function, got 5"],
    [() => new FlowFace(flows, { expose: { reports: "no" as never } }), "expose.reports: must be true or false, got no"],
    [() => new FlowFace(flows, { schemas: { queues: { q: five } } }), "schemas.queues.q: must be a schema by Standard Schema, got 5"],
    [
      () => new FlowFace(flows, { expose: { events: { a: { access: "publish", schema: five } } } }),
      "expose.events.schema: must be a schema by Standard Schema, got 5",
    ],
    [() => serveFlows(flows, { port: 70_000 }), "port: must be at most 65535, got 70000"],
    [() => serveFlows(flows, { hostname: five }), "hostname: must be a text, got 5"],
  ];
  for (const [make, sentence] of refusals) expect(make).toThrow(sentence);
  const said = (work: Promise<unknown>) => work.then(String, (error) => error.message);
  const rejections: readonly (readonly [Promise<unknown>, string])[] = [
    [bus.publish("a", 1, { signal: five }), signal],
    [bus.next("a", { signal: five }), signal],
    [pipeline.feed(1, { signal: five }), signal],
    [queue.send(1, { signal: five }), signal],
    [queue.settled(1, { signal: five }), signal],
    [queue.drained({ signal: five }), signal],
    [queue.drained({ group: five }), "group: must be a text, got 5"],
    [queue.purge({ where: five }), "where: must be a function, got 5"],
    [queue.depth(five), "group: must be a text, got 5"],
  ];
  for (const [work, sentence] of rejections) expect(await said(work)).toBe(sentence);
  expect([pipeline.stats().fed, bus.stats().subscribers, (await queue.depth()).ready]).toEqual([0, [], 0]);
  await queue.stop();
});
