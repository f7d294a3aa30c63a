import { existsSync } from "node:fs";
import { UserError } from "../../kernel/problem.ts";
import { quoted } from "../../kernel/text.ts";

export interface BenchFlags {
  readonly rounds: string;
  readonly only?: string;
  readonly truth?: boolean;
  readonly floors?: boolean;
  readonly sojourn?: boolean;
  readonly stall?: boolean;
  readonly compare?: boolean;
  readonly json?: boolean;
}

/** The code of the tables is not in the package: it needs the peers, which are devDependencies, and the lab's own tests. */
const TABLES = new URL("../../../test/bench/bench.ts", import.meta.url);
const NEEDS_CHECKOUT =
  "bench: needs a checkout of lab-tui after `bun install`, since the package comes without the peers that it is measured beside; `run` measures any scenario from here too";

/** `lab-tui bench`: prints the requested table. */
export async function bench(names: readonly string[], flags: BenchFlags): Promise<void> {
  if (names.length > 0 && flags.truth !== true) {
    throw new UserError(`bench: scenarios are measured with --truth, got ${quoted(names[0])} without it; \`run\` runs one`);
  }
  const textOnly = (["sojourn", "floors", "stall", "compare"] as const).find((table) => flags[table] === true);
  if (flags.json === true && textOnly !== undefined) {
    throw new UserError(`bench: --json goes with the tables of speed and with --truth, not with --${textOnly}`);
  }
  if (!existsSync(TABLES)) throw new UserError(NEEDS_CHECKOUT);
  if (flags.stall === true) await (await import("../../../test/bench/stall.ts")).stall();
  else if (flags.compare === true) await (await import("../../../test/bench/compare.ts")).compareTable(flags.rounds);
  else if (flags.sojourn === true) await (await import("../../../test/bench/sojourn.ts")).sojourn(flags.rounds);
  else if (flags.floors === true) await (await import("../../../test/bench/floors.ts")).floors();
  else if (flags.truth === true) await (await import("../../../test/bench/truth.ts")).truth(flags.json === true, names);
  else await (await import("../../../test/bench/bench.ts")).bench(flags);
}
