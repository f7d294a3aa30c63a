import { type RampLoad, steppedRate } from "../../load/changed-rate.ts";
import { loadDuration } from "../../scenario/load-extent.ts";
import type { Scenario } from "../../scenario/schema.ts";
import type { RateStep } from "../../telemetry/rate-changes.ts";
import type { ChangedLoad } from "../protocol.ts";
import type { Pipeline } from "./pipeline.ts";

/** Goes to the next arrival rate up or down; null: the rate stays. */
export type StepRate = (step: RateStep) => ChangedLoad | null;

/**
 * Changes the arrival rate of a case while it runs. The next arrival is waited for already and stays: a change takes effect right after what
 * was read of the load, so that nothing that was read is different on the changed tape. It takes no more than some microseconds.
 */
export class RateControl {
  private changed: RampLoad | null = null;

  constructor(
    private readonly pipeline: Pick<Pipeline, "source" | "lifecycle">,
    private readonly given: Scenario,
  ) {}

  /** The scenario with its load as it is now; the given one where nothing was changed. */
  get scenario(): Scenario {
    return this.changed === null ? this.given : { ...this.given, load: this.changed };
  }

  /** Goes to the next rate up or down; null: there is none, or no arrival is to come that it could change. */
  step(step: RateStep, now: number): ChangedLoad | null {
    const { source, lifecycle } = this.pipeline;
    source.offered.advance(now);
    const steerings = source.steerings.filter((one) => one !== null);
    if (!lifecycle.taking || steerings.length < source.steerings.length) return null;
    const at = 1 + Math.max(...steerings.map(({ readUntil }) => Math.ceil(readUntil())));
    const { load } = this.scenario;
    const changed = at < (loadDuration({ load }) ?? 0) ? steppedRate(load, at, step) : null;
    if (changed === null) return null;
    this.changed = changed;
    for (const { changeTo } of steerings) changeTo(changed);
    lifecycle.changeArrivals();
    return { load: changed, at };
  }
}
