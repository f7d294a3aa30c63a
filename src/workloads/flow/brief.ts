import { DataPipeline, EventBus, MessageQueue, type Part, ReactiveStream } from "../../flows/index.ts";

/** Figures of a part that can be summed over threads, in their order in shared memory. */
export const BRIEF = ["handled", "failed", "retried", "dropped", "waiting", "inFlight"] as const;

/** Writes the figures of a part into an array from index `at` on. */
export function writePartSummary(part: Part, into: Float64Array, at: number): void {
  const put = (...figures: number[]) => {
    for (const [i, figure] of figures.entries()) into[at + i] = figure;
  };
  if (part instanceof EventBus) {
    const { handled, failed, dropped, waiting, inFlight } = part.stats();
    put(handled, failed, 0, dropped, waiting, inFlight);
  } else if (part instanceof DataPipeline) {
    const { delivered, failed, inside, stages } = part.stats();
    const sum = (figure: string) => stages.reduce((total, stage) => total + Number(stage[figure] ?? 0), 0);
    const running = sum("running");
    put(delivered, failed, sum("retries"), 0, Math.max(0, inside - running), running);
  } else if (part instanceof ReactiveStream) {
    const { failed, dropped, inside, subscribers } = part.stats();
    const sum = (figure: "handled" | "failed" | "dropped" | "waiting" | "inFlight") =>
      subscribers.reduce((total, each) => total + each[figure], 0);
    put(sum("handled"), failed + sum("failed"), 0, dropped + sum("dropped"), inside + sum("waiting"), sum("inFlight"));
  } else if (part instanceof MessageQueue) {
    const { sent, consumers } = part.stats();
    const sum = (figure: "acknowledged" | "dead" | "retried" | "running") => consumers.reduce((total, each) => total + each[figure], 0);
    const left = sent * part.groups.length - sum("acknowledged") - sum("dead");
    put(sum("acknowledged"), sum("dead"), sum("retried"), 0, Math.max(0, left - sum("running")), sum("running"));
  }
}

export function kindOf(part: Part): string {
  if (part instanceof EventBus) return "event-bus";
  if (part instanceof DataPipeline) return "data-pipeline";
  if (part instanceof ReactiveStream) return "reactive-stream";
  return part instanceof MessageQueue ? "message-queue" : "service";
}
