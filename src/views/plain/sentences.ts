import { printable } from "../../kernel/text.ts";
import { agreeing, counted, listed } from "../../kernel/wording.ts";
import type { CaseOutline, OnEvent, RunEvent, RunOutline } from "../../telemetry/events.ts";
import { rateChangesText } from "../../telemetry/rate-changes.ts";
import type { Snapshot } from "../../telemetry/sample.ts";
import { joined, spansOf } from "../../telemetry/series.ts";
import { type Turn, TurningPoints } from "../../telemetry/turning-points.ts";
import { isUnsound } from "../../telemetry/verdicts.ts";
import { caseName } from "../report/closing.ts";
import { intentLines } from "../report/intent.ts";
import { HostSpeaker } from "./hosts.ts";
import { type Noun, nounOf, spokenCount, spokenLedger, spokenMs, spokenNumber, spokenText } from "./speech.ts";

/** Milliseconds of a case between two sentences on how it goes, and between two turns of the same kind. */
const EVERY_MS = 5000;

/** Ratios of done to predicted that count as predicted. */
const AS_PREDICTED = { from: 0.95, to: 1.05 };

/** Loads whose arrivals come at one rate, so that what is predicted of the whole is predicted of each part. */
const EVEN_LOADS: readonly string[] = ["constant-arrival-rate", "constant-vus", "shared-iterations"];

interface Options {
  /** Milliseconds of a case between two sentences. */
  readonly everyMs?: number;
}

/** A run in sentences for those who listen: one every few seconds, and one for each turn of events. */
export function plainSentences(write: (sentence: string) => void, { everyMs = EVERY_MS }: Options = {}): OnEvent {
  let run: RunOutline | null = null;
  let current: CaseSpeaker | null = null;
  return (event: RunEvent) => {
    switch (event.type) {
      case "run-started":
        run = event;
        for (const line of openingOf(event)) write(line);
        return;
      case "case-preparing":
        current = null;
        if (event.note !== "") write(`Before it, a ${printable(event.note, 80)} is made.`);
        return;
      case "case-started": {
        const outline = run?.cases[event.index];
        if (run === null || outline === undefined) return;
        current = new CaseSpeaker(outline, nounOf(run.scenario.workload), everyMs);
        write(`${placeOf(event.index, run)}Mode ${caseName(outline)} begins: ${comingOf(event, nounOf(run.scenario.workload))}.`);
        if (event.url !== null) write(`Queries are answered at ${event.url}/workers.`);
        return;
      }
      case "rate-changed":
        run = run === null ? null : { ...run, cases: run.cases.with(event.index, event.outline) };
        write(current === null ? spokenText(rateChangesText(event.changes)) : changedText(event));
        current?.changeRate(event.outline);
        return;
      case "sample":
        for (const sentence of current?.sample(event.snapshot) ?? []) write(sentence);
        return;
      case "case-finished":
        for (const sentence of endOf(event, nounOf(run?.scenario.workload ?? ""))) write(sentence);
        current = null;
        return;
      case "stopping":
        write(event.now ? "It stops now." : "It stops: what was taken is done first. Interrupt again to stop at once.");
        return;
      case "run-finished":
        return;
      default:
        event satisfies never;
    }
  };
}

function openingOf({ scenario, cases }: RunOutline): string[] {
  return [
    spokenText(`Scenario ${printable(scenario.name, 80)}: ${scenario.title}`, 300),
    ...intentLines(scenario).map((line) => spokenText(line)),
    `It has ${counted(cases.length, "case")}.`,
  ];
}

function placeOf(index: number, { cases }: RunOutline): string {
  return cases.length === 1 ? "" : `Case ${index + 1} of ${cases.length}. `;
}

function comingOf({ count, lastMs }: Extract<RunEvent, { readonly type: "case-started" }>, noun: Noun): string {
  if (count === 0) return `${noun.many} come as fast as they are answered`;
  return `${spokenCount(count, noun)} ${agreeing(count, "comes", "come")} ${lastMs > 0 ? `in ${spokenMs(lastMs)}` : "at once"}`;
}

function changedText({ changes }: Extract<RunEvent, { readonly type: "rate-changed" }>): string {
  const { atMs, rate } = changes.at(-1) ?? { atMs: 0, rate: 0 };
  return `${after(atMs)}the arrival rate is ${spokenNumber(rate)} a second from now on.`;
}

