import type { Nanoseconds } from "../../kernel/clock.ts";
import type { Time } from "../../kernel/time.ts";
import { nextLook, Wakeup } from "../../kernel/wakeup.ts";
import type { Lifecycle } from "../source/lifecycle.ts";
import type { Source } from "../source/source.ts";
import type { QueryDispatcher, StateReader } from "./dispatcher.ts";

/** The parts of a job needed for answering. */
interface Asked {
  readonly desk: QueryDispatcher | null;
  readonly time: Time;
  readonly source: Source;
  readonly lifecycle: Lifecycle;
}

/** Longest that the end of an expired case waits for pending answers. */
const PATIENCE: Nanoseconds = 1e9;

/** Answers due queries; records how long they delayed the source. */
export function answerNow({ desk, time, source }: Asked, reader: StateReader, now: Nanoseconds): void | Promise<unknown> {
  if (desk === null) return;
  const waiting = desk.serve(now, reader);
  const ended = time.now();
  source.blocked.add("queries", Math.max(now, source.nextDue), ended);
  return waiting;
}

/** Answers queries when they are due, in a loop of its own, until `done`. */
export async function keepAnswering(job: Asked, reader: StateReader, done: () => boolean): Promise<void> {
  const { desk, time } = job;
  if (desk === null) return;
  const asked = new Wakeup(time);
  time.watch(() => desk.asked && asked.notify());
  while (!done()) {
    const now = time.now();
    if (desk.hasWork(now)) void answerNow(job, reader, now);
    else await asked.wait(undefined, Math.min(desk.nextDue, nextLook(now)));
  }
}

/** Waits until every query has its answer, after the messages are done. `broken`: no thread is left to answer. */
export async function settleQueries(job: Asked, reader: StateReader, broken: () => boolean = () => false): Promise<void> {
  const { desk, time, lifecycle, source } = job;
  if (desk === null) return;
  const stopped = lifecycle.aborted || lifecycle.reason !== null || source.closedLoop;
  if (stopped) desk.stop();
  const news = new Wakeup(time);
  const notify = () => news.notify();
  time.watch(() => desk.asked && news.notify());
  desk.onAnswer = notify;
  let heard = false;
  void desk.settleFace(stopped).then(() => {
    heard = true;
    notify();
  });
  const began = time.now();
  while (!(heard && desk.settled) && !broken()) {
    const now = time.now();
    // A query that waits for a handler that never returns is never answered.
    if (now - began > PATIENCE && lifecycle.expired(now) && !desk.hasWork(now)) return;
    if (desk.hasWork(now)) void answerNow(job, reader, now);
    else await news.wait(undefined, Math.min(desk.nextDue, nextLook(now)));
  }
}
