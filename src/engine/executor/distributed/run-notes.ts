import type { Nanoseconds } from "../../../kernel/clock.ts";
import { printable } from "../../../kernel/text.ts";
import { formatMs } from "../../../kernel/units.ts";
import { agreeing, counted } from "../../../kernel/wording.ts";
import type { HostFigures } from "../../../telemetry/distributed-figures.ts";

/** Beyond the error of clocks. */
const SLIP: Nanoseconds = 1e6;
/** Silence of Redis that is worth a sentence. */
const SILENCE: Nanoseconds = 1e9;
/** Silence of the server from which a worker without a sign of life need not be lost. */
const UNHEARD: Nanoseconds = 2e9;

/** What happened in a run of mode `distributed`. */
export interface RunEvents {
  readonly hosts: readonly Pick<HostFigures, "name" | "status" | "clockErrorMs">[];
  /** Restarts of the server, items sent again after these, and items that were worked although they had been accounted for. */
  readonly restarts: number;
  readonly resent: number;
  readonly again: number;
  /** Entries of the results that are not of the run. */
  readonly foreign: number;
  /** Batches taken over. */
  readonly claims: number;
  readonly claimAfterMs: number;
  /** Longest time for which the server gave no answer, and largest step of a clock. */
  readonly silence: Nanoseconds;
  readonly slip: Nanoseconds;
  /** Median sojourn; null: nothing was measured. */
  readonly median: Nanoseconds | null;
}

/** What readers of the result have to know, as sentences. */
export function runNotes(events: RunEvents): string[] {
  return [...ofWorkers(events), ...ofServer(events), ...ofClocks(events)];
}

function ofWorkers({ hosts, claims, claimAfterMs, restarts, silence }: RunEvents): string[] {
  const notes: string[] = [];
  const named = (status: string) => hosts.filter((host) => host.status === status).map(({ name }) => printable(name, 60));
  const [late, lost] = [named("late"), named("lost")];
  // A server that stood still, or was away, received no signs of life.
  const heard = silence <= UNHEARD;
  if (lost.length > 0 && heard)
    notes.push(
      `${listed(lost)} ${agreeing(lost.length, "was", "were")} lost; what ${agreeing(lost.length, "it", "they")} held was taken over.`,
    );
  if (late.length > 0 && heard) notes.push(`${listed(late)} came late, or came back after a silence.`);
  const well = lost.length + late.length + restarts === 0 && silence <= SILENCE;
  if (well && claims > 0)
    notes.push(
      `${counted(claims, "batch was", "batches were")} taken over though no worker was lost: by ${agreeing(claims, "its", "their")} work, or a pause of the worker, ${agreeing(claims, "it", "they")} took longer than distributed.claimAfter (${formatMs(claimAfterMs)}) without a sign. A longer one would leave them where they are.`,
    );
  return notes;
}

function ofServer({ restarts, resent, again, foreign, silence }: RunEvents): string[] {
  const notes: string[] = [];
  if (silence > SILENCE) notes.push(`Redis gave no answer for ${formatMs(silence / 1e6)}: what was due meanwhile waited.`);
  if (restarts > 0)
    notes.push(
      `Redis was restarted during the case: ${counted(resent, "item was", "items were")} sent again, and ${counted(again, "item was", "items were")} worked again after a commit that it had lost.`,
    );
  else if (again > 0) notes.push(`${counted(again, "item was", "items were")} worked that had been accounted for before.`);
  if (foreign > 0)
    notes.push(`${counted(foreign, "entry", "entries")} in the stream of results ${agreeing(foreign, "is", "are")} not of this run.`);
  return notes;
}

function ofClocks({ hosts, median, slip }: RunEvents): string[] {
  const notes: string[] = [];
  const error = Math.max(0, ...hosts.map(({ clockErrorMs }) => clockErrorMs ?? 0)) * 1e6;
  if (median !== null && error > median / 10)
    notes.push(
      `The clocks of runner and workers are known to ${formatMs(error / 1e6)} of each other, more than a tenth of the median sojourn of ${formatMs(median / 1e6)}: shorter times mean nothing.`,
    );
  if (slip > 2 * error + SLIP)
    notes.push(
      `A clock was off by ${formatMs(slip / 1e6)}, more than the ${formatMs(error / 1e6)} found before the case: it stepped or drifted.`,
    );
  return notes;
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? `Worker ${names[0] ?? ""}` : `Workers ${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