/** The sentences at the end of a case: what became of all, and what is wrong with it. */
function endOf({ result, verdicts = [] }: Extract<RunEvent, { readonly type: "case-finished" }>, noun: Noun): string[] {
  const { status, ledger, problems, disturbed } = result;
  const how = { completed: "is done", aborted: "was stopped", failed: "failed", invalid: "is not valid" }[status];
  const broken = verdicts.filter(({ ok }) => !ok).map(({ metric, expression }) => `${metric} ${printable(expression, 80)}`);
  const objections = isUnsound(result) ? problems.map((problem) => spokenText(problem, 400)) : [];
  return [
    `Mode ${caseName(result)} ${how}. ${spokenLedger(ledger, noun)}.`,
    ...objections,
    ...(broken.length === 0 ? [] : [`${agreeing(broken.length, "A threshold", "Thresholds")} failed: ${listed(broken)}.`]),
    ...(disturbed == null ? [] : [spokenText(`It was disturbed: ${disturbed.reason}`, 400)]),
  ];
}

/** Speaks of one case. */
class CaseSpeaker {
  private readonly turns: TurningPoints;
  private readonly hosts = new HostSpeaker();
  /** Samples since the last sentence, and its instant. */
  private seen: Snapshot[] = [];
  private toldAt = 0;
  private readonly turnsTold = new Map<Turn, number>();

  constructor(
    private outline: CaseOutline,
    private readonly noun: Noun,
    private readonly everyMs: number,
  ) {
    this.turns = new TurningPoints(outline.capacity ?? null);
  }

  /** The case gets another load. */
  changeRate(outline: CaseOutline): void {
    this.outline = outline;
  }

  /** The sentences of an instant. */
  sample(snapshot: Snapshot): string[] {
    this.seen.push(snapshot);
    const turned = this.turns.next(snapshot).filter((turn) => this.isNews(turn, snapshot.t));
    const told = [...turned.map((turn) => this.turnText(turn, snapshot)), ...this.hosts.next(snapshot.distributed)];
    const sentences = told.map((text) => `${after(snapshot.t)}${text}.`);
    if (snapshot.t - this.toldAt < this.everyMs) return sentences;
    const going = `${after(snapshot.t)}${this.goingText(snapshot)}.`;
    this.seen = [];
    this.toldAt = snapshot.t;
    return [...sentences, going];
  }

  /** True when the last sentence about a kind of turn is long enough ago for another. */
  private isNews(turn: Turn, t: number): boolean {
    if (t - (this.turnsTold.get(turn) ?? Number.NEGATIVE_INFINITY) < this.everyMs) return false;
    this.turnsTold.set(turn, t);
    return true;
  }

  private turnText(turn: Turn, { depth, fetch }: Snapshot): string {
    switch (turn) {
      case "full":
        return `the queue is full, with ${spokenNumber(this.outline.capacity ?? depth)} in it`;
      case "room":
        return "the queue has room again";
      case "drops begin":
        return `${this.noun.many} are dropped from now on`;
      case "drops end":
        return "nothing is dropped any more";
      case "breaker":
        return `the circuit breaker is ${fetch?.breaker ?? "closed"}`;
      case "redis silent":
        return "Redis gives no answer";
      case "redis answers":
        return "Redis answers again";
    }
    return turn satisfies never;
  }

  private goingText({ running, ledger }: Snapshot): string {
    const { processed, depth } = joined(spansOf(this.seen, this.toldAt));
    const done =
      processed === 0 ? "nothing was done" : `${spokenCount(processed, this.noun)} a second are done${this.besidePredicted(processed)}`;
    const slow = running.p99 === null ? "" : `; 99 of 100 take at most ${spokenMs(running.p99)}`;
    return `${done}; ${this.waitingText(depth, ledger.unfinished)}${slow}`;
  }

  private waitingText(depth: number, unfinished: number): string {
    const { capacity } = this.outline;
    if (capacity != null) return `the queue holds ${spokenNumber(Math.round(depth))} of ${spokenNumber(capacity)}`;
    return `${spokenNumber(unfinished)} ${agreeing(unfinished, "waits or is", "wait or are")} at work`;
  }

  private besidePredicted(processed: number): string {
    const { predicted, load } = this.outline;
    if (predicted.throughput === null || predicted.throughput <= 0 || !EVEN_LOADS.includes(load.executor)) return "";
    const ratio = processed / predicted.throughput;
    if (ratio >= AS_PREDICTED.from && ratio <= AS_PREDICTED.to) return ", as predicted";
    return `, where ${spokenNumber(predicted.throughput)} were predicted`;
  }
}

function after(t: number): string {
  return `${spokenMs(t < 1000 ? t : Math.round(t / 1000) * 1000)}: `;
}
