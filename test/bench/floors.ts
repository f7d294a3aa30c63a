import { median } from "../../src/kernel/median.ts";
import { formatMs, formatRate, formatShare } from "../../src/kernel/units.ts";
import { clockCommand, peerFile } from "./contest.ts";

/** What each flow has to beat: messages per second, 99th percentile in milliseconds. */
const FLOORS: readonly { readonly flow: string; readonly race: string; readonly perSecond: number; readonly p99Ms: number }[] = [
  { flow: "data-pipeline", race: "pipeline", perSecond: 10_000, p99Ms: 50 },
  { flow: "reactive-stream", race: "stream", perSecond: 15_000, p99Ms: 10 },
  { flow: "message-queue", race: "queue", perSecond: 20_000, p99Ms: 5 },
  { flow: "event-bus", race: "bus", perSecond: 50_000, p99Ms: 1 },
];

const RUNS = 3;

interface AtFloor {
  readonly p99Ms: number;
  /** Share of a core. */
  readonly cpu: number;
  /** What the process holds more than before the flow was made; of `none`, that feeding alone costs. */
  readonly bytes: number;
}

/** `lab-tui bench --floors`: the flows at the least rate they are good for, and how far beyond it they go. */
export async function floors(): Promise<void> {
  const lines = [
    "| flow | floor | reached | × | p99 at the floor | of its limit | CPU there | memory |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
  ];
  for (const { flow, race, perSecond, p99Ms } of FLOORS) {
    process.stderr.write(`${flow}\n`);
    const reached = (await clockCommand([process.execPath, peerFile("flow-race.ts"), race])) ?? 0;
    const at = await atFloor(flow, perSecond);
    const fed = await atFloor("none", perSecond);
    const share = `1/${Math.round(p99Ms / at.p99Ms)} of ${formatMs(p99Ms)}`;
    lines.push(
      `| ${flow} | ${formatRate(perSecond)} | ${formatRate(reached)} | ${Math.round(reached / perSecond)} | ${formatMs(at.p99Ms)} | ${share} | ${formatShare(at.cpu)} | ${(Math.max(0, at.bytes - fed.bytes) / 1e6).toFixed(1)} MB |`,
    );
  }
  process.stdout.write(`${lines.join("\n")}\n`);
}

/** Medians of a few runs: what a process holds after collecting garbage varies by as much as a flow takes. */
async function atFloor(flow: string, perSecond: number): Promise<AtFloor> {
  const runs: AtFloor[] = [];
  for (let run = 0; run < RUNS; run++) runs.push(await runAtFloor(flow, perSecond));
  const of = (pick: (one: AtFloor) => number) => median(runs.map(pick));
  return { p99Ms: of(({ p99Ms }) => p99Ms), cpu: of(({ cpu }) => cpu), bytes: of(({ bytes }) => bytes) };
}

async function runAtFloor(flow: string, perSecond: number): Promise<AtFloor> {
  const child = Bun.spawn([process.execPath, peerFile("flow-floor.ts"), flow, String(perSecond)], { stdout: "pipe", stderr: "inherit" });
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`the flow ${flow} did not end well`);
  return JSON.parse(text) as AtFloor;
}
