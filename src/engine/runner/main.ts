import { dieWithParent } from "../../kernel/parent.ts";
import { UserError } from "../../kernel/problem.ts";
import type { Snapshot } from "../../telemetry/sample.ts";
import { calibrate } from "../calibration.ts";
import type { FromRunner, ToRunner } from "../protocol.ts";
import { caughtAsStray } from "../work/unhandled-errors.ts";
import { runCase } from "./case.ts";
import type { StepRate } from "./rate-control.ts";
import { rehearsalShare } from "./rehearsal-share.ts";

/** Entry point of the runner process: takes one order over IPC, answers, and ends when the console has received the answer. */

let stop: (() => void) | null = null;
let stepRate: StepRate = () => null;
let stopsAsked = 0;

function send(message: FromRunner): void {
  process.send?.(message);
}

/** Milliseconds between two messages with samples: every other one of those that come ten times a second. */
const TOLD_EVERY = 200;

/** Samples on their way to the console. Sending a message takes as long as several samples, on the measured thread. */
class Outbox {
  private snapshots: Snapshot[] = [];
  private toldAt = Number.NEGATIVE_INFINITY;

  add(snapshot: Snapshot): void {
    this.snapshots.push(snapshot);
    if (snapshot.t - this.toldAt < TOLD_EVERY) return;
    this.toldAt = snapshot.t;
    this.send();
  }

  send(): void {
    if (this.snapshots.length === 0) return;
    send({ type: "snapshots", snapshots: this.snapshots });
    this.snapshots = [];
  }
}

const outbox = new Outbox();

async function obey(message: ToRunner): Promise<void> {
  switch (message.type) {
    case "calibrate":
      send({ type: "calibrated", calibration: calibrate() });
      return;
    case "rate": {
      const changed = stepRate(message.step);
      if (changed !== null) send({ type: "rate-changed", ...changed });
      return;
    }
    case "stop":
      stopsAsked++;
      stop?.();
      return;
    case "run": {
      const result = await runOrder(message);
      outbox.send();
      send({ type: "result", result });
      return;
    }
    default:
      message satisfies never;
  }
}

function runOrder({ plan, calibration, dumpState, http, access }: Extract<ToRunner, { type: "run" }>) {
  return runCase(plan, {
    roundsPerMs: calibration?.roundsPerMs ?? 1,
    calibration,
    rehearsal: rehearsalShare(),
    dumpState,
    http,
    access,
    onPreparing: () => send({ type: "preparing" }),
    onStarted: (facts, url) => send({ type: "started", count: facts.count, lastMs: facts.lastMicros / 1000, url }),
    onSnapshot: (snapshot) => outbox.add(snapshot),
    onPaced: (step) => {
      stepRate = step;
    },
    onRetaped: (facts) => send({ type: "tape", count: facts.count, lastMs: facts.lastMicros / 1000 }),
    stopped: () => stopsAsked > 0,
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
  outbox.send();
  const message = error instanceof Error ? error.message : String(error);
  send(error instanceof UserError ? { type: "error", message, told: true } : { type: "error", message });
}

dieWithParent();
// The console handles signals and forwards them over IPC. Without a console this process ends.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});
process.on("disconnect", () => process.exit(0));
process.on("uncaughtException", uncaught);
process.on("unhandledRejection", uncaught);
process.on("message", (message: ToRunner) => {
  obey(message).catch(fail);
});
send({ type: "hello" });
