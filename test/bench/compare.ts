import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Noise } from "../../src/cli/compare/noise.ts";
import { loadArm } from "../../src/cli/compare/scenarios.ts";
import { type SelfCheckRates, selfCheck } from "../../src/cli/compare/self-check.ts";
import { comparedFigures, roundsAsked } from "../../src/cli/compare/settings.ts";
import { StopSignals } from "../../src/cli/signals.ts";
import { temporaryFolder } from "../../src/kernel/temporary-folder.ts";
import { NoiseLog } from "../../src/store/noise-log.ts";
import { NO_ACCESS } from "../../src/workloads/access.ts";
import { wholeRounds } from "./contest.ts";

/**
 * Arrivals of work of 2 ms by its kind. Computing on shared cores varies by 2 % between neighbouring stretches of 0.2 s: the longer and the
 * busier its cases, the more of that averages out.
 */
const LOADS = {
  cpu: "{ executor: constant-arrival-rate, rate: 400, duration: 700ms }",
  sleep: "{ executor: constant-arrival-rate, rate: 250, duration: 400ms }",
};

/** `lab-tui bench --compare`: so many comparisons of a scenario with itself, and with 5 % longer service times, by what `compare` does. */
export async function compareTable(comparisons: string): Promise<void> {
  const times = wholeRounds(comparisons);
  const folder = temporaryFolder();
  const signals = new StopSignals();
  const rows: string[] = [];
  try {
    for (const [kind, load] of Object.entries(LOADS)) {
      const file = join(folder, `${kind}.yaml`);
      writeFileSync(file, `title: Work of 2 ms\nmodes: [sync]\nload: ${load}\nwork: { kind: ${kind}, time: 2ms }\n`);
      const noise = new Noise(new NoiseLog(join(folder, "noise.ndjson")));
      const asked = { ...roundsAsked({}), times, figures: comparedFigures({}), noise, access: NO_ACCESS };
      const say = (line: string) => process.stderr.write(`${kind} ${line}\n`);
      const { check, stoppedBy } = await selfCheck(loadArm(file, {}).named, { ...asked, say }, signals);
      rows.push(rowOf(kind, check));
      if (stoppedBy !== null) break;
    }
  } finally {
    signals.close();
    rmSync(folder, { recursive: true, force: true });
  }
  process.stdout.write(`${[...HEADING, ...rows].join("\n")}\n`);
}

const HEADING = [
  "| work | comparisons of 8 rounds | refused by the gate | cases run again | nothing changed, called better or worse | service time 5 % longer, found |",
  "| --- | ---: | ---: | ---: | ---: | ---: |",
];

function rowOf(kind: string, { comparisons, refused, reruns, different, found }: SelfCheckRates): string {
  const rates = [different, found].map(({ count, of }) => `${count} of ${of}`);
  return `| ${[`2 ms of ${kind}`, comparisons, refused, reruns, ...rates].join(" | ")} |`;
}
