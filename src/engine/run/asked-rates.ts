import { formatRate } from "../../kernel/units.ts";
import type { CasePlan } from "../../plan/plan.ts";
import type { CaseResult } from "../../telemetry/result.ts";
import { capacityOf } from "../../theory/predict.ts";
import type { RunnerResult } from "../protocol.ts";
import type { machineFor } from "./machine.ts";
import { knownCapacity, type ProbedCapacity, probedCapacity, probedCase, probePlan } from "./probe.ts";
import { RateSearch } from "./rate-search.ts";
import { askedRate, atRate } from "./rate-share.ts";
import { keptUp, tooShort } from "./trial.ts";

/** A case that has run. */
export interface RanCase {
  readonly result: CaseResult;
  readonly verdicts: RunnerResult["thresholds"];
}

/** Runs cases. */
export interface CaseRunner {
  /** `note`: its purpose, when it is not simply the case; null: it is not reported. */
  run(index: number, plan: CasePlan, note?: string | null): Promise<RanCase>;
  /** The result of a case that was not run, with the reason. */
  without(plan: CasePlan, why: string): RanCase;
  preparing(index: number, note: string): void;
  stopped(): boolean;
}

/** A trial of a rate and its outcome. */
interface Tried {
  readonly trial: CasePlan;
  readonly ran: RanCase;
}

/** Runs cases at the rate they ask for: a number, a share of the capacity, or the maximum that holds. */
export class AskedRates {
  private readonly probed = new Map<CasePlan, ProbedCapacity>();

  /** `plans`: all cases, including the one whose capacity counts. */
  constructor(
    private readonly plans: readonly CasePlan[],
    private readonly machine: ReturnType<typeof machineFor>,
    private readonly cases: CaseRunner,
  ) {}

  async run(index: number, plan: CasePlan): Promise<RanCase> {
    const asked = askedRate(plan);
    if (asked === null) return this.cases.run(index, plan);
    if (asked === "max") return this.search(index, plan);
    const probed = probedCase(plan, this.plans);
    const found = await this.probe(index, probed);
    if (typeof found === "string") return this.unprobed(plan, found);
    const { capacity, low: capacityLow, high: capacityHigh, from: capacityFrom } = found;
    const resolved = capacity * asked.share;
    const { result, verdicts } = await this.cases.run(index, atRate(plan, resolved));
    const rate = { asked: asked.text, resolved, capacity, capacityLow, capacityHigh, capacityFrom, probedMode: probed.mode };
    return { result: { ...result, rate }, verdicts };
  }

  /** Searches for the highest rate that keeps the thresholds; the case is the trial at that rate. */
  private async search(index: number, plan: CasePlan): Promise<RanCase> {
    const found = await this.probe(index, plan);
    if (typeof found === "string") return this.unprobed(plan, found);
    const search = new RateSearch(found.capacity);
    const firsts = new Map<number, Tried>();
    let last: Tried | null = null;
    for (let rate = search.next; rate !== null && !this.cases.stopped(); rate = search.next) {
      const trial = atRate(plan, rate, search.timesTried(rate));
      last = { trial, ran: await this.cases.run(index, trial, `trial ${search.trials.length + 1}: ${formatRate(rate)}`) };
      const { result, verdicts } = last.ran;
      // A trial stopped midway says nothing about its rate.
      if (this.cases.stopped() && result.status === "aborted") break;
      const held = keptUp(result, trial) && verdicts.every(({ ok }) => ok);
      // Of several trials of one rate, the figures are those of the first that held.
      if (held === true && !firsts.has(rate)) firsts.set(rate, last);
      search.tried(rate, held);
    }
    const interrupted = this.cases.stopped() && last?.ran.result.status === "aborted";
    // A rate that held was measured completely, even if the search was cut short.
    const shown = firsts.get(search.low) ?? last;
    if (shown === null) return this.unprobed(plan, "");
    const { result, verdicts } = shown.ran;
    const short = tooShort(shown.trial);
    const warnings = short === null ? result.warnings : [...result.warnings, short];
    const rate = { ...search.figures(), seed: shown.trial.scenario.seed };
    return { result: { ...result, status: interrupted ? "aborted" : result.status, warnings, rate }, verdicts };
  }

  /** The capacity of a mode: by theory where that is exact, else by saturating it briefly; a sentence when that fails. */
  private async probe(index: number, plan: CasePlan): Promise<ProbedCapacity | string> {
    const known = this.probed.get(plan) ?? knownCapacity(plan, this.machine);
    if (known !== null) return known;
    this.cases.preparing(index, `probing the capacity of ${plan.mode}`);
    const { result } = await this.cases.run(index, probePlan(plan, capacityOf({ ...plan, ...this.machine }).capacity), null);
    const capacity = probedCapacity(result);
    if (capacity === null) return result.problems[0] ?? result.explanation;
    this.probed.set(plan, capacity);
    return capacity;
  }

  private unprobed(plan: CasePlan, why: string): RanCase {
    return this.cases.without(plan, `The capacity could not be probed, so there is no rate to run at. ${why}`.trimEnd());
  }
}
