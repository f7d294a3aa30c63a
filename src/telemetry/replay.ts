import type { CaseOutline, RunEvent } from "./events.ts";
import { EMPTY_LEDGER, type Ledger } from "./ledger.ts";
import type { CaseResult, RunResult } from "./result.ts";
import type { Running, Sample, Snapshot } from "./sample.ts";

/** An event of a past run and its time in the replay, in milliseconds since the beginning. */
export interface TimedEvent {
  readonly at: number;
  readonly event: RunEvent;
}

/** Pause between two cases, in milliseconds: preparation times are not stored. */
const PREPARING_MS = 500;

/** A stored run as its events, so that views show it like a running one. The same result yields the same events. */
export function replayOf(result: RunResult): TimedEvent[] {
  const { startedAt, scenario, machine, cases } = result;
  const events: TimedEvent[] = [{ at: 0, event: { type: "run-started", startedAt, scenario, machine, cases: cases.map(outlineOf) } }];
  let at = 0;
  cases.forEach((one, index) => {
    const { series } = one;
    events.push({ at, event: { type: "case-preparing", index, note: "" } });
    at += PREPARING_MS;
    const count = one.tape.count;
    events.push({ at, event: { type: "case-started", index, count, lastMs: one.load?.lastMs ?? series.at(-1)?.t ?? 0, url: null } });
    const samples = snapshotsOf(one).map((snapshot): TimedEvent => ({ at: at + snapshot.t, event: { type: "sample", index, snapshot } }));
    events.push(...[...rateChangesOf(one, index, at), ...samples].sort((a, b) => a.at - b.at));
    at += series.at(-1)?.t ?? 0;
    const verdicts = result.thresholds.filter((threshold) => threshold.case === index);
    events.push({ at, event: { type: "case-finished", index, result: one, verdicts } });
  });
  events.push({ at, event: { type: "run-finished", result } });
  return events;
}

/** Each change of the rate at its time; `begun`: t = 0 of the case. */
function rateChangesOf(one: CaseResult, index: number, begun: number): TimedEvent[] {
  const { rateChanges = [] } = one;
  return rateChanges.map(({ atMs }, i) => ({
    at: begun + atMs,
    event: { type: "rate-changed", index, changes: rateChanges.slice(0, i + 1), outline: outlineOf(one), count: one.tape.count },
  }));
}

function outlineOf(one: CaseResult): CaseOutline {
  const { mode, params, predicted, queue, series } = one;
  const load = { executor: one.load?.executor ?? "", gracefulStopMs: one.load?.gracefulStopMs ?? 0 };
  return { mode, params, load, parts: series.at(-1)?.flow?.parts.length ?? 0, predicted, capacity: queue.capacity };
}

/** The samples, each with ledger and figures of its instant; where an earlier version did not store these, they are summed up. */
function snapshotsOf({ series, process: { cpuMs }, durationMs }: CaseResult): Snapshot[] {
  let counted = EMPTY_LEDGER;
  let from = 0;
  return series.map((sample) => {
    counted = sample.ledger ?? addedUp(counted, sample, sample.t - from);
    from = sample.t;
    const cpu = durationMs > 0 ? cpuMs / durationMs : 0;
    return { ...sample, ledger: counted, running: sample.running ?? runningOf(counted, sample.t, cpu) };
  });
}

function addedUp(before: Ledger, { offered, processed, dropped }: Sample, ms: number): Ledger {
  const count = (perSecond: number) => Math.round((perSecond * ms) / 1000);
  const scheduled = before.scheduled + count(offered);
  const done = before.processed + count(processed);
  const newest = before.dropped.newest + count(dropped);
  return {
    ...before,
    scheduled,
    processed: done,
    dropped: { ...before.dropped, newest },
    unfinished: Math.max(0, scheduled - done - newest),
  };
}

function runningOf({ processed }: Ledger, t: number, cpu: number): Running {
  return { p50: null, p95: null, p99: null, throughput: t > 0 ? (processed * 1000) / t : 0, cpu };
}
