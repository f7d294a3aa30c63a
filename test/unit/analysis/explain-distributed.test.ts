import { describe, expect, test } from "bun:test";
import { explain } from "../../../src/analysis/explain.ts";
import { Random } from "../../../src/kernel/random.ts";
import { type Scenario, scenarioSchema } from "../../../src/scenario/schema.ts";
import type { DistributedFigures, HostFigures } from "../../../src/telemetry/distributed-figures.ts";
import type { MeasuredCase } from "../../../src/telemetry/result.ts";
import { rounds } from "../../support/campaign.ts";
import { unborne } from "../../support/claims/check.ts";
import type { Told } from "../../support/claims/claim.ts";
import { DISTRIBUTED_CLAIMS } from "../../support/claims/distributed.ts";
import { MACHINE_CLAIMS } from "../../support/claims/machine.ts";
import { MESSAGE_CLAIMS } from "../../support/claims/message.ts";
import { Draw } from "../../support/draw.ts";
import { caseResult } from "../../support/results.ts";

const GRAMMAR = [...DISTRIBUTED_CLAIMS, ...MESSAGE_CLAIMS, ...MACHINE_CLAIMS];
const BASE = caseResult({ mode: "distributed" });

const STREAMS: DistributedFigures = {
  ...{ server: "redis 8.0.2", serverUse: 0.1, partitions: 64, commits: 100, refused: 0, claims: 0, redeliveries: 0, resent: 0 },
  ...{ roundTripMs: 0.1, startSkewMs: 0.2 },
};
const host = (name: string, change: Partial<HostFigures> = {}): HostFigures => ({
  ...{ name, cores: 4, slots: 2, processed: 500, clockOffsetMs: 0.1, clockErrorMs: 0.05, clockDriftMs: 0, startSkewMs: 0.2, cpuMs: 1800 },
  ...{ status: "ok", ...change },
});

interface Sketch {
  readonly scenario: Scenario;
  /** Per second. */
  readonly done: number;
  readonly came: number;
  /** Milliseconds. */
  readonly service: number;
  readonly sojourn: number;
  readonly size: number;
  readonly main: number;
  readonly hosts: readonly HostFigures[];
  readonly streams: Partial<DistributedFigures>;
  readonly bottleneck: string;
}

const SKETCH: Sketch = {
  ...{ scenario: scenarioOf({}), done: 400, came: 800, service: 10, sojourn: 500, size: 5, main: 0.2, hosts: [host("a"), host("b")] },
  ...{ streams: {}, bottleneck: "workers" },
};

function scenarioOf(change: object): Scenario {
  return scenarioSchema.parse({
    title: "x",
    modes: ["distributed"],
    work: { kind: "cpu", time: "10ms" },
    keys: { count: 1000 },
    ...change,
  });
}

/** A case of two seconds with these figures. */
function told(change: Partial<Sketch>): Told {
  const { scenario, done, came, service, sojourn, size, main, hosts, streams, bottleneck } = { ...SKETCH, ...change };
  const times = (mean: number) => ({
    ...BASE.latency.sojourn,
    ...{ count: Math.round(2 * done), mean, stddev: mean / 10, min: mean / 2, p50: mean, p75: mean, p90: mean * 1.1 },
    ...{ p95: mean * 1.2, p99: mean * 1.3, p99_9: mean * 1.3, max: mean * 1.4 },
  });
  const [scheduled, processed] = [Math.round(2 * came), Math.round(2 * done)];
  const before = Math.max(0, sojourn - service);
  const result: MeasuredCase = {
    ...BASE,
    ...{ disturbed: null, durationMs: 2000, throughput: done, offeredRate: came, intakeRate: done, series: [], cores: cores(4) },
    ledger: { ...BASE.ledger, scheduled, processed, unfinished: scheduled - processed },
    latency: { ...BASE.latency, sojourn: times(sojourn), service: times(service), queue: times(before * 0.9), batch: times(before * 0.1) },
    batches: { count: Math.round((2 * done) / size), meanSize: size, limit: scenario.distributed.batch },
    process: { ...BASE.process, cpuMs: 4000, threads: threadsOf(main, hosts) },
    predicted: { ...BASE.predicted, bottleneck, throughput: done, sojournMean: sojourn, capacity: done },
    hosts,
    distributed: { ...STREAMS, partitions: scenario.distributed.partitions, ...streams },
  };
  return { result, scenario };
}

/** The runner's thread, and the slots of each host with what its process used. */
function threadsOf(main: number, hosts: readonly HostFigures[]) {
  const slots = hosts.flatMap(({ name, slots, cpuMs }) =>
    Array.from({ length: slots }, (_, i) => ({ name: `${name}/${i}`, utilization: cpuMs === null ? null : cpuMs / 2000 / slots })),
  );
  return [{ name: "main", utilization: main }, ...slots];
}

function cores(count: number) {
  return Array.from({ length: count }, (_, core) => ({ core, utilization: 0.5 }));
}

