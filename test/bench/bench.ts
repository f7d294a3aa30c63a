import { median } from "../../src/kernel/median.ts";
import { UserError } from "../../src/kernel/problem.ts";
import { quoted } from "../../src/kernel/text.ts";
import { formatRate } from "../../src/kernel/units.ts";
import { type Contest, MESSAGE_CONTESTS, wholeRounds } from "./contest.ts";
import { DISTRIBUTED_CONTESTS } from "./distributed-contest.ts";
import { FETCH_CONTESTS } from "./fetch-contest.ts";
import { FLOW_CONTESTS } from "./flow-contest.ts";
import { WORK_CONTESTS } from "./work-contest.ts";

export interface BenchOptions {
  readonly rounds: string;
  /** Only rows in which this is written. */
  readonly only?: string;
  readonly json?: boolean;
}

export interface BenchRow {
  readonly what: string;
  readonly peer: string;
  /** Messages or requests per second, median of the rounds. */
  readonly ours: number;
  /** null: not installed here. */
  readonly peerRate: number | null;
  /** Median of the ratios of each round. */
  readonly ratio: number | null;
  /** null: none. */
  readonly target: number | null;
}

/** `lab-tui bench`: ours and each peer in turn, round after round. */
export async function bench({ rounds, json, only = "" }: BenchOptions): Promise<void> {
  const count = wholeRounds(rounds);
  const rows: BenchRow[] = [];
  const all = [...MESSAGE_CONTESTS, ...WORK_CONTESTS, ...DISTRIBUTED_CONTESTS, ...FETCH_CONTESTS, ...FLOW_CONTESTS];
  const chosen = all.filter(({ what, peer }) => `${what} ${peer}`.includes(only));
  if (chosen.length === 0) throw new UserError(`--only: must be written in a row, such as ${all[0]?.what}, got ${quoted(only)}`);
  for (const match of chosen) {
    process.stderr.write(`${match.what} beside ${match.peer}\n`);
    rows.push(await contest(match, count));
  }
  process.stdout.write(json === true ? `${JSON.stringify(rows, null, 2)}\n` : benchTable(rows));
}

async function contest(match: Contest, rounds: number): Promise<BenchRow> {
  const ours: number[] = [];
  const peers: number[] = [];
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const our = await match.ours();
    const their = await match.theirs();
    ours.push(our);
    if (their !== null) {
      peers.push(their);
      ratios.push(our / their);
    }
  }
  const { what, peer, target } = match;
  const complete = peers.length === rounds;
  return { what, peer, target, ours: median(ours), peerRate: complete ? median(peers) : null, ratio: complete ? median(ratios) : null };
}

/** The table as Markdown, as it stands in the README. */
export function benchTable(rows: readonly BenchRow[]): string {
  const lines = ["| ours | per second | peer | per second | ratio | aim |", "| --- | ---: | --- | ---: | ---: | ---: |"];
  for (const { what, peer, ours, peerRate, ratio, target } of rows) {
    const their = peerRate === null ? "not installed" : formatRate(peerRate);
    lines.push(
      `| ${what} | ${formatRate(ours)} | ${peer} | ${their} | ${ratio === null ? "–" : `${ratio.toFixed(2)} ×`} | ${target === null ? "–" : `≥ ${target} ×`} |`,
    );
  }
  return `${lines.join("\n")}\n`;
}
