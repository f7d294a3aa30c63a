import { Piscina } from "piscina";
import { BATCH, clockPeer } from "../workload.ts";

const THREADS = 2;
/** Batches under way at once: enough to keep every thread busy. */
const WINDOW = 16;
const pool = new Piscina({ filename: new URL("./piscina-worker.ts", import.meta.url).href, minThreads: THREADS, maxThreads: THREADS });

await clockPeer(async (messages) => {
  const underWay = new Set<Promise<void>>();
  for (let i = 0; i < messages.length; i += BATCH) {
    const batch = messages.slice(i, i + BATCH);
    const task: Promise<void> = pool.run(batch).then(() => {
      underWay.delete(task);
    });
    underWay.add(task);
    if (underWay.size >= WINDOW) await Promise.race(underWay);
  }
  await Promise.all(underWay);
});
