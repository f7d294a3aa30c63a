import type { CaseResult } from "../../../src/telemetry/result.ts";
import { wrongAlike, wrongBest } from "./best.ts";
import { wrongChanges } from "./changes.ts";
import { named, percentile, ruleOf, slowOf, TAIL } from "./claim.ts";
import { drops, fellBehind, isDisturbed, surelyKept } from "./fitness.ts";
import { type Cases, labelled, text } from "./points.ts";
import { type Parts, printed, says, sentencesOf, template, wrongNumbers, wrongSums } from "./template.ts";

/** What the conclusions of a sweep may say, and what each of it is held against. */

interface Conclusion {
  readonly match: (sentence: string) => Parts | null;
  readonly check: (parts: Parts, cases: Cases) => string | null;
}

function conclusion(pattern: string, check: (parts: Parts, cases: Cases) => string | null): Conclusion {
  return { match: template(pattern), check };
}

function offered(rate: string | undefined, cases: Cases): CaseResult | undefined {
  return cases.find((one) => says(rate, one.offeredRate ?? 0));
}

const HANDED = template(
  `[[not handed over]][[handed over by {how:message|batch}]] {rate:N}/s, {tail:${TAIL}} {p99:T}, the loop held {held:P} of the time, its p99 of lateness {late:D}`,
);

