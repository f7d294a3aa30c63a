import type { CaseResult } from "../../../src/telemetry/result.ts";
import { type Claim, claim, must, rate, type Told } from "./claim.ts";
import { printed, says } from "./template.ts";

/** What an explanation of a flow may say beside what messages may, and what each of it is held against. */

const kindsOf = ({ scenario }: Told) => {
  const { flow } = scenario;
  const parts = flow?.kind === "orchestrator" ? Object.values(flow.parts ?? {}) : [flow];
  return parts.flatMap((part) => part?.work?.kind ?? flow?.work?.kind ?? []);
};
const nearLimit = must("far less was done than that", ({ result }, { sum = "0" }) => result.throughput >= 0.69 * printed(sum).value);

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

const CLAUSE = /^(\S+): (none|[\d.]+(?: [kMG])?) of ([\d.]+(?: [kMG])?) (deliveries|values|items|messages) (.*)$/;

/** "events: 11 of 1.80 k deliveries failed …": each clause beside the part that it names. */
function clauseIsTrue(clause: string, { result }: Told): boolean {
  const [, name = "", count = "", total = "", what = "", rest = ""] = CLAUSE.exec(clause) ?? [];
  const part = result.flow?.parts[name];
  if (part === undefined) return false;
  const counts = [...rest.matchAll(/([\d.]+(?: [kMG])?) (retry|retries|calls? refused|fallbacks?|(?:was|were) dropped)/g)];
  const own = (figure: string) => Number(part[figure] ?? 0);
  const named: Readonly<Record<string, number>> = {
    retr: sumOf(part, part.kind === "message-queue" ? "retried" : "retries"),
    call: sumOf(part, "refused"),
    fall: sumOf(part, "fallbacks"),
    "was ": own("dropped"),
    were: own("dropped"),
  };
  if (!counts.every(([, figure, of = ""]) => says(figure, named[of.slice(0, 4)] ?? Number.NaN))) return false;
  const dead = sumOf(part, "dead");
  const of: Readonly<Record<string, readonly [what: string, count: number, total: number]>> = {
    "event-bus": ["deliveries", own("failed"), own("delivered")],
    "reactive-stream": ["values", sumOf(part, "failed"), sumOf(part, "offered")],
    "data-pipeline": ["items", own("failed"), own("fed")],
    "message-queue": ["messages", dead, dead + sumOf(part, "acknowledged")],
  };
  const [noun, some, all] = of[part.kind] ?? ["", Number.NaN, Number.NaN];
  return what === noun && says(total, all) && (count === "none" ? some === 0 : says(count, some));
}

/** Each thread of mode `parallel` has a flow of its own. */
const threadsOf = ({ result }: Told) => (result.mode === "parallel" ? Math.max(1, result.process.threads.length - 1) : 1);

export const FLOW_CLAIMS: readonly Claim[] = [
  claim(
    "One handler at a time: {calls:N} {c:call|calls} for each item {t:takes|take} {each:D} in turn, and 1 ÷ {e2:D} is {sum:N}/s; {rate:N} items/s went through.",
    rate,
    nearLimit,
    must("several at a time", ({ result }) => result.mode === "sync"),
  ),
  claim(
    "The handlers of {part:*} are the limit: each {who:stage|subscriber|group} works on {at:N} at a time[[, {each1:N} in each of {threads:N} threads]], {each:D} each, and {terms:*} is {sum:N}/s[[, less with retries]]; {rate:N} items/s went through.",
    rate,
    nearLimit,
    must("they compute", (told) => !kindsOf(told).includes("cpu")),
    must("other threads work on it", (told, { threads = "1" }) => says(threads, threadsOf(told))),
    must("another number works on it", (told, { part = "", who, at, each1 }) => {
      const { flow } = told.scenario;
      const settings = flow?.kind === "orchestrator" ? flow.parts?.[part] : flow;
      if (settings === undefined) return false;
      const each = who === "group" ? settings.consumers * settings.concurrency : who === "stage" ? settings.concurrency : 1;
      return says(at, each * threadsOf(told)) && (each1 === undefined || says(each1, each));
    }),
  ),
  claim(
    "{more:More concurrency in its stages|More consumers|A quicker subscriber} would help, more cores would not.",
    must("they compute", (told) => !kindsOf(told).includes("cpu")),
    must("more cores are more threads", ({ result }) => result.mode !== "parallel"),
  ),
  claim(
    "{more:More concurrency in its stages|More consumers|A quicker subscriber}, or more Workers, would help.",
    must("they compute", (told) => !kindsOf(told).includes("cpu")),
    must("there are none", ({ result }) => result.mode === "parallel"),
  ),
  claim(
    "By parts: {clauses:*}.",
    must("a part did otherwise", (told, { clauses = "" }) => clauses.split("; ").every((clause) => clauseIsTrue(clause, told))),
  ),
];
