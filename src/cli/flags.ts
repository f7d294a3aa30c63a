import type { Command } from "commander";
import { fileProblem } from "../kernel/file-problem.ts";
import { UserError } from "../kernel/problem.ts";
import { quoted } from "../kernel/text.ts";
import { parseDuration, parseNumber } from "../kernel/units.ts";
import type { ScenarioFlags } from "../scenario/overrides.ts";
import { type AppearanceFlags, type AskedAppearance, appearanceOf, framesOf, withAppearanceFlags } from "./appearance-flags.ts";
import { collected } from "./command.ts";
import { type CastFlags, type CastPlan, castPlanOf } from "./recording.ts";

/** Flags of `run`, as commander gives them. */
export interface RunFlags extends AppearanceFlags, CastFlags, Omit<ScenarioFlags, "with"> {
  readonly headless?: boolean;
  readonly json?: string;
  readonly out?: string;
  readonly http?: string;
  readonly dumpState?: string;
  readonly closeAfter?: string;
  readonly log?: string;
  readonly allowModules?: boolean;
  readonly allowCommands?: boolean;
  readonly allowHost?: readonly string[];
  readonly keepRequests?: boolean;
  readonly logUrls?: boolean;
  readonly force?: boolean;
  readonly quiet?: boolean;
  readonly store?: boolean;
  readonly strict?: boolean;
  readonly junit?: string;
  readonly github?: boolean;
  readonly baseline?: string;
  readonly saveBaseline?: string;
  readonly failOnRegression?: boolean;
  readonly repeat?: string;
  readonly untilCi?: string;
}

/** Settings from flags that belong to no scenario. */
export interface ReadFlags {
  /** Most frames per second. */
  readonly fps: number;
  readonly appearance: AskedAppearance;
  /** null: no recording. */
  readonly cast: CastPlan | null;
  readonly http: number | undefined;
  /** How long the closing screen stays, in milliseconds; null: until a key is pressed. */
  readonly closeAfterMs: number | null;
}

/** Checks flags that need no scenario. */
export function readFlags(flags: RunFlags): ReadFlags {
  if (flags.keepRequests === true && flags.store === false)
    throw new UserError("--keep-requests keeps them with the run, and --no-store keeps no run: leave one of them out");
  const http = flags.http === undefined ? undefined : Number(flags.http);
  if (http !== undefined && !(Number.isInteger(http) && http >= 0 && http <= 65_535 && /^\d+$/.test(flags.http ?? ""))) {
    throw new UserError(`--http: must be a port from 1 to 65535, or 0 for any, got ${quoted(flags.http)}`);
  }
  if (http !== undefined && http > 0) checkPort(http);
  return {
    ...{ fps: framesOf(flags), appearance: appearanceOf(flags), cast: castPlanOf(flags) },
    ...{ http, closeAfterMs: closeAfterMs(flags.closeAfter) },
  };
}

/** Parses a share given to a flag, as a percentage or a number below 1. */
export function shareOf(flag: string, text: string): number {
  const percent = /^(.+?)\s*%$/.exec(text.trim())?.[1];
  const share = percent === undefined ? parseNumber(text) : (parseNumber(percent) ?? Number.NaN) / 100;
  if (share !== null && share >= 0 && share < 1) return share;
  throw new UserError(`${flag}: must be a share such as 1% or 0.01, below 100%, got ${quoted(text)}`);
}

/** Parses the whole number given to a flag, within bounds. */
export function numberFrom(flag: string, text: string, min: number, max: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= min && number <= max) return number;
  throw new UserError(`${flag}: must be a whole number from ${min} to ${max}, got ${quoted(text)}`);
}

/** Longest wait of a timer, in microseconds. */
const LONGEST_WAIT = 24 * 86_400e6;

export function closeAfterMs(text: string | undefined): number | null {
  if (text === undefined) return null;
  const micros = parseDuration(text);
  if (micros !== null && micros <= LONGEST_WAIT) return micros / 1000;
  throw new UserError(`--close-after: must be a duration such as 5s, or 0s for at once (at most 24d), got ${quoted(text)}`);
}

/** Checks that the port can be listened on, before anything runs. */
function checkPort(port: number): void {
  try {
    Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } }).stop(true);
  } catch (error) {
    throw new UserError(`--http: port ${port} cannot be listened on: ${fileProblem(error)}`);
  }
}

/** Parses the whole number given to a flag. */
export function wholeNumber(flag: string, text: string, max: number): number {
  return numberFrom(flag, text, 0, max);
}

/** Adds the flags of all commands that run something. */
export function withRunFlags(command: Command): Command {
  return withAppearanceFlags(command)
    .option("--mode <modes>", "sync,async,parallel,distributed")
    .option("--headless", "no dashboard")
    .option("--json <file>", "write the result as JSON; - is standard output")
    .option("-o, --out <dir>", "write result.json, summary.txt and report.html into a folder")
    .option("--junit <file>", "write the verdicts as JUnit XML; - is standard output")
    .option("--github", "annotate thresholds and write the step's summary on GitHub Actions (default where GITHUB_ACTIONS is true)")
    .option("--save-baseline <name>", "save the result under a name to compare with (in place of the one before)")
    .option("--baseline <name>", "compare the result with the baseline of that name")
    .option("--fail-on-regression", "exit 98 if a figure is worse than in the baseline")
    .option("--seed <n>", "seed of everything random")
    .option("--set <path=value>", "any field of the scenario (repeatable)", collected)
    .option("--repeat <n>", "run every case n times (2 to 100), in rounds: estimates with intervals")
    .option("--until-ci <share>", "repeat until the intervals are ± this share, such as 2% (6 to 20 rounds, or to --repeat)")
    .option("--workers <n>", "Workers of the parallel mode, or workers that redis: auto starts")
    .option("--redis <url>", "the server of mode distributed, such as redis://127.0.0.1:6379, or auto; REDIS_URL too")
    .option("--http <port>", "answer queries and show metrics on this port of 127.0.0.1 while it runs")
    .option("--dump-state <file>", "write the final states as JSON")
    .option("--close-after <duration>", "leave the closing screen after so long, such as 5s; 0s at once (default: at a key)")
    .option("--allow-modules", "run the handler modules that the scenarios name")
    .option("--allow-commands", "run the programs that the scenarios name (work.kind: command)")
    .option("--force", "overwrite")
    .option("-q, --quiet", "no progress, no summary")
    .option("--strict", "exit 99 when a hypothesis (expect) does not hold, as when a threshold fails")
    .option("--no-store", "do not keep this run among the past runs")
    .option("--cast <file>", "record the dashboard (asciicast), with a terminal or without")
    .option("--cast-size <size>", "COLSxROWS of a recording without a terminal (default 120x40)")
    .option("--cast-version <n>", "2 (default) or 3")
    .option("--log <file>", "structured log of every attempt (NDJSON; fetch)")
    .option("--allow-host <host>", "load may go to this public host (repeatable; fetch)", collected)
    .option("--keep-requests", "keep what became of every request (fetch)")
    .option("--log-urls", "whole URLs in the log and in kept requests, not only hosts (fetch)");
}
