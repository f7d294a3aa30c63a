import type { FlowPart, FlowSettings } from "../../scenario/flow-schema.ts";
import { loadFunction } from "../module.ts";
import { dataPipeline } from "./data-pipeline.ts";
import { eventBus } from "./event-bus.ts";
import type { FlowMaker, Submit } from "./flow.ts";
import { messageQueue } from "./message-queue.ts";
import { reactiveStream } from "./reactive-stream.ts";

const KINDS: Readonly<Record<FlowPart["kind"], (name: string) => FlowMaker>> = {
  "event-bus": eventBus,
  "data-pipeline": dataPipeline,
  "reactive-stream": reactiveStream,
  "message-queue": messageQueue,
};

/** The maker of a scenario's flow. */
export function makerOf({ kind, parts }: FlowSettings): FlowMaker {
  return kind === "orchestrator" ? orchestrated(parts ?? {}) : KINDS[kind](kind);
}

/** Most handler calls of one part for an item, retries included: those of different parts fail independently. */
const PLACES = 1_000_000;

/** Several parts side by side: an item passes all of them at once, and fails when it fails in one. */
function orchestrated(parts: Readonly<Record<string, FlowPart>>): FlowMaker {
  return async (flows, lab) => {
    const submits: Submit[] = [];
    for (const [i, [name, part]] of Object.entries(parts).entries())
      submits.push(await KINDS[part.kind](name)(flows, lab.part(part, (i + 1) * PLACES)));
    return async (item) => {
      const ends = await Promise.allSettled(submits.map(async (submit) => submit(item)));
      for (const end of ends) if (end.status === "rejected") throw end.reason;
    };
  };
}

/** Loads the module named by `flow.module`. Rejects with a sentence when it exports no maker. */
export async function loadMaker(file: string): Promise<FlowMaker> {
  return (await loadFunction("flow", file)) as FlowMaker;
}
