import { type ChangeMargin, DEFAULT_MARGIN } from "../../analysis/compare.ts";
import { type ComparedFigure, figureOf, STEADY_FIGURES } from "../../analysis/figures.ts";
import { figuresAsked } from "../asked-figures.ts";
import { numberFrom, type RunFlags, shareOf } from "../flags.ts";
import type { ComparisonOutput } from "./output.ts";

export interface CompareFlags extends Pick<RunFlags, "mode" | "set" | "seed" | "allowModules" | "allowHost" | "store">, ComparisonOutput {
  readonly metrics?: string;
  readonly margin?: string;
  readonly anyway?: boolean;
  readonly failOnRegression?: boolean;
  readonly rounds?: string;
  readonly reruns?: string;
  readonly with?: readonly string[];
  readonly selfCheck?: boolean;
  readonly times?: string;
}

/** What is compared, and by which margin. */
export interface ComparedFigures extends ChangeMargin {
  readonly figures: readonly ComparedFigure[];
  /** Without a verdict. */
  readonly beside: readonly ComparedFigure[];
  /** Rounds with a disturbed case are left out. */
  readonly gated: boolean;
}

/** How arms are run. */
export interface RoundsAsked {
  readonly rounds: number;
  readonly mostReruns: number;
}

/** The figures asked for; without a choice the headline figures, and beside them those that vary less. */
export function comparedFigures({ metrics, margin, anyway }: CompareFlags): ComparedFigures {
  const least = margin === undefined ? DEFAULT_MARGIN : { margin: shareOf("--margin", margin), marginFrom: "flag" as const };
  const beside = metrics === undefined ? STEADY_FIGURES.flatMap((name) => figureOf(name) ?? []) : [];
  return { figures: figuresAsked(metrics), beside, gated: anyway !== true, ...least };
}

const ROUNDS = { min: 6, max: 40, default: 8 } as const;
const RERUNS = { max: 20, default: 3 } as const;
const MOST_TIMES = 100;

export function roundsAsked({ rounds, reruns }: CompareFlags): RoundsAsked {
  return {
    rounds: rounds === undefined ? ROUNDS.default : numberFrom("--rounds", rounds, ROUNDS.min, ROUNDS.max),
    mostReruns: reruns === undefined ? RERUNS.default : numberFrom("--reruns", reruns, 0, RERUNS.max),
  };
}

/** How many comparisons a self-check makes. */
export function timesAsked({ times }: CompareFlags): number {
  return times === undefined ? 1 : numberFrom("--times", times, 1, MOST_TIMES);
}