const explained = (change: Partial<Sketch>) => {
  const one = told(change);
  return explain(one.result, one.scenario);
};

/** Slots that wait 5 ms for Redis with each batch of ten, whose work takes no time. */
const FAR: Partial<Sketch> = {
  ...{ scenario: scenarioOf({ work: { kind: "none" }, distributed: { batch: 10 } }), came: 20_000 },
  ...{ service: 0, size: 10, streams: { roundTripMs: 5 } },
};

describe("a case of distributed is explained", () => {
  test("by the slots of all hosts, and more workers help where they are elsewhere", () => {
    const text = explained({ scenario: scenarioOf({ distributed: { redis: "redis://10.0.0.5:6379" } }) });
    expect(text).toStartWith(
      "The slots are the limit: 4 ÷ 10.0 ms is 400/s, those of 2 workers; 400 messages/s went through. More workers would help.",
    );
  });

  test("by the cores that its own workers share", () => {
    expect(explained({})).toStartWith(
      "The cores are the limit: the 4 slots of 2 workers share the machine's 4 cores with Redis and the runner, and 4 ÷ 10.0 ms is 400/s; 400 messages/s went through. More cores, or less work, would help.",
    );
  });

  test("by Redis, which has one thread, and fewer calls help where batches are full", () => {
    const busy = {
      scenario: scenarioOf({ work: { kind: "none" } }),
      service: 0.001,
      done: 90_000,
      came: 200_000,
      streams: { serverUse: 0.97 },
    };
    expect(explained({ ...busy, size: 40 })).toStartWith(
      "Redis is the limit: its one thread was computing 97 % of the time, at 90.0 k messages/s. 2",
    );
    expect(explained({ ...busy, size: 100 })).toContain("A larger distributed.batch would spare it calls.");
  });

  test("by the runner, whatever else is busy", () => {
    const text = explained({ main: 0.97, streams: { serverUse: 0.9 } });
    expect(text).toStartWith("The runner is the limit: it was computing 97 % of the time");
  });

  test("by a partition with more than its share, and by its busiest key where that is why", () => {
    const uneven = { scenario: scenarioOf({ keys: { count: 1000, distribution: "zipf", exponent: 2 } }), done: 160, came: 400 };
    expect(explained(uneven)).toContain("One partition is the limit: its messages are worked by one slot at a time, 1 ÷ 10.0 ms is 100/s");
    expect(explained(uneven)).toContain("Its busiest key alone has 61 %: only several keys in its place would help.");
  });

  test("by partitions that are fewer than slots", () => {
    const few = { scenario: scenarioOf({ distributed: { partitions: 2 } }), done: 200, came: 800 };
    expect(explained(few)).toContain(
      "The number of partitions is the limit: each is worked by one slot at a time, 2 ÷ 10.0 ms is 200/s, and there are 4 slots; 200 messages/s went through. More distributed.partitions would help.",
    );
  });

  test("by round trips that are longer than the work of a batch", () => {
    const far = {
      scenario: scenarioOf({ work: { kind: "none" }, distributed: { batch: 10 } }),
      service: 0.01,
      size: 10,
      streams: { roundTripMs: 5 },
    };
    expect(explained({ ...far, done: 7800, came: 20_000 })).toContain(
      "Round trips are the limit: for each batch of 10 a slot waits 5.00 ms for Redis, and its work takes 100 µs; 7.80 k messages/s went through. A larger distributed.batch, or more workers, would help.",
    );
  });

  test("and no worker is asked for where the cores that they share have no time for it", () => {
    const scenario = scenarioOf({ work: { kind: "cpu", time: "490us" }, distributed: { batch: 10 } });
    const computing = (done: number) => explained({ ...FAR, scenario, service: 0.49, done });
    expect(
      [computing(6500), computing(6540)].map((text) => /Round trips are the limit: .*? (A larger .*? would help\.)/.exec(text)?.[1]),
    ).toEqual(["A larger distributed.batch, or more workers, would help.", "A larger distributed.batch would help."]);
  });

  test("by the arrivals where nothing waits", () => {
    expect(explained({ done: 100, came: 100, sojourn: 11, bottleneck: "arrivals" })).toStartWith(
      "The arrivals are the limit: all 200 messages were processed",
    );
  });

  test.each<[string, string, Partial<Sketch>, Partial<Sketch>]>([
    ["the runner, which computes nine tenths of the time", "The runner is the limit", { main: 0.9 }, { main: 0.89 }],
    [
      "Redis, which computes four fifths of the time",
      "Redis is the limit",
      { streams: { serverUse: 0.8 } },
      { streams: { serverUse: 0.79 } },
    ],
    ["the cores of its slots, four fifths of which are at work", "The cores are the limit", { done: 320 }, { done: 319 }],
    [
      "the slots elsewhere, four fifths of which are at work",
      "The slots are the limit",
      { scenario: scenarioOf({ distributed: { redis: "redis://10.0.0.5:6379" } }), done: 320 },
      { scenario: scenarioOf({ distributed: { redis: "redis://10.0.0.5:6379" } }), done: 319 },
    ],
    [
      "one partition, which is held nine tenths of the time",
      "One partition is the limit",
      { scenario: scenarioOf({ keys: { count: 1 } }), done: 90 },
      { scenario: scenarioOf({ keys: { count: 1 } }), done: 89 },
    ],
    [
      "the partitions, which are held four fifths of the time",
      "The number of partitions is the limit",
      { scenario: scenarioOf({ distributed: { partitions: 2 } }), done: 160 },
      { scenario: scenarioOf({ distributed: { partitions: 2 } }), done: 159 },
    ],
    [
      "partitions that are fewer than slots",
      "The number of partitions is the limit",
      { scenario: scenarioOf({ distributed: { partitions: 3 } }), done: 300 },
      { scenario: scenarioOf({ distributed: { partitions: 4 } }), done: 300 },
    ],
    [
      "round trips, which take four fifths of what slots and batches on their way can do",
      "Round trips are the limit",
      { ...FAR, done: 6400 },
      { ...FAR, done: 6390 },
    ],
    [
      "round trips that are longer than the work",
      "Round trips are the limit",
      { ...FAR, done: 6400, service: 0.1, streams: { roundTripMs: 5 } },
      { ...FAR, done: 6400, service: 0.5, streams: { roundTripMs: 5 } },
    ],
  ])("by %s, and not before", (_, sentence, at, before) => {
    expect(explained(at)).toStartWith(sentence);
    expect(explained(before)).not.toContain(sentence);
  });

  test("more partitions help where there are keys for them, larger batches where those are full to a twentieth", () => {
    const partitions = (count: number) =>
      explained({ scenario: scenarioOf({ distributed: { partitions: 2 }, keys: { count } }), done: 200 });
    expect([partitions(3), partitions(2)].map((text) => text.includes("More distributed.partitions would help."))).toEqual([true, false]);
    const batches = (size: number) => explained({ streams: { serverUse: 0.9 }, size });
    expect([batches(95), batches(94)].map((text) => text.includes("A larger distributed.batch would spare it calls."))).toEqual([
      true,
      false,
    ]);
  });

  test("in sentences that its figures bear, whatever these are", () => {
    const wrong: string[] = [];
    const seen = new Set<string>();
    for (let i = 0; i < rounds(100, 20_000); i++) {
      const one = told(drawn(new Draw(new Random(7, `explained ${i}`))));
      const text = explain(one.result, one.scenario);
      seen.add(/^[A-Za-z ]+ (is|are) the limit/.exec(text)?.[0] ?? "");
      for (const why of unborne(text, one, GRAMMAR)) wrong.push(`case ${i}: ${why}`);
    }
    expect(wrong).toEqual([]);
    const limits = [
      "The runner is",
      "Redis is",
      "One partition is",
      "The number of partitions is",
      "Round trips are",
      "The slots are",
      "The arrivals are",
    ];
    expect(limits.filter((limit) => !seen.has(`${limit} the limit`))).toEqual([]);
  });
});

