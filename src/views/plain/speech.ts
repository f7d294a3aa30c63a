import { printable } from "../../kernel/text.ts";
import { agreeing, listed } from "../../kernel/wording.ts";
import { droppedTotal, type Ledger } from "../../telemetry/ledger.ts";

/** Numbers as they are read aloud: with their units in whole words, without abbreviations. */

const DURATIONS = [
  { ms: 60_000, name: "minute" },
  { ms: 1000, name: "second" },
  { ms: 1, name: "millisecond" },
  { ms: 0.001, name: "microsecond" },
] as const;

/** Seconds are spoken up to two minutes. */
const SECONDS_UNTIL_MS = 120_000;

/** Milliseconds: "12 seconds", "4.25 milliseconds". */
export function spokenMs(ms: number): string {
  if (!(ms > 0)) return "no time";
  const unit = DURATIONS.find((one) => ms >= one.ms && (one.name !== "minute" || ms >= SECONDS_UNTIL_MS)) ?? DURATIONS[3];
  const value = Number((ms / unit.ms).toPrecision(3));
  return `${value} ${unit.name}${value === 1 ? "" : "s"}`;
}

/** A number in at most four digits that count, in groups of three: "4 010", "0.25". */
export function spokenNumber(value: number): string {
  const rounded = Number(value.toPrecision(4));
  return Math.abs(rounded) < 1000 ? String(Number(rounded.toPrecision(3))) : String(Math.round(rounded)).replace(/\B(?=(\d{3})+$)/g, " ");
}

/** What is counted in a run of a workload, for `counted`. */
export interface Noun {
  readonly one: string;
  readonly many: string;
}

export function nounOf(workload: string): Noun {
  if (workload === "message") return { one: "message", many: "messages" };
  return workload === "fetch" ? { one: "request", many: "requests" } : { one: "item", many: "items" };
}

/** "1 message", "4 010 messages". */
export function spokenCount(count: number, { one, many }: Noun): string {
  return `${spokenNumber(count)} ${agreeing(count, one, many)}`;
}

/** What became of the items: "1 000 messages came: 990 were done and 10 were dropped". */
export function spokenLedger(ledger: Ledger, noun: Noun): string {
  const parts = Object.entries({
    done: ledger.processed,
    failed: ledger.failed,
    rejected: ledger.rejected,
    dropped: droppedTotal(ledger),
    "left undone": ledger.unfinished,
  }).filter(([name, count]) => count > 0 || name === "done");
  const told = parts.map(([name, count]) => `${spokenNumber(count)} ${name === "failed" ? "" : agreeing(count, "was ", "were ")}${name}`);
  return `${spokenCount(ledger.scheduled, noun)} came: ${listed(told)}`;
}

/** Signs and abbreviations of written texts, and how they are read aloud. */
const SPOKEN: readonly (readonly [RegExp, string])[] = [
  [/(?<=\d) k(?![a-z])/gi, " thousand"],
  [/(?<=\d) M(?![a-zA-Z])/g, " million"],
  [/(?<=\d|thousand|million)\/s(?![a-z])/g, " a second"],
  [/(?<=\d) ms(?![a-z])/g, " milliseconds"],
  [/(?<=\d) µs(?![a-z])/g, " microseconds"],
  [/(?<=\d) s(?![a-z])/g, " seconds"],
  [/(?<=\d) min(?![a-z])/g, " minutes"],
  [/(?<=\d) %/g, " percent"],
  [/†/g, " (disturbed)"],
  [/≈ ?/g, "about "],
  [/± ?/g, "plus or minus "],
  [/[★→✓✗] ?/g, ""],
];

/** A written text as a sentence to listen to, at most `limit` columns of it. */
export function spokenText(text: string, limit = 10_000): string {
  const spoken = SPOKEN.reduce((told, [written, words]) => told.replace(written, words), printable(text, limit)).trim();
  return /[.?!…]$/.test(spoken) ? spoken : `${spoken}.`;
}
