import type { CaseResult } from "../../../src/telemetry/result.ts";
import { named as byName, highest, percentile, TAIL } from "./claim.ts";
import { allDone, differ, isDisturbed, kept, longer, steady, surelyKept, WAITS } from "./fitness.ts";
import { type Cases, named } from "./points.ts";
import { type Parts, printed, says, template } from "./template.ts";

/** Best points, as the conclusions and the line under a sweep's picture tell them. */

const failing = ({ ledger }: CaseResult) => ledger.failed / Math.max(1, ledger.scheduled);

const attempts = ({ fetch, ledger }: CaseResult) => (fetch?.attempts ?? 0) / Math.max(1, ledger.scheduled);

/** What can be called best: sound, done, without a line that grew, no more failing than others, nothing without a limit that has one. */
function candidates(group: Cases): Cases {
  const unlimited = ({ params }: CaseResult) => Object.values(params).includes("unlimited");
  const sound = group.filter((one) => one.status === "completed" && !isDisturbed(one) && allDone(one) && steady(one));
  const fewest = Math.min(...sound.map(failing));
  return sound.filter((one) => failing(one) <= fewest + 0.01 && (!unlimited(one) || group.every(unlimited)));
}

/** As much is done beyond doubt, and nothing takes much longer or much less. */
function alike(a: CaseResult, b: CaseResult): boolean {
  const close = (x: number, y: number) => Number.isNaN(x) === Number.isNaN(y) && (Number.isNaN(x) || !differ(x, y, 0.01));
  if (differ(attempts(a), attempts(b), 0.01)) return false;
  return !differ(a.throughput, b.throughput, 0.01) && WAITS.every(({ of }) => close(of(a, [a, b]), of(b, [a, b])));
}

/** One is better beyond doubt, by whichever figure. */
function apart(a: CaseResult, b: CaseResult): string | null {
  if (differ(a.throughput, b.throughput, 0.2)) return "throughput";
  if (differ(attempts(a), attempts(b), 0.2)) return "attempts";
  return WAITS.find((figure) => longer(figure, a, b) || longer(figure, b, a))?.name ?? null;
}

/** The mean of times, which stands for them where not all bear a percentile. */
function meanOf({ mean }: CaseResult["latency"]["sojourn"], group: Cases): number | null {
  return highest(group.map(({ latency }) => latency.sojourn)) === null ? mean : null;
}

/** Parts: point, its figures, the others that are as good, and what is better elsewhere. */
export function wrongBest(
  { point = "", rate, tail, p99, p50, slow, q99, asks, others, left: out = "", though = "" }: Parts,
  group: Cases,
): string | null {
  const wrong = wrongLeft(out, group);
  if (wrong !== null) return wrong;
  const is = ({ throughput, latency, queries, fetch }: CaseResult) =>
    (asks === undefined || says(asks, fetch?.attempts ?? null)) &&
    says(rate, throughput) &&
    says(p99, tail === "mean" ? meanOf(latency.sojourn, group) : byName(latency.sojourn, tail)) &&
    (p50 === undefined || says(p50, percentile(latency.sojourn, "p50"))) &&
    (q99 === undefined || (queries.answered > 0 && says(q99, byName(queries.latency, slow))));
  const best = (named(point, group) ?? []).find(is);
  if (best === undefined) return "no such point";
  if (best.status !== "completed") return "it was not measured whole";
  if (!allDone(best)) return "at the best not all was done";
  // Where a little more comes than can be done, two seconds do not show it.
  if (!kept(best) && !steady(best)) return "its line grew";
  if (failing(best) > Math.min(...group.filter(allDone).map(failing)) + 0.03) return "more fails there than elsewhere";
  const beside = others === undefined ? [] : named(others, group);
  if (beside === null || (others !== undefined && beside.length === 0)) return `nobody can read "${others}"`;
  const worse = beside.map((one) => apart(best, one)).find((by) => by !== null);
  if (worse !== undefined) return `one that is said to be as good is not, by its ${worse}`;
  const rivals = candidates(group).filter((one) => one !== best);
  if (rivals.some((one) => steady(one, 1.3, 3) && one.throughput > 1.2 * best.throughput)) return "another does a fifth more";
  // Where batches are of one, their timeout does nothing: such points are one.
  const single = (one: CaseResult) => one.params["batch.size"] === 1;
  if (group.length > 1 && group.every((one) => single(one) && single(best))) return "all are one point";
  const left = rivals.filter((one) => !beside.includes(one) && !(single(one) && single(best)));
  if (left.some((one) => surelyKept(one, []) && alike(one, best))) return "another is the same, and nobody says so";
  return unsaid(best, rivals, though) ?? wrongThough(though, best, group);
}

