import { formatMs } from "../../kernel/units.ts";
import { asServed } from "../../theory/explain.ts";
import { runOne, wholeRounds } from "./contest.ts";

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
      const of = (pick: (one: Measured) => number) => mean(results.map(pick));
      const ratio = (to: (one: Measured) => number) => withError(results.map((one) => one.measured / to(one)));
      const cells = [
        `${distribution} 1 ms`,
        rho,
        results[0]?.model,
        formatMs(of(({ expected }) => expected)),
        formatMs(of(({ measured }) => measured)),
        ratio(({ expected }) => expected),
        formatMs(of(({ served }) => served)),
        ratio(({ served }) => served),
        `± ${aim * 100} %`,
      ];
      lines.push(`| ${cells.join(" | ")} |`);
    }
  }
  process.stdout.write(`${lines.join("\n")}\n`);
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The mean, and its standard error when there are several values. */
function withError(values: readonly number[]): string {
  const middle = mean(values);
  if (values.length === 1) return middle.toFixed(3);
  const variance = values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1);
  return `${middle.toFixed(3)} ± ${Math.sqrt(variance / values.length).toFixed(3)}`;
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
