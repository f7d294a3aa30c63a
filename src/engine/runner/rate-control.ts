import { type RampLoad, steppedRate } from "../../load/changed-rate.ts";
import { openDueTimes, openTape } from "../../load/open.ts";
import { loadDuration } from "../../scenario/load-extent.ts";
import type { Scenario } from "../../scenario/schema.ts";
import type { RateStep } from "../../telemetry/rate-changes.ts";
import type { ChangedLoad } from "../protocol.ts";
import { NO_TIMESTAMP, type Pipeline } from "./pipeline.ts";

/** Goes to the next arrival rate up or down; null: the rate stays. */
export type StepRate = (step: RateStep) => ChangedLoad | null;

/**
 * Changes the arrival rate of a case while it runs. The next arrival is waited for already and stays: a change takes effect right after it,
 * so that nothing that was read of the tape is different on the new one.
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
    const { scenario } = this;
    source.offered.advance(now);
    const next = source.offered.nextDue;
    if (!lifecycle.taking || !Number.isFinite(next) || !Number.isFinite(source.nextDue)) return null;
    const jitter = "jitter" in scenario.load ? scenario.load.jitter : 0;
    const at = Math.floor(next / 1000) + 1 + Math.ceil(jitter);
    const load = at < (loadDuration(scenario) ?? 0) ? steppedRate(scenario.load, at, step) : null;
    if (load === null) return null;
    this.changed = load;
    const tape = { ...scenario, load };
    source.continueOn(openTape(tape, NO_TIMESTAMP), () => openDueTimes(tape, 0, NO_TIMESTAMP));
    lifecycle.changeArrivals();
    return { load, at };
  }
}
