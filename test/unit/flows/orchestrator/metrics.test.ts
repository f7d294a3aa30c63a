import { describe, expect, test } from "bun:test";
import { DataPipeline, EventBus, FlowOrchestrator, MessageQueue, ReactiveStream } from "../../../../src/flows/index.ts";
import { describedFigure } from "../../../../src/flows/orchestrator/described-figures.ts";
import { metricsText } from "../../../../src/flows/orchestrator/metrics.ts";
import { summedMembers, summedStats } from "../../../../src/flows/orchestrator/summed.ts";
import { quiet } from "../../../support/flow-oddities.ts";
import { settled } from "../../../support/virtual-timers.ts";

/** A family as a scraper reads it. */
interface Scraped {
  type: string;
  help: string | null;
  readonly samples: Map<string, number>;
}

const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: ["_total"],
  gauge: [""],
  histogram: ["_bucket", "_count", "_sum"],
};

/** Throws where the samples of a histogram are none: of each series rising bounds and counts up to +Inf, which is the count. */
function checkHistogram(name: string, samples: ReadonlyMap<string, number>): void {
  const series = new Map<string, { bounds: number[]; counts: number[] }>();
  for (const [sample, value] of samples) {
    const [, labels = "", le] = /^_bucket\{(.*),le="([^"]*)"\}$/.exec(sample) ?? [];
    if (le === undefined) continue;
    if (le !== "+Inf" && !/^\d+\.\d+$/.test(le)) throw new Error(`${name}: ${le} is no canonical bound`);
    const { bounds, counts } = series.get(labels) ?? { bounds: [], counts: [] };
    series.set(labels, { bounds: [...bounds, le === "+Inf" ? Number.POSITIVE_INFINITY : Number(le)], counts: [...counts, value] });
  }
  for (const [labels, { bounds, counts }] of series) {
    const rises = [bounds, counts].every((list) => list.every((value, i) => i === 0 || value >= (list[i - 1] ?? 0)));
    const whole = bounds.at(-1) === Number.POSITIVE_INFINITY && samples.get(`_count{${labels}}`) === counts.at(-1);
    if (!rises || !whole || !samples.has(`_sum{${labels}}`)) throw new Error(`${name}{${labels}} is no histogram`);
  }
}

/** Throws where the name of one family's samples is that of another, or of another's samples. */
function checkNames(families: ReadonlyMap<string, Scraped>): void {
  const taken = new Set<string>();
  for (const [name, { type }] of families) {
    for (const claimed of new Set([name, ...(SUFFIXES[type] ?? []).map((suffix) => name + suffix)])) {
      if (taken.has(claimed)) throw new Error(`two families claim ${claimed}`);
      taken.add(claimed);
    }
  }
}