const LEFT = template("{why:not measured whole|disturbed|paid for without a bound|not keeping up|failing more often}: {points:*}");

/** Points that are left out, each for its reason; one that cannot be best beyond doubt is to be among them. */
function wrongLeft(text: string, group: Cases): string | null {
  const clauses = text.split("; left out as ").filter((part) => part !== "");
  const told = clauses.map((clause) => {
    const { why = "", points = "" } = LEFT(clause) ?? {};
    return { why, those: why === "" ? [] : (named(points, group) ?? []) };
  });
  if (told.some(({ those }) => those.length === 0)) return `nobody can read "${text}"`;
  const fewest = Math.min(...group.filter(allDone).map(failing));
  const reasons: Readonly<Record<string, (one: CaseResult) => boolean>> = {
    "not measured whole": ({ status }) => status !== "completed",
    disturbed: isDisturbed,
    "paid for without a bound": ({ params }) => Object.values(params).includes("unlimited"),
    "not keeping up": (one) => !surelyKept(one, []),
    "failing more often": (one) => failing(one) > fewest,
  };
  const wrong = told.find(({ why, those }) => !those.every((one) => reasons[why]?.(one)));
  if (wrong !== undefined) return `one that is left out as ${wrong.why} is not`;
  const all = told.flatMap(({ those }) => those);
  const hidden = group.find((one) => !all.includes(one) && (one.status !== "completed" || isDisturbed(one) || !allDone(one)));
  return hidden === undefined ? null : "one is left out, and nobody says so";
}

/** Of points that do as much, what waits far less than at the best has to be told. */
function unsaid(best: CaseResult, rivals: Cases, though: string): string | null {
  const words: Readonly<Record<string, RegExp>> = { p99: /slowest take/, median: /median message/, "p99 of queries": /slowest queries/ };
  const near = rivals.filter((one) => !differ(one.throughput, best.throughput, 0.01));
  const hidden = WAITS.find((figure) => near.some((one) => longer(figure, best, one)) && !words[figure.name]?.test(though));
  if (near.some((one) => attempts(best) > 1.3 * attempts(one)) && !/server is asked/.test(though))
    return "elsewhere far fewer attempts are made";
  return hidden === undefined ? null : `elsewhere its ${hidden.name} is far less, and nobody says so`;
}

const THOUGH = template("{what:*} less at {where:*} ({here:D} against {there:D})");
const ASKED = template("the server is asked less at {where:*} ({here:N} {a:attempt|attempts} against {there:N} {b:attempt|attempts})");

function wrongThough(though: string, best: CaseResult, group: Cases): string | null {
  for (const clause of though.split(", though ").filter((part) => part !== "")) {
    const asked = ASKED(clause);
    if (asked !== null) {
      const fewer = named(asked["where"] ?? "", group)?.some((one) => says(asked["here"], one.fetch?.attempts ?? null));
      if (fewer !== true || !says(asked["there"], best.fetch?.attempts ?? null)) return `not so: "${clause}"`;
      continue;
    }
    const { what = "", where = "", here, there } = THOUGH(clause) ?? {};
    const figure = WAITS[["the slowest take", "the median message takes", "the slowest queries wait"].indexOf(what)];
    const at = named(where, group)?.find((one) => figure !== undefined && says(here, figure.of(one, [one, best])));
    if (figure === undefined || at === undefined || !says(there, figure.of(best, [at, best]))) return `not so: "${clause}"`;
    if (printed(here ?? "").value >= printed(there ?? "").value) return `not less: "${clause}"`;
  }
  return null;
}

