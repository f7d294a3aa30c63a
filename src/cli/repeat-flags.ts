import { LEVEL, leastPairs } from "../analysis/estimate.ts";
import type { Repeats } from "../engine/run/run-options.ts";
import { UserError } from "../kernel/problem.ts";
import { numberFrom, type RunFlags, shareOf } from "./flags.ts";

/** Fewest and most repeats, and the most where only a precision is asked for. */
const REPEATS = { min: 2, max: 100, untilCi: 20 } as const;

/** The repeats that a run's flags ask for; null: each case runs once. */
export function repeatsOf({ repeat, untilCi }: Pick<RunFlags, "repeat" | "untilCi">): Repeats | null {
  if (repeat === undefined && untilCi === undefined) return null;
  const untilShare = untilCi === undefined ? null : shareOf("--until-ci", untilCi);
  const rounds = repeat === undefined ? REPEATS.untilCi : numberFrom("--repeat", repeat, REPEATS.min, REPEATS.max);
  if (untilShare !== null && rounds < leastPairs(LEVEL))
    throw new UserError(`--until-ci: an interval takes at least ${leastPairs(LEVEL)} rounds, and --repeat allows ${rounds}`);
  if (untilShare === 0) throw new UserError("--until-ci: must be above 0, since no interval is that narrow");
  return { rounds, untilShare };
}
