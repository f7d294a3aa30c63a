import { count, duration, equation, perSecond } from "../kernel/equation.ts";
import { formatCount, formatMs, formatShare } from "../kernel/units.ts";
import { agreeing, counted } from "../kernel/wording.ts";
import type { FlowPart, Scenario } from "../scenario/schema.ts";
import type { FlowFigures, FlowStats } from "../telemetry/result.ts";
import type { Explained } from "./explain-fetch.ts";
import { flowDemand } from "./flow.ts";

/** The handler that lets the fewest items through, where handlers wait rather than compute; null: theirs is not the limit. */
export function explainHandlers({ mode, throughput }: Explained, { flow, parallel }: Scenario, cores: number): string | null {
  if (flow === undefined || flow.module !== undefined) return null;
  const rate = `${formatCount(throughput)} items/s`;
  const parts = namedParts(flow);
  if (mode === "sync") {
    const calls = parts.reduce((sum, { part }) => sum + flowDemand(part).calls, 0);
    const ms = parts.reduce((sum, { part }) => sum + (flowDemand(part).calls * (part.work?.time ?? 0)) / 1000, 0);
    // Where far less is done than that, it is something else.
    if (ms === 0 || throughput < 0.7 * (1000 / ms)) return null;
    return `One handler at a time: ${counted(calls, "call")} for each item ${agreeing(calls, "takes", "take")} ${formatMs(ms)} in turn, and ${equation(count(1), [["÷", duration(ms)]], perSecond, "is")}; ${rate} went through.`;
  }
  const threads = mode === "parallel" ? (parallel.workers === "auto" ? cores : parallel.workers) : 1;
  const tight = parts
    .flatMap(({ name, part }) => {
      const ms = (part.work?.time ?? 0) / 1000;
      const { lanes } = flowDemand(part);
      return ms > 0 && Number.isFinite(lanes) ? [{ name, part, ms, most: (threads * lanes * 1000) / ms }] : [];
    })
    .sort((a, b) => a.most - b.most)[0];
  if (tight === undefined || throughput < 0.7 * tight.most) return null;
  const { name, part, ms, most } = tight;
  const who = {
    "data-pipeline": "each stage",
    "reactive-stream": "each subscriber",
    "message-queue": "each group",
    "event-bus": "each subscriber",
  }[part.kind];
  const at = part.kind === "message-queue" ? part.consumers * part.concurrency : part.kind === "data-pipeline" ? part.concurrency : 1;
  const each = duration(ms);
  const sum =
    threads > 1
      ? equation(
          count(threads, "threads"),
          [
            ["×", count(at)],
            ["÷", each],
          ],
          perSecond,
          "is",
        )
      : equation(count(at), [["÷", each]], perSecond, "is");
  const more =
    part.kind === "reactive-stream"
      ? "A quicker subscriber"
      : part.kind === "data-pipeline"
        ? "More concurrency in its stages"
        : "More consumers";
  return `The handlers of ${name} are the limit: ${who} works on ${formatCount(at)} at a time, ${formatMs(ms)} each, and ${sum}${most < (threads * at * 999) / ms ? ", less with retries" : ""}; ${rate} went through. ${more} would help, more cores would not.`;
}

function namedParts(flow: NonNullable<Scenario["flow"]>): { readonly name: string; readonly part: FlowPart }[] {
  const { kind } = flow;
  if (kind !== "orchestrator") return [{ name: kind, part: { ...flow, kind } }];
  return Object.entries(flow.parts ?? {}).map(([name, part]) => ({ name, part: { ...part, work: part.work ?? flow.work } }));
}

/** What failed where, and what retries, fallbacks and breakers made of it; "" when nothing did. */
export function explainFailures(flow: FlowFigures | undefined): string {
  const sentences = Object.entries(flow?.parts ?? {}).map(([name, part]) => failuresOf(name, part));
  const told = sentences.filter((sentence) => sentence !== null);
  return told.length === 0 ? "" : `By parts: ${told.join("; ")}.`;
}

function failuresOf(name: string, { kind, ...stats }: FlowStats & { readonly kind: string }): string | null {
  const of = (figure: string) => Number(stats[figure] ?? 0);
  const sum = (list: string, figure: string) =>
    ((stats[list] ?? []) as readonly FlowStats[]).reduce((total, member) => total + Number(member[figure] ?? 0), 0);
  switch (kind) {
    case "event-bus":
      return of("failed") === 0
        ? null
        : `${name} lost ${share(of("failed"), of("delivered"))} of its deliveries to handlers that failed, and none beside`;
    case "reactive-stream":
      return sum("subscribers", "failed") === 0
        ? null
        : `${name}: ${share(sum("subscribers", "failed"), sum("subscribers", "offered"))} of what subscribers were told failed`;
    case "data-pipeline": {
      const [retries, fallbacks, refused] = [sum("stages", "retries"), sum("stages", "fallbacks"), sum("stages", "refused")];
      if (retries + fallbacks + refused + of("failed") === 0) return null;
      const made = [
        retries > 0 ? counted(retries, "retry", "retries") : "",
        refused > 0 ? `${counted(refused, "call")} refused by its open circuit breaker` : "",
        fallbacks > 0 ? counted(fallbacks, "fallback") : "",
      ].filter((each) => each !== "");
      return `${name} failed for ${share(of("failed"), of("fed"))} of its items${made.length > 0 ? ` after ${made.join(", ")}` : ""}`;
    }
    case "message-queue": {
      const [retried, dead] = [sum("consumers", "retried"), sum("consumers", "dead")];
      if (retried + dead === 0) return null;
      return `${name} gave up ${share(dead, dead + sum("consumers", "acknowledged"))} of its messages after ${counted(retried, "retry", "retries")}`;
    }
    default:
      return null;
  }
}

function share(part: number, whole: number): string {
  return whole === 0 ? "none" : formatShare(part / whole);
}
