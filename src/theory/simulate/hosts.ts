import type { Nanoseconds } from "../../kernel/clock.ts";
import { type Batch, Batches } from "./batches.ts";
import { Cores } from "./cores.ts";
import type { SimulatedMachine } from "./machine.ts";
import { type Shop, Thread } from "./thread.ts";

/** Threads on several hosts, each with its own cores; a thread's number says nothing about its host, but that they have equally many. */
export class SimulatedHosts {
  private readonly batches = new Batches();
  private readonly hosts: readonly Shop[];
  private readonly threads: readonly Thread[];

  constructor(machine: SimulatedMachine, count: number, shared: Omit<Shop, "machine" | "batches" | "cores" | "turns" | "halted">) {
    const computes = machine.shares.cpu > 0 || machine.perBatch + machine.perItem > 0;
    this.hosts = Array.from({ length: count }, (_, host) => {
      const threads = Math.ceil((machine.threads - host) / count);
      const contended = computes && (threads > machine.cores || machine.ration !== null);
      const cores = contended ? new Cores(machine.cores, machine.ration) : null;
      // Messages of a key are in one partition, from which no other slot takes meanwhile.
      return { ...shared, machine, batches: this.batches, cores, turns: null, halted: false };
    });
    this.threads = Array.from({ length: machine.threads }, (_, no) => new Thread(this.hosts[no % count] as Shop, no));
  }

  /** When the next computation ends on a host whose threads share cores; Infinity: there is none. */
  get next(): Nanoseconds {
    return this.hosts.reduce((least, { cores }) => Math.min(least, cores?.next ?? least), Number.POSITIVE_INFINITY);
  }

  /** Ends what has been computed by now on shared cores. */
  endComputed(now: Nanoseconds): void {
    for (const { cores } of this.hosts) while (cores !== null && cores.next <= now) this.pieceEnded(cores.end(now), now);
  }

  /** Gives a thread a batch. */
  hand(thread: number, items: number[], now: Nanoseconds): void {
    this.of(thread).hand(items, now);
  }

  pieceEnded(thread: number, now: Nanoseconds): void {
    this.of(thread).pieceEnded(now);
  }

  waitEnded(batch: number, now: Nanoseconds): void {
    const { thread, no }: Batch = this.batches.of(batch);
    this.of(thread).waitEnded(no, now);
  }

  /** Nothing begins any more. */
  halt(): void {
    for (const host of this.hosts) host.halted = true;
  }

  private of(thread: number): Thread {
    return this.threads[thread] as Thread;
  }
}
