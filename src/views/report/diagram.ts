import type { Mode } from "../../scenario/schema.ts";

/** The path of a message in each mode, where it waits and where the loop takes turns. At most 78 columns and 22 rows each. */
export const DIAGRAMS: Readonly<Record<Mode, string>> = {
  sync: `sync: one thread does everything in turn, and every wait blocks it

                   ┌───────────── the one thread ──────────────┐
  load             │                                           │
  ─── due ───────▶ │  read      source.latency blocks          │
  waits until the  │    ▼                                      │
  thread comes to  │  answer    queries that have fallen due   │
  it; depth counts │    ▼                                      │
  who is waiting   │  process   work.time blocks, io too       │ ──▶ processed
                   │    ▼                                      │     or failed
                   │  the next message                         │
                   └───────────────────────────────────────────┘
  due                taken               done
   ├──── schedule ─────┼───── service ─────┤   There is no queue and no batch:
   └─────────────── sojourn ───────────────┘   queue and batch are 0.

  Turns   None: while one message is read or processed, nothing else happens.
  Waits   Only in schedule, as long as all that fell due before takes. Nothing
          is ever dropped; what is left at the end is unfinished.
  Limit   1 ÷ (source.latency + work.perBatch + work.time), on any machine.
`,
  async: `async: one event loop, and what waits outside gives it to the others

  load   source            queue             collector      processors
  due ─▶ read ───────────▶ ▒▒▒▒▒▒▒▒▒▒▒▒▒▒ ─▶ batch ───────▶ one each ─▶ done
         source.latency    queue.capacity    batch.size or  worked in
         is awaited, as    when it is full   batch.timeout, order, in all
         many at once as   queue.overflow:   whichever      async.concurrency
         source.           block or drop     comes first    at once
         connections
         ╰───────────────── one thread, one event loop ─────────────────╯
  due         taken          dequeued           started         done
   ├─ schedule ─┼──── queue ─────┼───── batch ─────┼── service ───┤
   └────────────────────────── sojourn ───────────────────────────┘

  Turns   After each batch (within one with loop.yieldEvery), and wherever a
          read or io waits. cpu, sleep and work.perBatch hold the loop.
  Waits   For room (block) in schedule, for a processor in queue; in batch
          until that is full, for its turn, and (keys.order) for its own key.
  Limit   cpu, sleep: one thread, 1 ÷ work.time; io: async.concurrency times
          that. async.offload hands work to one helper Worker.
`,
  parallel: `parallel: as async up to the queue; behind it each Worker has its own keys

  load   source      queue, a shard each     collector   parallel.workers
  due ─▶ read ──┬──▶ ▒▒▒▒▒▒▒ keys of 0 ───▶ batch ─ring─▶ Worker 0 ──┐
         source.├──▶ ▒▒▒     keys of 1 ───▶ batch ─ring─▶ Worker 1 ──┼▶ done
         latency└──▶ ▒▒▒▒▒▒  keys of … ───▶ batch ─ring─▶ Worker … ──┘
                     queue.capacity         batch.size    async.concurrency
                     for all together       batch.timeout batches in each
         ╰──────── the source's own thread ──────────╯   ╰ a thread each ╯
  due         taken          dequeued           started         done
   ├─ schedule ─┼──── queue ─────┼───── batch ─────┼── service ───┤
   └────────────────────────── sojourn ───────────────────────────┘

  Turns   Each Worker has a loop of its own: one that computes holds no other.
          The source's loop reads, gathers and hands over; it never processes.
  Waits   A Worker holds a few batches beside those at work, in batch; all
          else waits in queue, where queue.overflow acts. A query waits for
          its key's Worker, until the batch at work there is done.
  Limit   cpu: the cores, or the Workers if they are fewer. One key is never
          faster than one Worker, so a hot key is a limit of its own.
`,
  distributed: `distributed: as parallel, but streams in Redis, and workers on any host

  load   source      Redis: distributed.partitions  distributed.workers
  due ─▶ read ──┬──▶ ▒▒▒▒▒▒ keys of partition 0 ─take─▶ host A, slot 0 ──┐
         source.├──▶ ▒▒▒    keys of partition 1 ─take─▶ host A, slot 1 ──┤
         latency└──▶ ▒▒▒▒▒▒ keys of partition … ─take─▶ host B, slot 0 ──┤
                     queue.capacity    distributed.batch                 │
                     for all together  items at most                     │
  ledger ◀── results ◀── states and acknowledgement, in one step ◀───────┘
  due         taken          dequeued           started         done
   ├─ schedule ─┼──── queue ─────┼───── batch ─────┼── service ───┤
   └────────────────────────── sojourn ───────────────────────────┘

  Turns   Every slot has a thread and a connection; async.concurrency batches.
  Waits   In queue, the stream, until a slot takes the partition: no other has
          it meanwhile. queue.overflow acts on all that is not committed. In
          batch, for the items before it. A query reads what is committed.
  Limit   The slots of all hosts, their round trips (one a batch), or Redis.
          A hot key is one of its own. A batch whose worker is silent for
          distributed.claimAfter is taken over whole; it commits no more.
`,
};
