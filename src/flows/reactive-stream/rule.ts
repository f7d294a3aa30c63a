import type { Timers } from "../../kernel/timers.ts";
import type { OnFailure } from "../failures.ts";
import type { PartStats } from "../part.ts";
import type { SubscriberStats } from "./subscriber.ts";

/** Returns what a value becomes, or `undefined` to leave it out. */
export type Transformer<In, Out> = (value: In) => Out | undefined | PromiseLike<Out | undefined>;

export interface ReactiveStreamOptions {
  /** Values that may wait for a slow transformer; one more is dropped, and counted. Default 1024. */
  readonly buffer?: number;
  /** Called with every failure of a transformer or subscriber. */
  readonly onFailure?: OnFailure;
  readonly timers?: Timers;
}

/** Counts of a stream's values; emitted = delivered + filtered + failed + dropped + abandoned + inside. */
export interface StreamStats extends PartStats {
  readonly emitted: number;
  /** Values that came out of the last transformer and were offered to every subscriber. */
  readonly delivered: number;
  readonly filtered: number;
  readonly failed: number;
  readonly dropped: number;
  readonly abandoned: number;
  readonly inside: number;
  readonly subscribers: readonly SubscriberStats[];
}
