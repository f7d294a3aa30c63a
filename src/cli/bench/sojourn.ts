import { formatMs } from "../../kernel/units.ts";
import { asServed } from "../../theory/explain.ts";
import { median, runOne, wholeRounds } from "./contest.ts";

/** Load as a share of what one thread can do, and how far the mean may be off there. */
const LOADS = [
  { rho: 0.5, aim: 0.05 },
  { rho: 0.8, aim: 0.1 },
];
const DISTRIBUTIONS = ["constant", "exponential"];

/** `lab-tui bench --sojourn`: Poisson arrivals at one thread, beside Pollaczek and Khinchine. Each round has a seed of its own. */
export async function sojourn(rounds: string): Promise<void> {
  const count = wholeRounds(rounds);
  const lines = [
    "| service | load | model | expected | measured | ratio | expected with the service time as it was | ratio | aim |",
    "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
  ];
  for (const distribution of DISTRIBUTIONS) {
    for (const { rho, aim } of LOADS) {
      process.stderr.write(`${distribution} 1 ms, load ${rho}\n`);
      const results: Measured[] = [];
      for (let seed = 1; seed <= count; seed++) results.push(await clock(distribution, rho, seed));
      const of = (pick: (one: Measured) => number) => median(results.map(pick));
      const cells = [
        `${distribution} 1 ms`,
        rho,
        results[0]?.model,
        formatMs(of(({ expected }) => expected)),
        formatMs(of(({ measured }) => measured)),
        of(({ measured, expected }) => measured / expected).toFixed(3),
        formatMs(of(({ served }) => served)),
        of(({ measured, served }) => measured / served).toFixed(3),
        `± ${aim * 100} %`,
      ];
      lines.push(`| ${cells.join(" | ")} |`);
    }
  }
  process.stdout.write(`${lines.join("\n")}\n`);
}

/** Mean sojourn times, in milliseconds. */
interface Measured {
  readonly model: string;
  readonly measured: number;
  readonly expected: number;
  /** What the model expects of the service times that were measured. */
  readonly served: number;
}

async function clock(distribution: string, rho: number, seed: number): Promise<Measured> {
  const result = await runOne({
    seed,
    modes: ["sync"],
    load: { executor: "constant-arrival-rate", rate: rho * 1000, duration: "40s", arrivals: "poisson" },
    work: { kind: "cpu", time: "1ms", distribution },
  });
  const { model, sojournMean } = result.predicted;
  return { model, measured: result.latency.sojourn.mean, expected: sojournMean ?? Number.NaN, served: asServed(result) ?? Number.NaN };
}
