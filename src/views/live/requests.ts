import { formatCount, formatRate, formatShare } from "../../kernel/units.ts";
import type { FetchSample } from "../../telemetry/sample.ts";
import { LABEL_WIDTH } from "../report/chart.ts";
import { timeSpan } from "./figures.ts";
import type { RunView } from "./store.ts";

/** Rows of the strip: a label, a bar relative to the longest, a figure. */
const OUTCOMES: readonly (readonly [key: keyof FetchSample["outcomes"], label: string])[] = [
  ["success", "2xx"],
  ["clientError", "4xx"],
  ["tooMany", "429"],
  ["serverError", "5xx"],
  ["other", "3xx"],
  ["none", "none"],
];
const EIGHTHS = " ▏▎▍▌▋▊▉█";

/** Attempts by outcome, as bars that share `width` columns; outcomes that never occurred are left out. */
export function outcomeBars({ outcomes }: FetchSample, width: number): string {
  const there = OUTCOMES.filter(([key]) => outcomes[key] > 0);
  if (there.length === 0) return "no answer yet";
  const total = there.reduce((sum, [key]) => sum + outcomes[key], 0);
  const figures = there.map(([key, label]) => [label, formatCount(outcomes[key])] as const);
  const taken = figures.reduce((sum, [label, figure]) => sum + label.length + figure.length + 4, 0);
  const room = Math.max(0, width - taken);
  return there
    .map(([key], i) => {
      const [label, figure] = figures[i] as readonly [string, string];
      return `${label} ${fill(outcomes[key] / total, room)} ${figure}`;
    })
    .join("  ");
}

/** A bar whose length is its value. */
function fill(share: number, room: number): string {
  const eighths = Math.max(1, Math.round(share * room * 8));
  return "█".repeat(Math.floor(eighths / 8)) + (eighths % 8 === 0 ? "" : (EIGHTHS[eighths % 8] ?? ""));
}

/** Requests in flight and their limit, retries and their amplification, the rate, the breaker. */
export function requestFigures(sample: FetchSample): string {
  const { inFlight, limit, retrying, attempts, retries, rate, breaker, refused, degraded } = sample;
  const first = attempts - retries;
  const parts = [
    `in flight ${formatCount(inFlight)} of ${formatCount(limit)}`,
    `retrying ${formatCount(retrying)}`,
    `amplification ×${(first > 0 ? attempts / first : 1).toFixed(2)}`,
    ...(rate === null ? [] : [`rate ${formatRate(rate)}`]),
    ...(breaker === "closed" && refused === 0 ? [] : [`breaker ${breaker}, refused ${formatCount(refused)}`]),
    ...(degraded > 0 ? [`degraded ${formatCount(degraded)}`] : []),
    `ok ${formatShare(share(sample))}`,
  ];
  return parts.join(" · ");
}

function share({ ok, degraded, failed }: FetchSample): number {
  const done = ok + degraded + failed;
  return done > 0 ? ok / done : 1;
}

const MARKS = { closed: "·", "half-open": "▒", open: "█" } as const;
const ASCII_MARKS = { closed: ".", "half-open": ":", open: "#" } as const;

/** The breaker over the charts' time axis, by the worst state of each column; null: it has always been closed. */
export function breakerLine(view: RunView, width: number, ascii = false): string | null {
  const series = view.cases[view.current]?.series ?? [];
  if (!series.some(({ fetch }) => fetch !== undefined && (fetch.breaker !== "closed" || fetch.refused > 0))) return null;
  const columns = Math.max(1, width - LABEL_WIDTH);
  const until = timeSpan(view);
  const worst = new Array<keyof typeof MARKS | null>(columns).fill(null);
  const rank = { closed: 0, "half-open": 1, open: 2 };
  for (const { t, fetch } of series) {
    if (fetch === undefined) continue;
    const at = Math.min(columns - 1, Math.floor((t / until) * columns));
    const before = worst[at] ?? null;
    if (before === null || rank[fetch.breaker] > rank[before]) worst[at] = fetch.breaker;
  }
  // A column between two samples shows the previous one.
  const end = worst.findLastIndex((state) => state !== null);
  let state: keyof typeof MARKS = "closed";
  const marks = worst.slice(0, end + 1).map((one) => {
    state = one ?? state;
    return (ascii ? ASCII_MARKS : MARKS)[state];
  });
  return `${"breaker".padStart(LABEL_WIDTH - 1)} ${marks.join("")}`;
}
