import { fetchOfWorker, type PortableFetch, portableFetch } from "./fetch/portable.ts";
import type { ProcessorSpec } from "./processors.ts";

/** Inputs of a processor as JSON carries them to workers on other hosts; their items follow over the streams. */
export type PortableSpec =
  | Extract<ProcessorSpec, { workload: "message" }>
  | { readonly workload: "fetch"; readonly roundsPerMs: number; readonly fetch: PortableFetch };

/** null: its items stay in one process. Workers find all states elsewhere, so they prepare none. */
export function portableSpec(spec: ProcessorSpec): PortableSpec | null {
  switch (spec.workload) {
    case "message":
      return { ...spec, keys: { ...spec.keys, prepared: 0 } };
    case "fetch":
      return { ...spec, fetch: portableFetch(spec.fetch) };
    case "flow":
      return null;
    default:
      return spec satisfies never;
  }
}

/** True when items of one key have to be worked in order, and leave states. */
export function keepsOrder({ workload }: Pick<ProcessorSpec, "workload">): boolean {
  return workload !== "fetch";
}

/** What the threads of a worker make their processors from, and the batches that each works on at once. */
export interface WorkerShare {
  readonly spec: ProcessorSpec;
  readonly concurrency: readonly number[];
}

/** `concurrency`: batches at once of each thread, where the work has no limit of its own. */
export function shareAmong(spec: PortableSpec, threads: number, concurrency: number): WorkerShare {
  if (spec.workload === "message") return { spec, concurrency: Array.from({ length: threads }, () => concurrency) };
  const fetch = fetchOfWorker(spec.fetch, threads);
  return { spec: { ...spec, fetch }, concurrency: Array.from({ length: threads }, (_, thread) => fetch.concurrency[thread] ?? 0) };
}
