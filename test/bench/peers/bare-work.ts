import { burn } from "../../../src/engine/work/effort.ts";

/** A loop over the work of one message and nothing else, for some seconds: `bare-work.ts ROUNDS SECONDS`. */
const [rounds = 0, seconds = 0] = process.argv.slice(2).map(Number);
let chain = 1;
const work = (until: number) => {
  let pieces = 0;
  for (; performance.now() < until; pieces++) chain = burn(rounds, chain);
  return pieces;
};
work(performance.now() + 500);
const from = performance.now();
const pieces = work(from + seconds * 1000);
const perSecond = (pieces * 1000) / (performance.now() - from);
if (chain === 0.5) throw new Error("unreachable"); // keeps the chain alive
process.stdout.write(`${JSON.stringify({ perSecond })}\n`);
