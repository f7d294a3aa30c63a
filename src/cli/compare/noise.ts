import { join } from "node:path";
import type { FloorOf, ResultComparison } from "../../analysis/compare.ts";
import { LEAST_COMPARISONS, noiseFloor } from "../../analysis/noise-floor.ts";
import { caseKey } from "../../analysis/repeats.ts";
import { ownFolder } from "../../kernel/own-folder.ts";
import { counted } from "../../kernel/wording.ts";
import { NoiseLog } from "../../store/noise-log.ts";
import type { RunResult } from "../../telemetry/result.ts";

/** Differences that comparisons of scenarios with themselves have shown on this machine. */
export class Noise {
  constructor(private readonly log: NoiseLog) {}

  /** The noise recorded for this user. */
  static own(): Noise {
    const folder = ownFolder("data");
    return new Noise(new NoiseLog(folder === null ? "" : join(folder, "noise.ndjson")));
  }

  /** The floor of each figure of a scenario, on the machine where it ran. */
  floorOf({ scenario: { hash }, machine }: RunResult): FloorOf {
    const entries = this.log.of(hash, nameOf(machine));
    const keyOf = (one: Parameters<FloorOf>[0], figure: string) => `${caseKey(one)} ${figure}`;
    const changes = Map.groupBy(
      entries.flatMap((entry) => entry.changes),
      (each) => keyOf(each, each.metric),
    );
    return (one, figure) => noiseFloor((changes.get(keyOf(one, figure)) ?? []).map(({ change }) => change));
  }

  /** Keeps a comparison of a scenario with itself, unless something disturbed it; says so. */
  add({ scenario: { name, hash }, machine }: RunResult, { comparisons, paired, valid, gate }: ResultComparison): string {
    if (!paired || !valid || gate?.passed !== true)
      return "A against A, but not kept for the noise floor, since it was disturbed or stopped";
    const changes = comparisons.flatMap(({ mode, params, metric, ratio }) =>
      ratio === null ? [] : [{ mode, params, metric, change: Math.log(ratio) }],
    );
    this.log.add({ at: new Date().toISOString(), scenario: name, hash, machine: nameOf(machine), changes });
    const count = this.log.of(hash, nameOf(machine)).length;
    const still = count < LEAST_COMPARISONS ? `, which takes ${LEAST_COMPARISONS}` : "";
    return `A against A, kept for the noise floor of this scenario on this machine: ${counted(count, "comparison")} so far${still}`;
  }
}

function nameOf({ cpu, os, arch, cores }: RunResult["machine"]): string {
  return `${cpu}, ${os}, ${arch}, ${cores}`;
}
