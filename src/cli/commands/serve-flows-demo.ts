import { z } from "zod";
import type { FlowFaceOptions } from "../../flows/http/face.ts";
import { DataPipeline, EventBus, type FlowOrchestrator, GiveUp, MessageQueue, ReactiveStream } from "../../flows/index.ts";

/** The default application of `serve flows`: one part of each kind, small enough to read in a minute. */
export function demo(flows: FlowOrchestrator): NonNullable<FlowFaceOptions["schemas"]> {
  const events = flows.register(new EventBus<Record<string, unknown>>({ name: "events" }));
  const live = flows.register(ReactiveStream.of<unknown>("live"), { dependsOn: ["events"] });
  events.subscribe("*", ({ type, data }) => void live.emit({ event: type, data }), { name: "live" });

  flows.register(
    DataPipeline.of<{ readonly text: string }>("words", { onFailure: () => {} })
      .stage("normalise", ({ text }) => text.trim().toLowerCase() || undefined)
      .stage("count", (text) => ({ text, words: text.split(/\s+/).length }))
      .into((counted) => live.emit({ counted })),
    { dependsOn: ["live"] },
  );

  const tasks = flows.register(MessageQueue.open<unknown>("tasks", { capacity: 100_000, whenFull: "reject", onFailure: () => {} }));
  tasks.consume(
    async ({ id, value, signal }) => {
      const { seconds = 0, fail = false } = value as { seconds?: number; fail?: boolean };
      const from = performance.now();
      while (performance.now() - from < seconds * 1000 && !signal.aborted) await Bun.sleep(10);
      if (fail) throw new GiveUp("the task said that it fails");
      events.emit("task.done", { task_id: String(id) }, { source: "tasks" });
    },
    { concurrency: 16, name: "worker" },
  );
  return {
    pipelines: { words: z.object({ text: z.string().max(10_000) }) },
    queues: { tasks: z.object({ seconds: z.number().min(0).max(60).optional(), fail: z.boolean().optional() }).loose() },
  };
}
