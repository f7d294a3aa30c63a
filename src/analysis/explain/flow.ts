import { countTerm, durationTerm, equation, rateTerm } from "../../kernel/equation.ts";
import { formatCount, formatMs } from "../../kernel/units.ts";
import { agreeing, counted, listed, outOf } from "../../kernel/wording.ts";
import type { FlowPart, Scenario } from "../../scenario/schema.ts";
import type { FlowFigures, FlowStats } from "../../telemetry/flow-figures.ts";
import { flowDemand } from "../../theory/flow.ts";
import type { Explained } from "./fetch.ts";

/**
 * The handler with the lowest throughput, where handlers wait rather than compute; null: handlers are not the limit. `workers`: number of
 * threads in mode `parallel`, each with a flow of its own.
 */
export function explainHandlers({ mode, throughput }: Explained, { flow }: Scenario, workers: number): string | null {
  if (flow === undefined || flow.module !== undefined) return null;
  const rate = `${formatCount(throughput)} items/s`;
  const parts = namedParts(flow);
  if (mode === "sync") {
    const calls = parts.reduce((sum, { part }) => sum + flowDemand(part).calls, 0);
    const ms = parts.reduce((sum, { part }) => sum + (flowDemand(part).calls * (part.work?.time ?? 0)) / 1000, 0);
    // Where far less is done than that, the limit is elsewhere.
    if (ms === 0 || throughput < 0.7 * (1000 / ms)) return null;
    return `One handler at a time: ${counted(calls, "call")} for each item ${agreeing(calls, "takes", "take")} ${formatMs(ms)} in turn, and ${equation(countTerm(1), [["÷", durationTerm(ms)]], rateTerm, "is")}; ${rate} went through.`;
  }
  const threads = mode === "parallel" ? Math.max(1, workers) : 1;
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
  const sum = equation(countTerm(threads * at), [["÷", durationTerm(ms)]], rateTerm, "is");
  // Each thread has a flow of its own, which takes its share of the items.
  const spread = threads > 1 ? `, ${formatCount(at)} in each of ${formatCount(threads)} threads` : "";
  const more = {
    "data-pipeline": "More concurrency in its stages",
    "reactive-stream": "A quicker subscriber",
    "message-queue": "More consumers",
    "event-bus": "A quicker subscriber",
  }[part.kind];
  const help = mode === "parallel" ? `${more}, or more Workers, would help.` : `${more} would help, more cores would not.`;
  return `The handlers of ${name} are the limit: ${who} works on ${formatCount(threads * at)} at a time${spread}, ${formatMs(ms)} each, and ${sum}${most < (threads * at * 999) / ms ? ", less with retries" : ""}; ${rate} went through. ${help}`;
}

function namedParts(flow: NonNullable<Scenario["flow"]>): { readonly name: string; readonly part: FlowPart }[] {
  const { kind } = flow;
  if (kind !== "orchestrator") return [{ name: kind, part: { ...flow, kind } }];
  return Object.entries(flow.parts ?? {}).map(([name, part]) => ({ name, part: { ...part, work: part.work ?? flow.work } }));
}

/** Failures by place, and the effects of retries, fallbacks and breakers; "" without any. */
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
    case "event-bus": {
      const [failed, dropped] = [of("failed"), of("dropped")];
      if (failed + dropped === 0) return null;
      const more = dropped > 0 ? `, ${formatCount(dropped)} ${agreeing(dropped, "was", "were")} dropped` : "";
      return `${name}: ${noneOrSome(failed, of("delivered"))} deliveries failed in their handlers${more}`;
    }
    case "reactive-stream": {
      const failed = sum("subscribers", "failed");
      return failed === 0 ? null : `${name}: ${outOf(failed, sum("subscribers", "offered"))} values failed in their subscribers`;
    }
    case "data-pipeline": {
      const [retries, fallbacks, refused] = [sum("stages", "retries"), sum("stages", "fallbacks"), sum("stages", "refused")];
      if (retries + fallbacks + refused + of("failed") === 0) return null;
      const made = [
        retries > 0 ? counted(retries, "retry", "retries") : "",
        refused > 0 ? `${counted(refused, "call")} refused by its open circuit breaker` : "",
        fallbacks > 0 ? counted(fallbacks, "fallback") : "",
      ].filter((each) => each !== "");
      return `${name}: ${noneOrSome(of("failed"), of("fed"))} items failed${made.length > 0 ? `, with ${listed(made)}` : ""}`;
    }
    case "message-queue": {
      const [retried, dead] = [sum("consumers", "retried"), sum("consumers", "dead")];
      if (retried + dead === 0) return null;
      const given = noneOrSome(dead, dead + sum("consumers", "acknowledged"));
      return `${name}: ${given} messages ${agreeing(Math.max(1, dead), "was", "were")} given up, with ${counted(retried, "retry", "retries")}`;
    }
    default:
      return null;
  }
}

/** "none of 600", "3 of 600". */
function noneOrSome(count: number, total: number): string {
  return count === 0 ? `none of ${formatCount(total)}` : outOf(count, total);
}
