import type { OnEvent } from "../../telemetry/events.ts";
import type { TimedEvent } from "../../telemetry/replay.ts";

/** The time of a playback. */
export interface PlaybackClock {
  /** Milliseconds. */
  readonly now: () => number;
  /** Waits that many milliseconds, or until the playback is left. */
  readonly sleep: (ms: number) => Promise<unknown>;
  /** Time stands still. */
  readonly frozen: () => boolean;
  /** The playback was left. */
  readonly left: () => boolean;
}

/** Longest time to notice that a playback was frozen or resumed, in milliseconds. */
const PATIENCE_MS = 50;

/** Tells events at their times from now on, those that are late at once; resolves after the last, or when the playback is left. */
export async function playBack(events: readonly TimedEvent[], onEvent: OnEvent, clock: PlaybackClock): Promise<void> {
  let begun = clock.now();
  for (const { at, event } of events) {
    for (let wait = at - (clock.now() - begun); (wait > 0 || clock.frozen()) && !clock.left(); ) {
      await clock.sleep(Math.max(1, Math.min(wait, PATIENCE_MS)));
      if (clock.frozen()) begun = clock.now() - (at - wait);
      wait = at - (clock.now() - begun);
    }
    if (clock.left()) return;
    onEvent(event);
  }
}
