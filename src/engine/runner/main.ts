import { dieWithParent } from "../../kernel/parent.ts";
import { calibrate } from "../calibration.ts";
import type { FromRunner, ToRunner } from "../protocol.ts";
import { caughtAsStray } from "../strays.ts";
import { runCase } from "./case.ts";

/** Entry of the runner process: takes one order over IPC, answers, and ends when the console has heard it. */

let stop: (() => void) | null = null;
let stopsAsked = 0;

function send(message: FromRunner): void {
  process.send?.(message);
}

async function obey(message: ToRunner): Promise<void> {
  switch (message.type) {
    case "calibrate":
      send({ type: "calibrated", ...calibrate() });
      return;
    case "stop":
      stopsAsked++;
      stop?.();
      return;
    case "run":
      send({ type: "result", result: await runOrder(message) });
      return;
    default:
      message satisfies never;
  }
}

function runOrder({ plan, roundsPerMs, dumpState, http, access }: Extract<ToRunner, { type: "run" }>) {
  return runCase(plan, {
    roundsPerMs,
    dumpState,
    http,
    access,
    onStarted: (facts, url) => send({ type: "started", count: facts.count, lastMs: facts.lastMicros / 1000, url }),
    onSample: (sample, ledger, running) => send({ type: "sample", sample, ledger, running }),
    onStoppable: (asked) => {
      stop = asked;
      for (let i = 0; i < stopsAsked; i++) asked();
    },
  });
}

function uncaught(error: unknown): void {
  if (!caughtAsStray(error)) fail(error);
}

function fail(error: unknown): void {
  send({ type: "error", message: error instanceof Error ? error.message : String(error) });
}

dieWithParent();
// The console decides what a signal means; it tells us over IPC. A console that is gone ends us.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});
process.on("disconnect", () => process.exit(0));
process.on("uncaughtException", uncaught);
process.on("unhandledRejection", uncaught);
process.on("message", (message: ToRunner) => {
  obey(message).catch(fail);
});
send({ type: "hello" });
