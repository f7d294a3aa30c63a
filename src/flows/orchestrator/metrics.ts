import { type MetricFamily, type MetricSample, openMetricsText } from "../../kernel/openmetrics.ts";
import type { Durations, PartStats } from "../part.ts";
import { describedFigure } from "./described-figures.ts";
import { summedMembers } from "./summed.ts";

/** Bounds of a histogram's buckets, in seconds. */
const BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

type DurationsByPart = ReadonlyMap<string, readonly Durations[]>;

interface Family {
  readonly figure: string;
  readonly list: string | null;
  /** By the values of their labels: of two figures with one name the first counts. */
  readonly samples: Map<string, MetricSample>;
}

/**
 * Figures of parts as OpenMetrics text, labelled with their part and, in a list, the name of the member. What only grows is a counter, every
 * other number a gauge; members of one name are summed up, so that there are as many series as there are names.
 */
export function metricsText(parts: ReadonlyMap<string, PartStats>, durations: DurationsByPart = new Map()): string {
  const found = new Map<string, Family>();
  for (const [part, stats] of parts) collect(found, "flow", null, [["part", part]], stats);
  const families = [...found].map(([name, { figure, list, samples }]): MetricFamily => {
    const { type, help } = describedFigure(figure, list);
    return { name, type, samples: [...samples.values()], ...(help === null ? {} : { help }) };
  });
  return openMetricsText(withoutClashes([...histograms(durations), ...families]).sort((a, b) => (a.name < b.name ? -1 : 1)));
}

/** A figure of the user's own whose name is that of another family's samples, as `sentTotal` is, gets an underscore more. */
function withoutClashes(families: readonly MetricFamily[]): MetricFamily[] {
  const taken = new Set(families.filter(({ help }) => help !== undefined).flatMap(sampleNames));
  return families.map((family) => {
    if (family.help !== undefined) return family;
    let { name } = family;
    while (taken.has(name)) name += "_";
    taken.add(name);
    return { ...family, name };
  });
}

function sampleNames({ name, type }: MetricFamily): string[] {
  const suffixes = { counter: ["_total"], gauge: [], histogram: ["_bucket", "_count", "_sum"] }[type];
  return [name, ...suffixes.map((suffix) => name + suffix)];
}

function collect(found: Map<string, Family>, prefix: string, list: string | null, labels: MetricSample["labels"], stats: PartStats): void {
  for (const [figure, value] of Object.entries(stats)) {
    const name = `${prefix}_${snake(figure)}`;
    if (typeof value === "number" || typeof value === "boolean") {
      const family = found.get(name) ?? { figure, list, samples: new Map<string, MetricSample>() };
      const series = JSON.stringify(labels);
      if (!family.samples.has(series)) family.samples.set(series, { labels, value: Number(value) });
      found.set(name, family);
    } else if (Array.isArray(value)) {
      for (const member of summedMembers(value as readonly PartStats[]))
        collect(found, name, figure, [...labels, [labels.length > 1 ? `name_${labels.length}` : "name", String(member["name"])]], member);
    } else if (typeof value === "object" && value !== null) collect(found, name, list, labels, value as PartStats);
  }
}

function histograms(durations: DurationsByPart): MetricFamily[] {
  const found = new Map<string, MetricSample[]>();
  for (const [part, members] of durations) {
    for (const each of members) {
      const name = `flow_${snake(each.list)}_seconds`;
      const samples = found.get(name) ?? [];
      samples.push(
        ...bucketsOf(each, [
          ["part", part],
          ["name", each.name],
        ]),
      );
      found.set(name, samples);
    }
  }
  return [...found].map(([name, samples]) => ({
    name,
    type: "histogram",
    help: "Time over one item, attempts and waits between them included.",
    samples,
  }));
}

function bucketsOf({ times }: Durations, labels: MetricSample["labels"]): MetricSample[] {
  const upTo = BOUNDS.map(
    (bound): MetricSample => ({
      suffix: "_bucket",
      labels: [...labels, ["le", Number.isInteger(bound) ? `${bound}.0` : String(bound)]],
      value: times.ranksAt(bound * 1e9).through,
    }),
  );
  return [
    ...upTo,
    { suffix: "_bucket", labels: [...labels, ["le", "+Inf"]], value: times.count },
    { suffix: "_count", labels, value: times.count },
    { suffix: "_sum", labels, value: times.sum / 1e9 },
  ];
}

function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replaceAll(/[^a-z0-9_]/g, "_");
}
