import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { Histogram } from "../../../../src/kernel/histogram.ts";
import { histogramText } from "../../../../src/kernel/histogram-text.ts";
import type { Sample } from "../../../../src/telemetry/sample.ts";
import { charts } from "../../../../src/views/export/html/chart.ts";
import { ChartData } from "../../../../src/views/export/html/chart-data.ts";
import { percentileChart } from "../../../../src/views/export/html/percentile-chart.ts";
import { htmlOf } from "../../../../src/views/export/html.ts";
import { HOSTILE, hostileRun, reportedRun } from "../../../support/reports.ts";
import { caseResult, runResult, sample } from "../../../support/results.ts";

/** The scripts of a document, its data, and what is left of it. */
function scriptsOf(document: string) {
  const found = [...document.matchAll(/<script( [^>]*)?>([\s\S]*?)<\/script>/g)].map(([, attributes = "", text = ""]) => ({
    attributes,
    text,
  }));
  const [block] = found.filter(({ attributes }) => attributes !== "");
  const packed = block?.attributes.includes("gzip") === true;
  const json = packed ? gunzipSync(Buffer.from(block?.text ?? "", "base64")).toString() : (block?.text ?? "");
  return {
    scripts: found.filter(({ attributes }) => attributes === "").map(({ text }) => text),
    block,
    packed,
    data: JSON.parse(json) as {
      times: number[][];
      charts: { group: string; marks: unknown[]; lines: { of: number; values: (number | null)[]; label: string }[] }[];
    },
    rest: document.replace(/<script[\s\S]*?<\/script>\n?/g, ""),
  };
}