const CLAIMS: readonly Conclusion[] = [
  conclusion("{label:*} keeps up with every rate tried, up to {most:N}/s.", ({ label = "", most }, cases) => {
    const group = labelled(label, cases);
    if (!says(most, Math.max(...group.map(({ offeredRate }) => offeredRate ?? 0)))) return "not the highest rate";
    return group.some((one) => fellBehind(one, group)) ? "at one of them not all was done, or a line grew" : null;
  }),
  conclusion("All of them keep up with every rate tried, up to {most:N}/s.", ({ most }, cases) => {
    if (!says(most, Math.max(...cases.map(({ offeredRate }) => offeredRate ?? 0)))) return "not the highest rate";
    const alone = ({ params, mode }: CaseResult) => JSON.stringify({ ...params, "load.rate": null, mode });
    const groups = Map.groupBy(cases, alone);
    return groups.values().some((group) => group.some((one) => fellBehind(one, group))) ? "at one of them not all was done" : null;
  }),
  conclusion(
    "{label:*} keeps up with {range:*}; at {over:N}/s {how:*}, and it does {most:N}/s at most.",
    ({ label = "", range = "", over, how = "", most }, cases) => {
      const group = labelled(label, cases).toSorted((a, b) => (a.offeredRate ?? 0) - (b.offeredRate ?? 0));
      const one = offered(over, group);
      if (one === undefined) return "no such rate";
      const sound = group.filter((each) => !isDisturbed(each));
      const rates = (sound.length === 0 ? group : sound).map(({ throughput }) => throughput);
      if (!says(most, Math.max(...rates))) return "not the most that was done undisturbed";
      const below = group.slice(0, group.indexOf(one));
      if ((range === "none of the rates tried") !== (below.length === 0)) return "a rate below kept up";
      if (below.some((each) => fellBehind(each, group))) return "below it not all was done";
      if (surelyKept(one, group)) return "it was with that as well";
      if (/^the line grows by (.*) a second$/.exec(how)?.[1] !== undefined) {
        return says(/by (.*) a second/.exec(how)?.[1], one.queue.growthPerSecond) ? null : "grows otherwise";
      }
      const ending = /^(.*) of (.*) (?:is|are) (dropped|not done in the end)$/.exec(how);
      if (ending !== null) return says(ending[1], ending[3] === "dropped" ? drops(one) : one.ledger.unfinished) ? null : "another number";
      const done = /^only (.*)\/s (?:is|are) done$/.exec(how);
      if (done !== null) return says(done[1], one.throughput) && one.throughput < (one.offeredRate ?? 0) ? null : "it did all";
      return /^a message takes .* longer with every second$/.test(how) ? null : "nothing shows that it did not keep up";
    },
  ),
  conclusion("sync and async both keep up with every rate tried.", (_, cases) =>
    ["sync", "async"].some((mode) => {
      const group = cases.filter((one) => one.mode === mode);
      return group.some((one) => fellBehind(one, group));
    })
      ? "not all was done"
      : null,
  ),
  conclusion(
    "async does no more than sync at any of these rates[[: what a message costs is computing, and an event loop gives it no second core]].",
    (_, cases) =>
      cases.some(
        (one) =>
          one.mode === "async" &&
          cases.some((other) => other.mode === "sync" && other.offeredRate === one.offeredRate && one.throughput > 1.15 * other.throughput),
      )
        ? "at one it does"
        : null,
  ),
  conclusion(
    "async does more than sync from {from:N}/s on ({async:N}/s against {sync:N}/s){rest:*}.",
    ({ from, async: more, sync: less, rest = "" }, cases) => {
      const at = cases.filter((one) => says(from, one.offeredRate ?? 0));
      const of = (mode: string) => at.find((one) => one.mode === mode);
      if (!says(more, of("async")?.throughput ?? null) || !says(less, of("sync")?.throughput ?? null)) return "other rates";
      if (printed(more ?? "").value <= 1.04 * printed(less ?? "").value) return "within noise";
      const end = /^; at (.*)\/s it no longer keeps up: (.*)\/s against (.*)\/s in sync/.exec(rest);
      if (end === null) return rest === " and keeps up with all of them" ? null : "unknown";
      const last = cases.filter((one) => says(end[1], one.offeredRate ?? 0));
      const over = last.find(({ mode }) => mode === "async");
      const asynchronous = cases.filter(({ mode }) => mode === "async");
      return over !== undefined && !surelyKept(over, asynchronous) && says(end[2], over.throughput) ? null : "it did all";
    },
  ),
  conclusion(
    "{label:*} does {points:*} on a machine of {cores:N} {c:core|cores}[[ (the offered load differed: {loads:*}; a difference may be the load's)]]: {law:*}.",
    ({ label = "", points = "", cores = "0", law = "" }, all) => {
      const group = labelled(label, all);
      for (const point of points.split(", ")) {
        const [, rate] = /: (.*)\/s$/.exec(point) ?? [];
        if (!group.some(({ throughput }) => says(rate, throughput))) return `no point did ${rate}`;
      }
      const fits = /(?:law|scalability law) fits/.test(law);
      if (!fits) return null;
      const explained = Number(/R² ([\d.]+)/.exec(law)?.[1] ?? 0);
      if (explained < 0.9) return "a law that explains little";
      if (group.some(isDisturbed)) return "a law of disturbed cases";
      const used = group.filter(({ params }) => Object.values(params).some((value) => typeof value === "number" && value <= Number(cores)));
      const computes = group.some(({ process, durationMs }) => process.cpuMs > 0.6 * durationMs * Number(cores));
      return computes && used.length < 3 ? "a law through two points" : null;
    },
  ),
  conclusion(
    "{label:*}: a full queue costs its capacity × processing time: {sum:*}, measured {word:p99|longest} {p99:D}[[ (the offered load differed: {loads:*}; a difference may be the load's)]].",
    ({ label = "", word, p99 }, cases) =>
      labelled(label, cases).some((one) => says(p99, slowOf(one.latency.sojourn, word)) && one.queue.highWater >= (one.queue.capacity ?? 0))
        ? null
        : "no full queue with that p99",
  ),
  conclusion(
    "{label:*}: where the oldest go, every arrival pushes the line on, and a full queue costs its capacity ÷ arrival rate: {sum:*}, measured {word:median|mean} {p50:D}[[ (the offered load differed: {loads:*}; a difference may be the load's)]].",
    ({ label = "", word, p50 }, cases) =>
      labelled(label, cases).some((one) => says(p50, ruleOf(one.latency.sojourn, word)) && one.ledger.dropped.oldest > 0)
        ? null
        : "no queue that drops the oldest with that median",
  ),
  conclusion("For the p99 of {p99:D} that is promised: {sum:*}.", (_, cases) =>
    cases.some((one) => drops(one) > 0 || one.latency.schedule.mean <= 0.6 * one.latency.queue.mean)
      ? null
      : "no number of places gives it where the source waits",
  ),
  conclusion("With {places:*} places nothing is dropped.", ({ places }, cases) => {
    if (!cases.some((one) => text(one.params["queue.capacity"]) === places && drops(one) === 0)) return "something is";
    const fewer = ({ params }: CaseResult) =>
      Number(params["queue.capacity"]) < (places === "unlimited" ? Number.POSITIVE_INFINITY : Number(places));
    const others = Map.groupBy(cases, ({ mode, params }) => JSON.stringify({ ...params, mode, "queue.capacity": null })).values();
    // In some group no shorter queue does.
    return others.some((group) => group.filter(fewer).every((one) => drops(one) > 0)) ? null : "a shorter one does as well";
  }),
  conclusion(
    "{label:*}: where the queue holds the source back, what finds it full waits before it: with {places:N} {n:place|places} {before:D} before and {within:D} in the queue on average, {word:p99|longest} {p99:D} in all[[ (the offered load differed: {loads:*}; a difference may be the load's)]].",
    ({ label = "", before, within, word, p99 }, cases) =>
      labelled(label, cases).some(
        ({ latency }) =>
          says(before, latency.schedule.mean) && says(within, latency.queue.mean) && says(p99, slowOf(latency.sojourn, word)),
      )
        ? null
        : "no such point",
  ),
  conclusion("No number of places makes that shorter; fewer arrivals, or dropping some, would.", (_, cases) =>
    cases.some((one) => drops(one) === 0) ? null : "it drops",
  ),
  conclusion(
    `{label:*}: best at {point:*} ({rate:N}/s, {tail:${TAIL}|mean} {p99:T}[[, median {p50:T}]][[, {slowest:${TAIL}} of queries {q99:T}]][[, {asks:N} {a:attempt|attempts}]])[[, and as good but for noise at {others:*}]][[; left out as {left:*}]][[, though {though:*}]][[; longest {by:${TAIL}} at {worst:*} ({slow:N}/s, {same:${TAIL}} {long:T})]].`,
    ({ label = "", worst = "", slow, by, same, long, slowest, ...told }, cases) => {
      const group = labelled(label, cases).filter(({ mode }) => mode !== "sync");
      const wrong = wrongBest({ ...told, slow: slowest }, group);
      if (by !== same) return "by two percentiles";
      if (wrong !== null || worst === "") return wrong;
      if (!group.some(({ latency, throughput }) => says(long, named(latency.sojourn, by)) && says(slow, throughput)))
        return "no such longest p99";
      return group.every((one) => (named(one.latency.sojourn, by) ?? 0) <= printed(long ?? "").high) ? null : "another has a longer p99";
    },
  ),
  conclusion("{label:*}: no batch is better than the others by more than noise.", ({ label = "" }, cases) =>
    wrongAlike(labelled(label, cases)),
  ),
  conclusion("{label:*}: no batch keeps up with what comes.", ({ label = "" }, cases) =>
    labelled(label, cases).some((one) => surelyKept(one, [])) ? "it was with one" : null,
  ),
  conclusion("{label:*}: no batch is called best, since none was measured validly.", ({ label = "" }, cases) =>
    labelled(label, cases).some(({ status }) => status === "completed") ? "one was" : null,
  ),
  conclusion("{label:*}: no batch is called best of cases that were disturbed.", ({ label = "" }, cases) =>
    labelled(label, cases).some(isDisturbed) ? null : "none was",
  ),
  conclusion("{label:*}: no batch is called best (the offered load differed: {rates:*}; a difference may be the load's).", () => null),
  conclusion("{label:*}: the best batch.size moves, {points:*}.", (_, cases) =>
    new Set(cases.map((one) => one.params["batch.size"])).size > 1 ? null : "there is one size",
  ),
  conclusion("The best point moves with {fields:*}.", (_, cases) => {
    // A size of one makes every timeout the same.
    const sizes = new Set(cases.map((one) => one.params["batch.size"]));
    return sizes.size === 1 && sizes.has(1) ? "nothing that is swept does anything" : null;
  }),
  conclusion("{point:*} is among the best at each.", ({ point = "" }, cases) =>
    cases.some((one) =>
      point.split(" and ").every((part) => Object.entries(one.params).some(([name, value]) => part === `${name} ${text(value)}`)),
    )
      ? null
      : "there is no such point",
  ),
  conclusion("The best point stays where it is.", (_, cases) => (cases.length > 2 ? null : "of what")),
  conclusion("{label:*}, {field:F} from {a:*} to {b:*}: throughput (per second) {changes:*}.", wrongChanges),
  conclusion("{label:*}, measured of what the processing time allows: {points:*}.", ({ label = "", points = "" }, cases) => {
    const group = labelled(label, cases);
    for (const [, rate, of, share] of points.matchAll(/: ([^:]*?)\/s of ([^:]*?)\/s \(([^)]*?)\)/g)) {
      if (
        !group.some(
          ({ throughput, predicted }) =>
            says(rate, throughput) && says(of, predicted.capacity) && says(share, throughput / (predicted.capacity ?? 1)),
        )
      )
        return "no such point";
    }
    return null;
  }),
  conclusion(
    "{label:*}: {first:not handed over|handed over by message|handed over by batch} {points:*}.",
    ({ label = "", first = "", points = "" }, cases) => {
      for (const point of `${first} ${points}`.split("; ")) {
        const { how, rate, held, late } = HANDED(point.replace(/ \(the offered load.*$/, "")) ?? {};
        const one = labelled(label, cases).find(
          ({ params, throughput, process: { eventLoop } }) =>
            text(params["async.offload"]) === (how ?? "none") &&
            says(rate, throughput) &&
            says(held, eventLoop.busy) &&
            says(late, eventLoop.delayMs.p99),
        );
        if (one === undefined) return `no such point: ${point}`;
      }
      return null;
    },
  ),
  conclusion(
    "{label:*}, without a limit: {rate:N}/s, paid for with {memory:*} of memory (at most {bounded:*} with a limit)[[, {files:N} {f:open file|open files} ({f2:N})]][[, {connections:N} {c:connection|connections} ({c2:N})]].",
    ({ label = "", rate, memory, files, connections }, cases) => {
      const one = labelled(label, cases).find(
        (each) =>
          Object.values(each.params).includes("unlimited") && says(rate, each.throughput) && says(memory, each.process.peakRssBytes),
      );
      if (one === undefined) return "no such point";
      if (files !== undefined && !says(files, one.process.peakOpenFiles)) return "other files";
      return connections === undefined || says(connections, one.fetch?.connectionsOpened ?? null) ? null : "other connections";
    },
  ),
  conclusion("It is not called best.", () => null),
  conclusion("{label:*}, by Little's law {points:*}.", ({ points = "" }, cases) => {
    for (const [, value, sent] of points.matchAll(/(?:^|; )([^:]*): (\S+(?: [kMG])?)\/s ×/g)) {
      const one = cases.find(({ params }) => Object.values(params).some((each) => text(each) === value));
      if (one === undefined) return `no point ${value}`;
      if (one.ledger.failed === 0 && !says(sent, one.throughput)) return `another rate at ${value}`;
    }
    return null;
  }),
  conclusion(
    "{law:Amdahl's law|The universal scalability law} fits[[ up to {n:N}]] with {share:P} that does not overlap (R² {r2:N}[[; 95 %: {low:P} to {high:P}]]){rest:*}.",
    ({ r2 }, cases) => (Number(r2) < 0.9 ? "it explains little" : cases.some(isDisturbed) ? "of disturbed cases" : null),
  ),
  conclusion("No law is fitted, since some of the points were disturbed.", (_, cases) => (cases.some(isDisturbed) ? null : "none did")),
  conclusion("No law is fitted through points that got different loads.", () => null),
  conclusion("No law is fitted, since at some points all was done that came, and that is no limit of theirs.", (_, cases) =>
    cases.some((one) => one.throughput >= 0.96 * (one.offeredRate ?? Number.POSITIVE_INFINITY)) ? null : "at none",
  ),
  conclusion(
    "No law is fitted, since the list ends with fewer under way than may be, and at some points there were fewer before that.",
    (_, cases) => (cases.some(({ load }) => load?.executor === "shared-iterations") ? null : "there is no list"),
  ),
  conclusion("Without the end of the list, when fewer are left than may be under way, that is {points:*}.", ({ points = "" }, cases) => {
    for (const point of points.split(", ")) {
      const [, value, rate] = /^(\d+): (.*)\/s$/.exec(point) ?? [];
      const there = cases.filter(({ params }) => Object.values(params).some((each) => text(each) === value));
      // As many as there are places, each as long as it took, of which so many ended well.
      const is = ({ fetch, throughput, durationMs }: CaseResult) =>
        fetch !== undefined &&
        says(rate, (((1000 * Number(value)) / fetch.itemMs) * fetch.ok) / fetch.sent) &&
        printed(rate ?? "0").high >= throughput &&
        Number(value) * durationMs >= fetch.sent * fetch.itemMs * 0.99;
      if (!there.some(is)) return `another rate at ${value}`;
    }
    return null;
  }),
  conclusion("No law is told: the share that does not overlap may lie anywhere from {low:P} to {high:P} (95 %).", () => null),
  conclusion("Amdahl's law is not fitted: {why:*}.", () => null),
  conclusion("Against one request at a time ({base:N}/s at {mb:N} MB): {others:*}.", ({ base, others = "" }, cases) => {
    const sync = cases.find(({ mode }) => mode === "sync");
    if (sync === undefined || !says(base, sync.throughput)) return "another rate";
    for (const [, mode, times] of others.matchAll(/(async|parallel)[^×]*? ([\d.]+) × at/g)) {
      const one = cases.find((each) => each.mode === mode);
      if (one === undefined || !says(times, one.throughput / sync.throughput)) return `${mode} did otherwise`;
    }
    return null;
  }),
  conclusion("What waits for a server needs no core, so it needs no thread either.", (_, cases) => {
    if (!cases.every(({ fetch }) => fetch !== undefined)) return "there is no server";
    const of = (mode: string) => cases.find((one) => one.mode === mode)?.throughput;
    return (of("parallel") ?? 0) > 1.15 * (of("async") ?? 0) ? "threads do more" : null;
  }),
  conclusion(`A query's {name:${TAIL}|longest wait}: {points:*}.`, ({ name, points = "" }, cases) => {
    const of = ({ queries }: CaseResult) => (name === "longest wait" ? queries.latency.max : named(queries.latency, name));
    for (const point of points.split("; ")) {
      const [, mode, p99, answered] = /^(\w+).*? ((?:\d+(?:\.\d+)? (?:ns|µs|ms|s|min))|0) \((.*) of .* answered\)$/.exec(point) ?? [];
      if (!cases.some((one) => one.mode === mode && says(p99, of(one)) && says(answered, one.queries.answered)))
        return `no such point: ${point}`;
    }
    return null;
  }),
  conclusion(
    "[[{waits:In sync and async|In sync|In async} it waits for the messages before it]][[, ]][[{go:in|In} parallel {how:*}]].",
    ({ waits = "" }, cases) => {
      for (const mode of ["sync", "async"]) {
        if (!waits.includes(mode) || (mode === "sync" && !/\bsync/.test(waits))) continue;
        const asked = cases.filter((one) => one.mode === mode && one.queries.answered > 0);
        // Work that is handed over, or never holds the loop, is waited for by no query.
        if (
          asked.some(
            ({ process, queries, latency }) =>
              process.threads.length > 1 ||
              process.eventLoop.busy < 0.25 ||
              (percentile(queries.latency, "p99") ?? queries.latency.max) <
                0.4 * (percentile(latency.service, "p50") ?? latency.service.mean),
          )
        )
          return `${mode}: not there`;
      }
      return null;
    },
  ),
  conclusion("{label:*}, the median message takes {alone:D} without queries, {others:*}.", ({ label = "", alone }, cases) => {
    const one = labelled(label, cases).find(
      ({ params, latency }) => Number(params["queries.rate"]) === 0 && says(alone, percentile(latency.sojourn, "p50")),
    );
    return one === undefined ? "no such point" : one.latency.sojourn.count < 25 ? "of a few messages" : null;
  }),
  conclusion("{label:*}, a message: {formats:*}.", ({ formats = "" }, cases) => {
    for (const format of formats.split("; ")) {
      const [codec = ""] = format.split(" ");
      const one = cases.find(({ serialization }) => serialization?.codec === codec);
      if (one === undefined || !says(/, ([^,]*)\/s$/.exec(format)?.[1], one.throughput)) return `${codec} did otherwise`;
    }
    return null;
  }),
  // Lists of figures, one for each value of a field.
  conclusion("{label:*}: {points:*}.", ({ label = "", points = "" }, cases) => {
    const group = labelled(label, cases);
    for (const point of points.replace(/ \(the offered load.*$/, "").split("; ")) {
      const [, tail, p99] = /(p\d+) ((?:\d+(?:\.\d+)? (?:ns|µs|ms|s|min))|0|too few)/.exec(point) ?? [];
      const [, rate] = / ([\d.]+(?: [kMG])?)\/s, p\d/.exec(point) ?? [];
      const [, attempts] = / ([\d.]+(?: [kMG])?) attempts?/.exec(point) ?? [];
      if (p99 === undefined || (rate === undefined && attempts === undefined)) return `what is "${point}"?`;
      const is = ({ latency, throughput, fetch }: CaseResult) =>
        says(p99, named(latency.sojourn, tail)) &&
        (rate === undefined || says(rate, throughput)) &&
        (attempts === undefined || says(attempts, fetch?.attempts ?? null));
      if (!group.some(is)) return `no such point: ${point}`;
    }
    return null;
  }),
  conclusion(
    "{n:N} {c:case|cases} of {of:N}[[ ({which:*})]] {w:was|were} disturbed by what else the machine did: differences may come from that, and no best point and no law is made of {them:it|them}.",
    ({ n, of }, cases) => (says(n, cases.filter(isDisturbed).length) && says(of, cases.length) ? null : "another number was"),
  ),
];

/** Everything in the conclusions that the cases do not bear. */
export function unborneConclusions(sentences: readonly string[], all: Cases): string[] {
  const cases = all.filter(({ status, ledger }) => status !== "failed" && ledger.processed > 0);
  return sentences.flatMap((paragraph) => {
    const wrong = [...wrongSums(paragraph), ...wrongNumbers(paragraph)];
    for (const sentence of sentencesOf(paragraph)) {
      const known = CLAIMS.flatMap((claim) => {
        const parts = claim.match(sentence);
        return parts === null ? [] : [claim.check(parts, cases)];
      });
      if (known.length === 0) wrong.push(`no checker knows: "${sentence}"`);
      else if (!known.includes(null)) wrong.push(`${known[0]}: "${sentence}"`);
    }
    return wrong;
  });
}
