import { Worker } from "node:worker_threads";
import type { Bell } from "../../../kernel/bell.ts";
import type { SpawnWorker } from "./link.ts";
import { type StartThread, sharedWorkers } from "./shared-link.ts";

const startThread: StartThread = (hear, lose) => {
  const thread = new Worker(new URL("./worker.ts", import.meta.url));
  thread.on("message", hear);
  thread.on("error", (error: unknown) => lose(`ended with an error: ${error instanceof Error ? error.message : String(error)}`));
  thread.on("exit", (code) => lose(`ended by itself with code ${code}`));
  return thread;
};

/** Workers that are threads of this process. `sourceBell`: the bell of the source's thread. */
export function workerThreads(sourceBell: Bell): SpawnWorker {
  return sharedWorkers(sourceBell, startThread);
}