/** Elements of a document in their order, with attributes. Fails where tags do not match. */
function elementsOf(document: string): { readonly name: string; readonly attributes: Readonly<Record<string, string>> }[] {
  const open: string[] = [];
  const found: { name: string; attributes: Record<string, string> }[] = [];
  const { rest } = scriptsOf(document);
  const body = rest.replace(/<style>[^<]*<\/style>/, "").replace("<!doctype html>", "");
  for (const [, closes, name = "", attributes = "", empty] of body.matchAll(
    /<(\/?)([a-z][a-z0-9]*)((?: [a-zA-Z-]+(?:="[^"<]*")?)*)(\/?)>/g,
  )) {
    if (closes === "/") {
      expect(open.pop()).toBe(name);
      continue;
    }
    found.push({
      name,
      attributes: Object.fromEntries([...attributes.matchAll(/ ([a-zA-Z-]+)(?:="([^"]*)")?/g)].map(([, key, value]) => [key, value ?? ""])),
    });
    if (empty !== "/" && !["meta", "br"].includes(name)) open.push(name);
  }
  expect(open).toEqual([]);
  expect(body.replace(/<\/?[a-z][a-z0-9]*(?: [a-zA-Z-]+(?:="[^"<]*")?)*\/?>/g, "")).not.toMatch(/[<>]/);
  return found;
}

const ELEMENTS =
  "html head meta title body main article section h1 h2 h3 p b br code pre ul li table caption thead tbody tr th td div span figure figcaption svg path details summary";

const textOf = (markup: string) => markup.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");

describe("a run as an HTML file", () => {
  const page = htmlOf(reportedRun());

  test("asks for nothing: no link, no picture, and a policy that allows none, and no script but its own", () => {
    for (const run of [page, htmlOf(hostileRun())]) {
      const names = new Set(elementsOf(run).map(({ name }) => name));
      expect([...names].filter((name) => !ELEMENTS.split(" ").includes(name))).toEqual([]);
      const attributes = new Set(elementsOf(run).flatMap(({ attributes: some }) => Object.keys(some)));
      expect([...attributes].filter((name) => /^(on|src|href|xlink|action|data$|poster|background)/.test(name))).toEqual([]);
    }
    const styles = page.match(/<style>[^<]*<\/style>/)?.[0] ?? "";
    expect(styles).not.toMatch(/url\(|@import|:\/\//);
    const policy = elementsOf(page).find(({ attributes }) => attributes["http-equiv"] === "Content-Security-Policy")?.attributes["content"];
    const hashes = scriptsOf(page).scripts.map((script) => `'sha256-${createHash("sha256").update(script).digest("base64")}'`);
    expect(hashes).toHaveLength(2);
    expect(scriptsOf(page).scripts[0]).toStartWith("/*\nThe MIT License (MIT)");
    expect(policy).toBe(
      `default-src 'none'; style-src 'unsafe-inline'; script-src ${hashes.join(" ")}; base-uri 'none'; form-action 'none'`,
    );
    // No run has a part in what is executed.
    expect(scriptsOf(htmlOf(hostileRun())).scripts).toEqual(scriptsOf(page).scripts);
  });

  test("is the same for the same run, and small", () => {
    expect(htmlOf(reportedRun())).toBe(page);
    const series = Array.from({ length: 600 }, (_, i) =>
      sample(100 * (i + 1), { processed: (i * 7919) % 997, depth: (i * 31) % 499, p99: ((i * 17) % 101) / 7 }),
    );
    const cases = (["sync", "async", "parallel"] as const).map((mode) => ({ ...caseResult({ mode }), series }));
    const size = htmlOf(runResult(cases)).length;
    expect(size).toBeGreaterThan(100_000);
    expect(size).toBeLessThan(300_000);
  });

  test("marks where the arrival rate was changed by hand, on the axis of every chart", () => {
    const changes = [
      { atMs: 100, rate: 125 },
      { atMs: 110, rate: 160 },
      { atMs: 290, rate: 200 },
    ];
    const run = reportedRun();
    const [first, ...others] = run.cases;
    if (first === undefined) throw new Error("unreachable");
    const marked = htmlOf({ ...run, cases: [first, ...others.map((one) => ({ ...one, rateChanges: changes }))] });
    elementsOf(marked);
    const lines = [...marked.matchAll(/<path class="mark" d="(M\d[^"]*V100)"/g)].map(([, path]) => path);
    expect(lines).toEqual(new Array(4).fill("M333.33 0V100M366.67 0V100M966.67 0V100"));
    // Two that are too close for two labels have that of the rate which stayed.
    const labels = [...marked.matchAll(/<div class="marks"[^>]*>(.*?)<\/div>/g)].map(([, spans = ""]) => spans);
    expect(labels).toEqual(new Array(4).fill('<span style="left:36.67%">160/s</span><span class="last" style="left:96.67%">200/s</span>'));
    const said = "The arrival rate of async and parallel was changed by hand: 125/s from 100 ms, 160/s from 110 ms and 200/s from 290 ms.";
    expect(textOf(marked).split(said)).toHaveLength(2);
    expect(marked.match(/aria-label="[^"]*"/g)?.filter((label) => label.includes(said))).toHaveLength(4);
    expect(scriptsOf(marked).data.charts.map(({ marks }) => marks)).toEqual(
      new Array(4).fill(changes.map(({ atMs, rate }) => ({ t: atMs, label: `${rate}/s` }))),
    );
    expect(page).not.toContain('class="mark');
  });

  test("hostile names are text", () => {
    const hostile = htmlOf(hostileRun());
    expect(scriptsOf(hostile).rest).not.toContain("<script");
    expect(hostile.match(/<script/g)).toHaveLength(3);
    expect(hostile).not.toContain("\u001b");
    expect(hostile).toContain("<h1>=cmd|&quot;&#39;&lt;script&gt;alert(1)&lt;/script&gt;]]&gt;&amp;amp; *b*");
    expect(hostile).not.toContain(HOSTILE);
  });

  test("has the data of its charts, at the resolution at which they were recorded; packed where they are long", () => {
    const { data, packed, block } = scriptsOf(page);
    expect([packed, data.times, data.charts.map(({ group }) => group)]).toEqual([
      false,
      new Array(3).fill([100, 200, 300]),
      new Array(4).fill("group-0"),
    ]);
    expect(data.charts[0]?.lines.map(({ label, of }) => [label, of])).toEqual([
      ["sync", 0],
      ["async", 1],
      ["parallel", 2],
    ]);
    expect(data.charts[0]?.lines[0]?.values).toEqual([80, 90, 100]);
    expect(data.charts[3]?.lines[0]?.values).toEqual([null, 10, 11]);
    expect(block?.text).not.toContain("<");
    const long = Array.from({ length: 3000 }, (_, i) => sample(100 * (i + 1), { processed: i % 97 }));
    const run = runResult([{ ...caseResult({ mode: "sync" }), series: long }]);
    const whole = scriptsOf(htmlOf(run));
    expect([whole.packed, whole.data.times[0]?.length]).toEqual([true, 3000]);
    expect(scriptsOf(htmlOf(run)).block).toEqual(whole.block);
    expect(whole.block?.text).toMatch(/^[A-Za-z0-9+/=]+$/);
  });

  test("of several runs is one file", () => {
    const both = htmlOf([reportedRun(), reportedRun({ conclusions: ["Second."] })]);
    expect(elementsOf(both).filter(({ name }) => name === "h1")).toHaveLength(2);
    expect(both).toContain("<title>A title and A title</title>");
  });
});

describe("the box that says whether it may be believed", () => {
  const box = (run: Parameters<typeof htmlOf>[0]) => {
    const page = htmlOf(run);
    const start = page.indexOf("<section");
    return page.slice(start, page.indexOf("</section>", start));
  };

  test("stands first, with ledger, self-checks, order and disturbance of each case", () => {
    const checks = [
      { name: "ledger", ok: true, figure: 0 },
      { name: "clock", ok: true, figure: 0 },
    ] as const;
    const first = box(runResult([{ ...caseResult({ mode: "sync" }), checks, disturbed: null }]));
    expect(first).toContain("<h2>May this be believed?</h2>");
    expect(textOf(first)).toContain("sync completed ✓ 100 scheduled = 100 processed ✓ all 2 hold ✓ kept ✓ no");
    expect(textOf(first)).toContain("✓ Yes: every item is accounted for");
  });

  test("says no where a case is invalid, with the check that failed and why", () => {
    const checks = [{ name: "littlesLaw", ok: false, figure: 0.2 }] as const;
    const first = box(runResult([{ ...caseResult({ mode: "async", status: "invalid", problems: ["Levels do not fit."] }), checks }]));
    expect(textOf(first)).toContain("✗ Not as a whole: async is invalid.");
    expect(textOf(first)).toContain("✗ littlesLaw");
    expect(textOf(first)).toContain("async , invalid: Levels do not fit.");
  });

  test("a ledger that does not balance, and items out of order, are told", () => {
    const one = caseResult({ mode: "sync" });
    const broken = { ...one, ledger: { ...one.ledger, scheduled: 103 }, orderViolations: 2 };
    expect(textOf(box(runResult([broken])))).toMatch(/✗ off by 3: 103 scheduled.* ✗ 2 violations/);
  });

  test("says with care where something else took part", () => {
    const disturbed = { otherCores: 0.4, stealMs: 0, calibrationOff: 0.03, reason: "Others." };
    const first = box(runResult([{ ...caseResult({ mode: "sync" }), disturbed }]));
    expect(textOf(first)).toContain("? With care: 1 case of 1 disturbed by something other than the lab.");
    expect(textOf(first)).toContain("† others 0.40 cores, calibration off 3.0 %");
  });
});

test("many notes are shown on demand", () => {
  const of = (count: number) =>
    htmlOf(runResult(Array.from({ length: count }, () => caseResult({ mode: "sync", warnings: ["Mind this."] }))));
  expect(of(8)).not.toContain("notes</summary>");
  expect(of(9)).toContain("<summary>9 notes</summary>");
  expect(of(9).match(/Mind this/g)).toHaveLength(9);
});

describe("the tables", () => {
  test("put prediction beside measurement", () => {
    const page = textOf(htmlOf(reportedRun()));
    expect(page).toMatch(/case Throughput predicted ratio Sojourn, mean .* sync 50\/s 100\/s 0\.50 /);
    expect(page).toMatch(/async 100\/s 100\/s 1\.00 .* 100 % /);
  });

  test("have verdicts of hypotheses and thresholds", () => {
    const page = textOf(htmlOf(reportedRun()));
    expect(page).toContain("✗ did not hold It is not. async.p99 < 1 7 < 1".replaceAll("<", "&lt;"));
    expect(page).toContain("? cannot tell Nobody knows.");
    expect(page).toContain("✗ failed throughput value&gt;140 async: 100");
    expect(page).toContain("? not judged query_ms avg&lt;5 parallel: nothing was measured");
  });

  test("hold every figure that is drawn", () => {
    const page = htmlOf(reportedRun());
    const shown = textOf(page.slice(page.indexOf("<summary>sync over time")));
    expect(shown).toContain("100 ms 100 80 0 0 – – 200 ms 100 90 0 1 10.0 ms 4.00 ms 300 ms 100 100 0 2 11.0 ms 4.00 ms");
  });

  test("hold every metric that a case has", () => {
    const page = textOf(htmlOf(reportedRun()));
    expect(page).toContain("Sojourn time sojourn_ms p(99) 7.00 ms 7.00 ms 7.00 ms");
    expect(page).toContain("High-water mark high_water 0 0 0");
    expect(page).not.toContain("Connecting connect_ms");
  });
});

describe("the charts", () => {
  const drawn = (series: readonly Sample[], change = {}) =>
    charts([{ ...caseResult({ mode: "async" }), series, ...change }], new ChartData()).text;
  const paths = (markup: string, classes: string) =>
    [...markup.matchAll(new RegExp(`<path class="${classes}" d="([^"]*)"`, "g"))].map(([, d]) => d);

  test("have a step for each interval, on an axis up to a round value", () => {
    const markup = drawn([sample(100, { processed: 50 }), sample(200, { processed: 100 })]);
    expect(paths(markup, "async dashed")[0]).toBe("M0 50H500V0H1000");
    expect(markup).toContain("<span>100</span><span>50</span><span>0</span>");
  });

  test("draw equal intervals as one", () => {
    expect(paths(drawn([sample(100), sample(200), sample(300)]), "async dashed")[0]).toMatch(/^M0 \d+H1000$/);
  });

  test("and tables merge the intervals of long runs", () => {
    const series = Array.from({ length: 5000 }, (_, i) => sample(100 * (i + 1), { processed: i % 2 === 0 ? i : 0 }));
    const [path = ""] = paths(drawn(series), "async dashed");
    expect(path.split("H").length).toBeWithin(240, 482);
    const page = htmlOf(runResult([{ ...caseResult({ mode: "async" }), series }]));
    expect(page.slice(page.indexOf("async over time")).split("<tr>").length).toBeWithin(600, 1203);
  });

  test("are interrupted where nothing was measured", () => {
    const p99s = [1, null, 3, 4].map((p99, i) => sample(100 * (i + 1), { p99 }));
    expect(paths(drawn(p99s), "async dashed")[3]).toBe("M0 80H250M500 40H750V20H1000");
  });

  test("have the prediction of the throughput and of the latency as a line", () => {
    const markup = drawn([sample(100, { processed: 200 })]);
    expect(paths(markup, "async predicted")).toEqual(["M0 50H1000", "M0 50H1000"]);
    const none = { predicted: { ...caseResult({ mode: "async" }).predicted, throughput: null, sojournP99: null } };
    expect(paths(drawn([sample(100)], none), "async predicted")).toEqual([]);
  });

  test("put all modes on one time axis", () => {
    const of = (mode: "sync" | "parallel", t: number) => ({ ...caseResult({ mode }), series: [sample(t)] });
    const markup = charts([of("sync", 500), of("parallel", 1000)], new ChartData()).text;
    expect(paths(markup, "sync light")[0]).toEndWith("H500");
    expect(paths(markup, "parallel heavy")[0]).toEndWith("H1000");
  });

  test("set off a case without a measurement that counts", () => {
    const cases = [{ ...caseResult({ mode: "sync", status: "invalid" }), series: [sample(100)] }];
    expect(htmlOf(runResult(cases))).toContain('sync <b class="bad">(invalid)</b>');
    expect(paths(charts(cases, new ChartData()).text, "sync light void")).toHaveLength(4);
  });

  test("of a sweep stand by its points, with its picture and its best point", () => {
    const of = (rate: number) => ({ ...caseResult({ mode: "sync" }), params: { "load.rate": rate }, series: [sample(100)] });
    const page = htmlOf(runResult([of(10), of(20)]));
    expect(page).toContain("<h3>load.rate 10</h3>");
    expect(page).toContain("<summary>load.rate 20</summary>");
    expect(page).toMatch(/<h2>The sweep<\/h2>[\s\S]*<pre tabindex="0">Throughput, messages\/s/);
  });
});

describe("the chart of percentiles", () => {
  /** A case of `count` items, the i-th of which took i ÷ count × 100 ms. */
  const of = (count: number) => {
    const histogram = new Histogram();
    for (let i = 1; i <= count; i++) histogram.record((i / count) * 1e8);
    const one = caseResult({ mode: "async" });
    return { ...one, latency: { ...one.latency, sojourn: histogram.summary() }, histograms: { sojourn: histogramText(histogram) } };
  };

  test("goes from the least as far as enough items lie beyond, by halves of the distance to 100 %", () => {
    const text = percentileChart([of(6000)])?.text ?? "";
    const [, path = ""] = /<path class="async dashed" d="M([^"]*)"/.exec(text) ?? [];
    const points = path.split("L").map((point) => point.split(" ").map(Number));
    // 60 of 6000 lie beyond 99 %: log₂ 100 halves, eight points each, and the first.
    expect(points).toHaveLength(1 + Math.floor(8 * Math.log2(100)));
    expect(points[0]).toEqual([0, expect.closeTo(100, 1)]);
    // After one half: the median, 50 ms of an axis to 100 ms.
    expect(points[8]?.[1]).toBeCloseTo(50, 0);
    expect(points.at(-1)?.[0]).toBe(1000);
    for (const share of ["50 %", "90 %"]) expect(text).toContain(`>${share}</span>`);
    expect(text).not.toContain(">99.9 %</span>");
  });

  test("is none of cases without a histogram, and of such as too few items bear", () => {
    expect([percentileChart([caseResult({ mode: "sync" })]), percentileChart([of(50)]), percentileChart([])]).toEqual([null, null, null]);
    expect(htmlOf(runResult([of(6000)])).match(/<figure>/g)).toHaveLength(5);
  });
});
