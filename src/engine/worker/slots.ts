import { Worker } from "node:worker_threads";
import { errorText } from "../../kernel/error-text.ts";
import type { SlotReport } from "../executor/distributed/protocol.ts";
import type { FromSlot, ToSlot } from "./slot-messages.ts";

/** One thread that processes, kept from one run to the next; another takes its place once it broke. */
export class Slot {
  private worker: Worker | null = null;
  private hear: (message: FromSlot) => void = () => {};
  private opened = false;

  /** Begins a run; resolves when it is ready. Rejects with why it cannot be. `giveUp`: called when it can do no more work. */
  begin(
    message: Extract<ToSlot, { type: "begin" }>,
    giveUp: (why: string) => void,
  ): { readonly ready: Promise<void>; readonly done: Promise<SlotReport> } {
    const worker = this.worker ?? this.start();
    const ready = Promise.withResolvers<void>();
    const done = Promise.withResolvers<SlotReport>();
    done.promise.catch(() => {});
    this.hear = (told) => {
      if (told.type === "ready") ready.resolve();
      if (told.type === "gave-up") giveUp(told.reason);
      if (told.type === "done") done.resolve(told.report);
      if (told.type === "closed") this.opened = false;
      if (told.type !== "broken") return;
      this.drop();
      ready.reject(new Error(told.reason));
      done.reject(new Error(told.reason));
      giveUp(told.reason);
    };
    this.opened = true;
    worker.postMessage(message);
    return { ready: ready.promise, done: done.promise };
  }

  end(halting: boolean): void {
    this.worker?.postMessage({ type: "end", halting } satisfies ToSlot);
  }

  /** Ends the thread, whatever it does. */
  drop(): void {
    const { worker } = this;
    this.worker = null;
    this.opened = false;
    void worker?.terminate();
  }

  /** True while what its processor has started may be running. */
  get isOpen(): boolean {
    return this.opened;
  }

  private start(): Worker {
    const worker = new Worker(new URL("./slot-thread.ts", import.meta.url));
    const lost = (how: string) => {
      if (this.worker === worker) this.hear({ type: "broken", reason: how });
    };
    worker.on("message", (message: FromSlot) => {
      if (this.worker === worker) this.hear(message);
    });
    worker.on("error", (error: unknown) => lost(`a thread ended with an error: ${errorText(error)}`));
    worker.on("exit", (code) => lost(`a thread ended by itself with code ${code}`));
    this.worker = worker;
    return worker;
  }
}
