import type { CaseResult } from "../../../src/telemetry/result.ts";
import { type Claim, claim, must, rate, type Told } from "./claim.ts";
import { printed, says } from "./template.ts";

/** What an explanation of a flow may say beside what messages may, and what each of it is held against. */

const kindsOf = ({ scenario }: Told) => {
  const { flow } = scenario;
  const parts = flow?.kind === "orchestrator" ? Object.values(flow.parts ?? {}) : [flow];
  return parts.flatMap((part) => part?.work?.kind ?? flow?.work?.kind ?? []);
};
const nearLimit = must("far less was done than that", ({ result }, { sum = "0" }) => result.throughput >= 0.6 * printed(sum).value);

type Part = NonNullable<CaseResult["flow"]>["parts"][string];

/** A figure of a part, or of all its members added up. */
function sumOf(part: Part | undefined, figure: string): number {
  if (part === undefined) return Number.NaN;
  let sum = 0;
  for (const list of ["subscribers", "stages", "consumers"]) {
    const members = part[list];
    if (Array.isArray(members)) for (const member of members) sum += Number((member as Record<string, unknown>)[figure] ?? 0);
  }
  return sum;
}

/** "events lost 0.7 % of …": each clause beside the part that it names. */
function clauseIsTrue(clause: string, { result }: Told): boolean {
  const [, name = "", share = "", rest = ""] = /^(\S+?):? (?:lost |failed for |gave up )?(none|[\d.]+ %) of (.*)$/.exec(clause) ?? [];
  const part = result.flow?.parts[name];
  if (part === undefined) return false;
  const counts = [...rest.matchAll(/([\d.]+(?: [kMG])?) (retry|retries|calls? refused|fallbacks?)/g)];
  const named: Readonly<Record<string, string>> = {
    retr: part.kind === "message-queue" ? "retried" : "retries",
    call: "refused",
    fall: "fallbacks",
  };
  if (!counts.every(([, count, what = ""]) => says(count, sumOf(part, named[what.slice(0, 4)] ?? "")))) return false;
  const own = (figure: string) => Number(part[figure] ?? 0);
  const dead = sumOf(part, "dead");
  const of: Readonly<Record<string, number>> = {
    "event-bus": own("failed") / own("delivered"),
    "reactive-stream": sumOf(part, "failed") / sumOf(part, "offered"),
    "data-pipeline": own("failed") / own("fed"),
    "message-queue": dead / (dead + sumOf(part, "acknowledged")),
  };
  const value = of[part.kind] ?? Number.NaN;
  return share === "none" ? !Number.isFinite(value) : says(share, value);
}

export const FLOW_CLAIMS: readonly Claim[] = [
  claim(
    "One handler at a time: {calls:N} {c:call|calls} for each item {t:takes|take} {each:D} in turn, and 1 ÷ {e2:D} is {sum:N}/s; {rate:N} items/s went through.",
    rate,
    nearLimit,
    must("several at a time", ({ result }) => result.mode === "sync"),
  ),
  claim(
    "The handlers of {part:*} are the limit: each {who:*} works on {at:N} at a time, {each:D} each, and {terms:*} is {sum:N}/s[[, less with retries]]; {rate:N} items/s went through.",
    rate,
    nearLimit,
    must("they compute", (told) => !kindsOf(told).includes("cpu")),
  ),
  claim(
    "{more:More concurrency in its stages|More consumers|A quicker subscriber} would help, more cores would not.",
    must("they compute", (told) => !kindsOf(told).includes("cpu")),
  ),
  claim(
    "By parts: {clauses:*}.",
    must("a part did otherwise", (told, { clauses = "" }) => clauses.split("; ").every((clause) => clauseIsTrue(clause, told))),
  ),
];
