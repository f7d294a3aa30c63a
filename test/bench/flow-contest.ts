import { HAS_REDIS } from "../support/redis-server.ts";
import { type Contest, clockCommand, peerFile } from "./contest.ts";

const race = (name: string) => clockCommand([process.execPath, peerFile("flow-race.ts"), name]);

/** Flows beside their peers, each side in a process of its own. */
export const FLOW_CONTESTS: readonly Contest[] = [
  row("event bus, emit, 1 subscriber", "bus", "eventemitter3", "eventemitter3", 0.5),
  row("event bus, publish awaited", "bus-published", "emittery", "emittery", 3),
  row("event bus, publish awaited, async handler", "bus-async", "emittery", "emittery-async", 3),
  row("event bus, publish awaited, a handler that awaits", "bus-awaiting", "emittery", "emittery-awaiting", null),
  row("reactive stream, 3 transformers", "stream", "rxjs, the same operators", "rxjs", 0.8),
  row("data pipeline, 3 stages", "pipeline", "node:stream, 3 Transforms", "node-streams", null),
  row("message queue in memory, one by one", "queue", "fastq.promise", "fastq", 1),
  row("message queue in memory, batches of 100", "queue-memory-batches", "fastq.promise", "fastq", 1),
  row("message queue in memory, values copied, batches of 100", "queue-memory-copies", "fastq.promise", "fastq", null),
  row("message queue on SQLite, batches of 100", "queue-batches", "BullMQ, one by one", "bullmq", 20),
  row("message queue on SQLite, synced, batches of 100", "queue-power", "BullMQ, one by one", "bullmq", null),
  row("message queue on SQLite, one by one", "queue-singly", "BullMQ, one by one", "bullmq", null),
  ...(HAS_REDIS
    ? [
        row("message queue in Redis, batches of 100", "queue-redis", "BullMQ, 100 at a time", "bullmq-batches", null),
        row("message queue in Redis, one by one", "queue-redis-singly", "BullMQ, one by one", "bullmq", null),
      ]
    : []),
];

function row(what: string, ours: string, peer: string, theirs: string, target: number | null): Contest {
  const clocked = async () => {
    const rate = await race(ours);
    if (rate === null) throw new Error(`the race ${ours} did not end well`);
    return rate;
  };
  return { what, peer, target, ours: clocked, theirs: () => race(theirs) };
}