/** Reads OpenMetrics text by the rules of its specification; throws where they are broken. */
function scrape(text: string): Map<string, Scraped> {
  const lines = text.split("\n");
  if (lines.pop() !== "" || lines.pop() !== "# EOF") throw new Error("must end with # EOF and a line feed");
  const families = new Map<string, Scraped>();
  let [name, now]: [string, Scraped | null] = ["", null];
  for (const line of lines) {
    const type = /^# TYPE ([a-z_][a-z0-9_]*) (counter|gauge|histogram)$/.exec(line);
    if (type !== null) {
      name = type[1] ?? "";
      if (families.has(name)) throw new Error(`${name} comes twice`);
      now = { type: type[2] ?? "", help: null, samples: new Map() };
      families.set(name, now);
      continue;
    }
    if (now === null) throw new Error(`outside of a family: ${line}`);
    const help = new RegExp(`^# HELP ${name} (.+)$`).exec(line);
    if (help !== null) {
      if (now.samples.size > 0) throw new Error(`HELP after samples: ${line}`);
      now.help = help[1] ?? null;
      continue;
    }
    const sample = /^([a-z_][a-z0-9_]*)(\{(?:[a-z_][a-z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*\})? (-?[0-9.e+-]+)$/.exec(line);
    if (sample === null) throw new Error(`no sample: ${line}`);
    const suffix = (sample[1] ?? "").slice(name.length);
    if (!sample[1]?.startsWith(name) || !SUFFIXES[now.type]?.includes(suffix)) throw new Error(`not of ${now.type} ${name}: ${line}`);
    const labels = [...(sample[2] ?? "").matchAll(/([a-z_][a-z0-9_]*)="/g)].map(([, label]) => label);
    if (new Set(labels).size !== labels.length) throw new Error(`a label comes twice: ${line}`);
    if (now.type === "counter" && !(Number(sample[3]) >= 0)) throw new Error(`a counter below 0: ${line}`);
    const series = `${suffix}${sample[2] ?? ""}`;
    if (now.samples.has(series)) throw new Error(`${name}${series} comes twice`);
    now.samples.set(series, Number(sample[3]));
  }
  for (const [family, { type, samples }] of families) if (type === "histogram") checkHistogram(family, samples);
  checkNames(families);
  return families;
}

async function busyFlows() {
  const flows = new FlowOrchestrator();
  const bus = flows.register(new EventBus<{ a: number }>({ name: "events", ...quiet }));
  bus.subscribe("a", () => {});
  const pipeline = flows.register(
    DataPipeline.of<number>("prices", quiet)
      .stage("convert", (value) => value)
      .batch({ size: 2 })
      .discard(),
  );
  const stream = flows.register(ReactiveStream.of<number>("live"));
  const queue = flows.register(MessageQueue.open<number>("jobs", quiet));
  flows.task("task", (signal) => new Promise((resolve) => signal.addEventListener("abort", () => resolve())));
  await flows.start();
  for (let i = 0; i < 4; i++) {
    bus.emit("a", i);
    pipeline.offer(i);
    stream.emit(i);
    await queue.send(i);
  }
  await settled();
  return { flows, stream };
}

describe("F-5 /metrics", () => {
  test("keeps the rules of OpenMetrics; what only grows is a counter; every family of ours says what it is", async () => {
    const { flows } = await busyFlows();
    const families = scrape(flows.metrics());
    await flows.stop();
    const of = (name: string) => families.get(name);
    expect([of("flow_published")?.type, of("flow_published")?.samples.get('_total{part="events"}')]).toEqual(["counter", 4]);
    expect([of("flow_waiting")?.type, of("flow_sent")?.type, of("flow_stages_in")?.type]).toEqual(["gauge", "counter", "counter"]);
    expect([of("flow_dead")?.type, of("flow_groups_dead")?.type, of("flow_groups_leased")?.type]).toEqual(["counter", "gauge", "gauge"]);
    expect(["dead", "leased"].map((figure) => describedFigure(figure, "consumers").type)).toEqual(["counter", "counter"]);
    const silent = [...families].filter(([, { help }]) => help === null).map(([name]) => name);
    expect(silent).toEqual([]);
  });

  test("times of stages are histograms in seconds, whose buckets hold what the lower ones hold", async () => {
    const { flows } = await busyFlows();
    const family = scrape(flows.metrics()).get("flow_stages_seconds");
    await flows.stop();
    const samples = [...(family?.samples ?? [])];
    const buckets = samples.filter(([series]) => series.startsWith("_bucket")).map(([, value]) => value);
    expect([family?.type, buckets.length, buckets.at(-1)]).toEqual(["histogram", 17, 4]);
    expect(buckets).toEqual([...buckets].sort((a, b) => a - b));
    expect(samples.find(([series]) => series.startsWith("_count"))?.[1]).toBe(4);
    const sum = samples.find(([series]) => series.startsWith("_sum"))?.[1] ?? -1;
    expect(sum >= 0 && sum < 10).toBe(true);
  });

  test("members of one name are one series, with their sums; how many there are is a figure", async () => {
    const { flows, stream } = await busyFlows();
    const without = flows.metrics().split("\n").length;
    for (let i = 0; i < 50; i++) stream.subscribe(() => {}, { name: "sockets" });
    stream.emit(1);
    const text = flows.metrics();
    await flows.stop();
    expect(text).toContain('flow_subscribers_handled_total{part="live",name="sockets"} 50\n');
    expect(text).toContain('flow_subscribers_members{part="live",name="sockets"} 50\n');
    expect(text.split("\n").length - without).toBeLessThan(40);
  });

  test("sums: counts are added, times are the greatest, what is no number is the first", () => {
    const list = [
      { name: "a", n: 1, oldestMs: 5, p99Ms: null, state: "up" },
      { name: "b", n: 7 },
      { name: "a", n: 2, oldestMs: 9, p99Ms: 3, state: "down" },
      { name: "a", n: 3, oldestMs: null },
    ];
    const a = { name: "a", n: 6, oldestMs: 9, p99Ms: 3, state: "up", members: 3 };
    expect(summedMembers(list)).toEqual([a, { name: "b", n: 7 }]);
    expect(summedStats({ list, n: 1 })).toEqual({ list: [a, { name: "b", n: 7 }], n: 1 });
    expect(summedMembers([{ n: 1 }, { n: 2 }])).toEqual([
      { name: "0", n: 1 },
      { name: "1", n: 2 },
    ]);
  });

  test("figures of the user's own may be called anything, and stand anywhere", () => {
    const inner = { name: "in", deep: [{ name: "deeper", n: 1 }] };
    const odd = { inFlight: 1, in_flight: 2, sentTotal: 3, sent: 4, "größe 1": 5, list: [{ name: 'a"b\\\n', n: 6, inner: [inner] }] };
    const families = scrape(metricsText(new Map([["mine", odd]])));
    expect(families.get("flow_in_flight")?.samples).toEqual(new Map([['{part="mine"}', 1]]));
    expect(families.get("flow_sent")?.samples).toEqual(new Map([['_total{part="mine"}', 4]]));
    expect(families.get("flow_sent_total_")?.samples).toEqual(new Map([['{part="mine"}', 3]]));
    const path = '{part="mine",name="a\\"b\\\\\\n",name_2="in",name_3="deeper"}';
    expect(families.get("flow_list_inner_deep_n")?.samples).toEqual(new Map([[path, 1]]));
  });

  test("a figure of the user's own is a gauge without a sentence", () => {
    expect(metricsText(new Map([["mine", { cups: 3 }]]))).toBe('# TYPE flow_cups gauge\nflow_cups{part="mine"} 3\n# EOF\n');
  });
});