function drawn(draw: Draw): Partial<Sketch> {
  const partitions = draw.of(1, 2, 4, 16, 64);
  const batch = draw.of(1, 10, 100);
  const kind = draw.of("cpu", "io", "none", "sleep");
  const scenario = scenarioOf({
    work: { kind, time: "5ms" },
    keys: { count: draw.of(1, 5, 100, 1000), distribution: draw.of("uniform", "round-robin", "zipf"), exponent: draw.of(0.7, 1.5) },
    async: { concurrency: draw.of(1, 1, 4) },
    distributed: { partitions, batch, redis: draw.of("auto", "redis://h:1") },
  });
  const hosts = Array.from({ length: draw.of(1, 2, 5) }, (_, i) =>
    host(`h${i}`, { slots: draw.of(1, 2, 4), cpuMs: draw.of(null, 100, 1900) }),
  );
  const size = Math.max(1, batch * draw.of(0.1, 0.5, 1));
  const service = kind === "none" ? 0.001 : draw.between(0.5, 20);
  const roundTripMs = draw.between(0.05, 5);
  const slots = hosts.reduce((sum, one) => sum + one.slots, 0) * (kind === "io" ? scenario.async.concurrency : 1);
  const most = (1000 * Math.min(slots, partitions)) / (service + roundTripMs / size);
  const done = most * draw.of(0.1, 0.4, 0.85, 0.99);
  return {
    ...{ scenario, hosts, size, service, done, came: done * draw.of(1, 1, 1.02, 1.5) },
    sojourn: (service + roundTripMs) * draw.of(1, 1.5, 30, 200),
    main: draw.of(0.1, 0.5, 0.95),
    streams: { roundTripMs, serverUse: draw.of(null, 0.2, 0.6, 0.95) },
    bottleneck: draw.of("redis", "workers", "arrivals", "hot partition", "few partitions", "round trips", "hot key", "all cores"),
  };
}
