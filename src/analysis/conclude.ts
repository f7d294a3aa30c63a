import { agreeing, counted } from "../kernel/wording.ts";
import type { Scenario } from "../scenario/schema.ts";
import { isDisturbed } from "../telemetry/disturbance.ts";
import { valueText } from "../telemetry/params.ts";
import { groupedBy, variedFields } from "../telemetry/points.ts";
import { hasChangedRate } from "../telemetry/rate-changes.ts";
import type { CaseResult } from "../telemetry/result.ts";
import { anyField } from "./conclude/any-field.ts";
import { bestBatches } from "./conclude/batches.ts";
import { formats, herd, offload, overflow, processingTime, withoutBound } from "./conclude/compared.ts";
import { enginesCompared, queriesCompared } from "./conclude/modes.ts";
import { queriesCost } from "./conclude/queries-cost.ts";
import { queueSize, statedP99 } from "./conclude/queue.ts";
import { allKeepUp, byRate, knee, modesCompared } from "./conclude/rates.ts";
import { inFlight, scaling } from "./conclude/scaling.ts";
import type { About } from "./conclude/series.ts";

/** Conclusions from all cases of a sweep, in sentences with their own numbers. `scenario`: its thresholds on latency. */
export function conclude(all: readonly CaseResult[], scenario?: Pick<Scenario, "thresholds">): string[] {
  const processed = all.filter(({ status, ledger }) => status !== "failed" && ledger.processed > 0);
  const cases = processed.filter((one) => !hasChangedRate(one));
  const fields = variedFields(cases);
  const p99 = statedP99(scenario?.thresholds);
  const sentences: string[] = [];
  const batched = fields.filter((field) => field.startsWith("batch."));
  if (batched.length > 0) sentences.push(...bestBatches(cases, batched, fields));
  // Where batches are swept, the effect of another field alone is left to the charts.
  for (const field of batched.length > 0 ? [] : fields) sentences.push(...alongField(cases, field, fields, p99));
  // With several fields at once the charts say more.
  if (fields.length === 1 && fields[0] === "load.rate") sentences.push(...modesCompared(byRate(cases)));
  sentences.push(...queriesCompared(cases), ...enginesCompared(cases, fields), ...withoutBound(cases));
  const changed = rateChanged(processed);
  return sentences.length === 0 ? changed : [...changed, ...disturbed(cases), ...invalid(cases), ...sentences];
}

/** Names cases whose load is not the scenario's, which are left out. */
function rateChanged(cases: readonly CaseResult[]): string[] {
  const those = cases.filter(hasChangedRate);
  if (those.length === 0) return [];
  const which = those.length === cases.length ? "" : ` (${namesOf(those)})`;
  return [
    `The arrival rate of ${counted(those.length, "case")} of ${cases.length}${which} was changed by hand, so that ${agreeing(those.length, "it has", "they have")} another tape than the scenario's: nothing is concluded from ${agreeing(those.length, "it", "them")}.`,
  ];
}

/** Names cases whose measurement is invalid, which do not count. */
function invalid(cases: readonly CaseResult[]): string[] {
  const those = cases.filter(({ status }) => status === "invalid");
  if (those.length === 0) return [];
  const which = those.length === cases.length ? "" : ` (${namesOf(those)})`;
  const [is, it] = [agreeing(those.length, "is", "are"), agreeing(those.length, "it", "them")];
  return [
    `${counted(those.length, "case")} of ${cases.length}${which} ${is} not measured validly: what is told of ${it} below does not count.`,
  ];
}

function namesOf(cases: readonly CaseResult[]): string {
  const names = cases.map(({ mode, params }) =>
    [mode, ...Object.entries(params).map(([field, value]) => `${field} ${valueText(value)}`)].join(" "),
  );
  return `${names.slice(0, MOST_GROUPS).join("; ")}${names.length > MOST_GROUPS ? "; …" : ""}`;
}

/** Names disturbed cases: they have figures, but no best point and no law. */
function disturbed(cases: readonly CaseResult[]): string[] {
  const those = cases.filter(isDisturbed);
  if (those.length === 0) return [];
  const which = those.length === cases.length ? "" : ` (${namesOf(those)})`;
  return [
    `${counted(those.length, "case")} of ${cases.length}${which} ${agreeing(those.length, "was", "were")} disturbed by what else the machine did: differences may come from that, and no best point and no law is made of ${agreeing(those.length, "it", "them")}.`,
  ];
}

/** Most groups of one field that are described: more would repeat the same. */
const MOST_GROUPS = 6;

/** The effect of one field, everything else equal. */
function alongField(cases: readonly CaseResult[], field: string, fields: readonly string[], p99: number | null): string[] {
  const others = fields.filter((other) => other !== field);
  const about = field === "queue.capacity" ? queueSize(p99) : (ABOUT[field] ?? anyField);
  const groups = [...groupedBy(cases, others)];
  if (field === "load.rate" && groups.length > 2) {
    const all = allKeepUp(groups.map(([, series]) => series));
    if (all !== null) return [all];
  }
  return groups.slice(0, MOST_GROUPS).flatMap(([label, series]) => about(series, label, field) ?? []);
}

const ABOUT: Readonly<Record<string, About>> = {
  "load.rate": knee,
  "parallel.workers": scaling,
  "distributed.workers": scaling,
  "fetch.concurrency.max": inFlight,
  "fetch.retry.backoff": herd,
  "fetch.retry.jitter": herd,
  "work.time": processingTime,
  "queue.overflow": overflow,
  "async.offload": offload,
  "parallel.codec": formats,
  "queries.rate": queriesCost,
};
