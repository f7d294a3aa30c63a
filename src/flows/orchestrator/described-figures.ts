import { ownProperty } from "../../kernel/plain-value.ts";

/** What a figure is: its kind in OpenMetrics, and a sentence about it; null: it is the user's own. */
export interface DescribedFigure {
  readonly type: "counter" | "gauge";
  readonly help: string | null;
}

/** Figures that only grow while a part runs. */
const COUNTERS: Readonly<Record<string, string>> = {
  published: "Events published or emitted.",
  delivered: "Deliveries to subscriptions, results handed out, or values that came out of the transformers.",
  handled: "Handlers that ended well.",
  failed: "What failed: handlers, items, values.",
  dropped: "What found a buffer full and was dropped.",
  abandoned: "What was given up, by a stop or by its caller.",
  fed: "Items fed to the pipeline.",
  filtered: "What a stage or transformer left out.",
  emitted: "Values emitted or taken from the source.",
  offered: "Values offered to the subscribers.",
  in: "Items that came to the stage.",
  out: "Items that left the stage.",
  batches: "Lists passed on.",
  retries: "Attempts after the first.",
  timeouts: "Attempts that took too long.",
  refused: "Calls refused by the open circuit breaker.",
  fallbacks: "Items for which the fallback answered.",
  sent: "Messages taken in.",
  duplicates: "Messages sent twice with one idempotency key.",
  rejected: "Messages refused for want of room.",
  leased: "Messages leased.",
  acknowledged: "Messages done.",
  dead: "Messages given up for good, after all attempts.",
  retried: "Messages that are to be tried again.",
  lost: "Leases that ran out before they were settled.",
  restarts: "Restarts after failures.",
  starts: "Starts.",
};

/** Levels in a list, by its name, whose names are counters elsewhere. */
const GAUGES_OF: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  groups: { dead: "Messages given up, and kept.", leased: "Messages that are with a consumer." },
};

const GAUGES: Readonly<Record<string, string>> = {
  up: "Health of the part: 1 up, 0.5 degraded, 0 down.",
  remembered: "Events remembered for replay.",
  waiting: "What waits for a handler.",
  inFlight: "Handlers at work.",
  inside: "What is between entry and exit.",
  running: "Items in work; for a task, whether it runs.",
  feedersWaiting: "Callers that wait for room.",
  sendersWaiting: "Senders that wait for room.",
  outputWaiting: "Results that wait to be read.",
  members: "Members of this name, summed up here.",
  oldestMs: "How long the oldest handler has been at work, in milliseconds.",
  meanMs: "Mean time over one item, in milliseconds.",
  p99Ms: "Time over one item that 99 % stay below, in milliseconds.",
  meanSize: "Mean length of a list.",
  alertsRaised: "Alerts that are raised now.",
  ready: "Messages that can be leased.",
  behind: "Messages that wait behind an earlier one of their key.",
  paused: "Whether the group is paused.",
  delayed: "Messages for a later time.",
};

/** `list`: name of the list that the figure's member is in; null: none. */
export function describedFigure(figure: string, list: string | null): DescribedFigure {
  const gauge = ownProperty(ownProperty(GAUGES_OF, list ?? ""), figure) ?? ownProperty(GAUGES, figure);
  if (gauge !== undefined) return { type: "gauge", help: gauge };
  const counter = ownProperty(COUNTERS, figure);
  return counter === undefined ? { type: "gauge", help: null } : { type: "counter", help: counter };
}