/** "No point is better than the others by more than noise." */
export function wrongAlike(group: Cases): string | null {
  const fit = candidates(group);
  for (const [i, one] of fit.entries()) {
    const by = fit.slice(i + 1).flatMap((other) => apart(one, other) ?? [])[0];
    if (by !== undefined) return `one is better by its ${by}`;
  }
  return null;
}

const LINES: readonly { readonly match: (line: string) => Parts | null; readonly check: (parts: Parts, cases: Cases) => string | null }[] =
  [
    {
      match: template(
        `★ best: {point:*}: {rate:N}/s, {tail:${TAIL}|mean} {p99:T}[[, median {p50:T}]][[, {slow:${TAIL}} of queries {q99:T}]][[, {asks:N} {a:attempt|attempts}]][[; as good but for noise: {others:*}]][[; left out as {left:*}]][[, though {though:*}]]`,
      ),
      check: wrongBest,
    },
    {
      match: template("None is best: no point is better than the others by more than noise."),
      check: (_, cases) => wrongAlike(cases),
    },
    {
      match: template("None is called best: the server had an outage, and how long anybody waited for its end is chance."),
      check: (_, cases) => (cases.some(({ fetch }) => (fetch?.server?.duringOutage ?? 0) > 0) ? null : "it had none"),
    },
    {
      match: template("None is called best: some of the points were disturbed (†)."),
      check: (_, cases) => (cases.some(isDisturbed) ? null : "none was"),
    },
    {
      match: template("None is called best: the points did not get the same load."),
      check: (_, cases) => {
        const rates = cases.flatMap(({ offeredRate }) => (offeredRate === null ? [] : [offeredRate]));
        return differ(Math.min(...rates), Math.max(...rates)) ? null : "they did";
      },
    },
    {
      match: template("None is called best: what keeps up with what comes is only what nothing limits, and is paid for without a bound."),
      check: (_, cases) => (cases.some((one) => Object.values(one.params).includes("unlimited")) ? null : "all have a limit"),
    },
    {
      match: template(
        "None is best: no point keeps up with what comes. As much was done at all of them but for noise: {low:N}/s[[ to {high:N}/s]]",
      ),
      check: (parts, cases) => wrongMost(cases, cases, parts),
    },
    {
      match: template(
        "None is best: no point keeps up with what comes. Most was done, as much but for noise, at {points:*}: {low:N}/s[[ to {high:N}/s]]",
      ),
      check: ({ points = "", ...range }, cases) => wrongMost(named(points, cases), cases, range),
    },
    {
      match: template("None is best: no point keeps up with what comes. Most was done at {points:*}: {low:N}/s"),
      check: ({ points = "", ...range }, cases) => wrongMost(named(points, cases), cases, range),
    },
  ];

function wrongMost(these: Cases | null, cases: Cases, { low, high = low }: Parts): string | null {
  if (these === null || these.length === 0) return "nobody can read where";
  if (cases.some((one) => surelyKept(one, []))) return "one does keep up";
  const rates = these.map(({ throughput }) => throughput);
  const most = Math.max(...cases.map(({ throughput }) => throughput));
  if (!says(high, most) || !says(low, Math.min(...rates)) || Math.max(...rates) !== most) return "other rates";
  if (differ(most, Math.min(...rates), 0.2)) return "one did far less";
  return cases.some((one) => !these.includes(one) && !differ(one.throughput, most, 0.02)) ? "by noise: another did as much" : null;
}

/** What the line under a sweep's picture says that its cases do not bear; null: they do. */
export function unborneBest(line: string, all: Cases): string | null {
  const cases = all.filter(({ status }) => status !== "failed");
  const known = LINES.flatMap(({ match, check }) => {
    const parts = match(line);
    return parts === null ? [] : [check(parts, cases)];
  });
  if (known.length === 0) return `no checker knows: "${line}"`;
  return known.includes(null) ? null : `${known[0]}: "${line}"`;
}
