import { formatCount, formatRate } from "../../kernel/units.ts";
import { joined, recentSpans } from "../../telemetry/series.ts";
import { latencyText } from "../report/interval.ts";
import { HEADLINE_MS } from "./figures.ts";
import { droppingSince, fullSince, instantText } from "./moments.ts";
import type { CaseView } from "./store.ts";

/** One link of the chain from cause to effect. */
export interface StoryPart {
  readonly text: string;
  readonly tone: "plain" | "warn" | "bad";
}

/** Relative excess of arrivals over completions up to which it is chance. */
const MARGIN = 0.1;

/** The present causes and effects in a case: arrivals and completions, what they fill, and what that costs. */
export function storyOf(one: CaseView): StoryPart[] {
  const spans = recentSpans(one.series, HEADLINE_MS);
  if (spans.length === 0) return [];
  const { offered, processed, dropped, depth } = joined(spans);
  const { capacity } = one.outline;
  const behind = offered > processed * (1 + MARGIN) && offered - processed > 1;
  const parts: StoryPart[] = [{ text: `${formatRate(offered)} come, ${formatRate(processed)} are done`, tone: behind ? "warn" : "plain" }];
  const full = fullSince(one);
  if (full !== null) parts.push({ text: `queue full since ${instantText(full)}`, tone: "warn" });
  else if (behind && depth >= 1)
    parts.push({
      text: capacity == null ? `${formatCount(depth)} wait` : `queue ${formatCount(depth)} of ${formatCount(capacity)}`,
      tone: "warn",
    });
  const dropping = dropped > 0 ? droppingSince(one) : null;
  if (dropping !== null) parts.push({ text: `${formatRate(dropped)} dropped since ${instantText(dropping)}`, tone: "bad" });
  if (processed > 0) parts.push({ text: latencyText(spans).replace(/ {2}/g, ", "), tone: "plain" });
  return parts;
}
