import { printable } from "../../kernel/text.ts";
import { formatCount, formatMs, formatRate } from "../../kernel/units.ts";
import { counted } from "../../kernel/wording.ts";
import { coresText } from "../../telemetry/allowance.ts";
import type { OnEvent, RunEvent } from "../../telemetry/events.ts";
import { paramsText } from "../../telemetry/params.ts";
import { rateChangeText } from "../../telemetry/rate-changes.ts";
import type { Sample } from "../../telemetry/sample.ts";
import { joined, spansOf } from "../../telemetry/series.ts";
import { DISTURBED } from "./disturbed.ts";
import { FAULT } from "./fault.ts";
import { intentLines } from "./intent.ts";
import { slowText } from "./interval.ts";
import { Others } from "./others.ts";
import { roundsLines, roundText } from "./repeats.ts";
import { ledgerLine } from "./table.ts";
import { wrappedText } from "./wrapping.ts";

/** Milliseconds of a case between two progress lines. */
const EVERY_MS = 1000;

/** Width of the text before a run, in columns. */
const INTENT_WIDTH = 100;

/** The outcome of a case, and the thresholds it broke. */
function outcomeOf({ result, verdicts = [] }: Extract<RunEvent, { readonly type: "case-finished" }>): string {
  const { status } = result;
  const broken = verdicts.filter(({ ok }) => !ok).map(({ metric, expression }) => `${metric} ${printable(expression, 80)}`);
  const word = result.disturbed == null ? status : `${status}, ${DISTURBED} disturbed (${printable(result.disturbed.reason, 300)})`;
  const sound = status !== "failed" && status !== "invalid";
  if (broken.length === 0) return sound ? word : `${FAULT} ${word}`;
  return `${FAULT} ${word}, ${counted(broken.length, "threshold")} failed (${broken.join(", ")})`;
}

/** Progress as plain lines, for pipes and logs. */
export function progressLines(write: (line: string) => void): OnEvent {
  let modes: readonly string[] = [];
  let nextAt = 0;
  /** Samples since the last line, and its instant. */
  let seen: Sample[] = [];
  let toldAt = 0;
  let count = 0;
  let others = new Others();
  const where = (index: number) => `[${index + 1}/${modes.length} ${printable(modes[index] ?? "", 120)}]`;
  return (event: RunEvent) => {
    switch (event.type) {
      case "run-started":
        modes = event.cases.map(({ mode, params, repeat }) => [mode, paramsText(params), roundText(repeat)].filter(Boolean).join(" "));
        write(`${printable(event.scenario.name, 80)}: ${printable(event.scenario.title, 200)}`);
        if (event.machine.limits != null) write(`on ${coresText(event.machine)}`);
        for (const line of intentLines(event.scenario)) write(wrappedText(line, INTENT_WIDTH, ""));
        for (const line of roundsLines(event)) write(line);
        return;
      case "case-preparing":
        nextAt = EVERY_MS;
        seen = [];
        toldAt = 0;
        others = new Others();
        if (event.note !== "") write(`${where(event.index)} ${printable(event.note, 80)}`);
        return;
      case "case-started":
        count = event.count;
        write(
          `${where(event.index)} ${formatCount(count)} arrivals${event.lastMs > 0 ? ` in ${formatMs(event.lastMs)}` : ""}${event.url === null ? "" : `, ${event.url}/workers`}`,
        );
        return;
      case "rate-changed": {
        const last = event.changes.at(-1);
        if (last !== undefined) write(`${where(event.index)} arrival rate changed by hand: ${rateChangeText(last)}`);
        return;
      }
      case "sample": {
        const { snapshot: sample } = event;
        others.add(sample);
        seen.push(sample);
        if (sample.t < nextAt) return;
        const spans = spansOf(seen, toldAt);
        const { processed, depth } = joined(spans);
        const slow = slowText(spans);
        nextAt = sample.t + EVERY_MS;
        seen = [];
        toldAt = sample.t;
        write(
          `${where(event.index)} ${(sample.t / 1000).toFixed(0).padStart(4)} s  ${formatRate(processed)} processed, depth ${formatCount(depth)}, ${slow}, ${formatCount(sample.ledger.unfinished)} waiting${others.told}`,
        );
        return;
      }
      case "case-finished":
        write(`${where(event.index)} ${outcomeOf(event)}: ${ledgerLine(event.result.ledger)}`);
        return;
      case "stopping":
        write(event.now ? "stopping now" : "stopping: draining what was taken (interrupt again to stop at once)");
        return;
      case "run-finished":
        return;
      default:
        event satisfies never;
    }
  };
}
