import type { Prediction } from "../../telemetry/prediction.ts";
import { hasAllWords } from "./typing.ts";

/** A scenario to choose, or a file that is none, and why: it cannot be chosen. */
export type Choice = { readonly name: string; readonly file: string } & (
  | {
      readonly title: string;
      readonly description?: string;
      readonly hypothesis?: string;
      readonly modes: readonly string[];
      readonly workload: string;
      readonly tags: Readonly<Record<string, string>>;
      readonly why?: never;
    }
  | { readonly why: string; readonly title?: never }
);

/** What is worked out of a choice while one looks at it. */
export interface Preview {
  readonly cases: readonly { readonly mode: string; readonly params: Readonly<Record<string, unknown>>; readonly predicted: Prediction }[];
  /** Arrivals per second in equal spans of the load; empty: it has no instants of its own. */
  readonly arrivals: readonly number[];
  /** How long the arrivals last, in milliseconds. */
  readonly untilMs: number;
}

/** The last run of a scenario that was kept. */
export interface LastRun {
  readonly startedAt: string;
  readonly status: string;
  /** `rateChanged`: by hand, so that it had another load than the scenario's. */
  readonly done: readonly { readonly mode: string; readonly throughput: number; readonly rateChanged: boolean }[];
}

/** What scenarios explore, by the phase in their tags, in the order in which they are learnt. */
const GROUPS: readonly (readonly [phase: string, title: string])[] = [
  ["P1", "One stream of messages"],
  ["P2", "Async, queues and batches"],
  ["P3", "Parallel"],
  ["D", "Workers on any host"],
  ["T", "Requests over HTTP"],
  ["A", "Requests over HTTP"],
  ["F", "Flows"],
  ["W", "Programs in any language"],
];
const OWN = "Others";
const BROKEN = "Cannot be run";

/** The group of a choice. */
export function groupOf(choice: Choice): string {
  if (choice.why !== undefined) return BROKEN;
  return GROUPS.find(([phase]) => phase === choice.tags["phase"])?.[1] ?? OWN;
}

/** Choices by group, those of the user's own first, what cannot be run last; within a group by name. */
export function arranged(choices: readonly Choice[]): Choice[] {
  const order = [OWN, ...new Set(GROUPS.map(([, title]) => title)), BROKEN];
  const rank = (choice: Choice) => order.indexOf(groupOf(choice));
  return [...choices].sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}

/** Places of the choices in which each word of a filter is found somewhere; those first whose names have them all. */
export function matching(choices: readonly Choice[], filter: string): number[] {
  const places = [...choices.keys()];
  const having = (text: (choice: Choice) => string) =>
    places.filter((place) => {
      const choice = choices[place];
      return choice !== undefined && hasAllWords(text(choice), filter);
    });
  const named = having(({ name }) => name);
  return [...named, ...having(textOf).filter((place) => !named.includes(place))];
}

function textOf(choice: Choice): string {
  if (choice.why !== undefined) return `${choice.name} ${choice.why}`;
  const { name, title, description = "", hypothesis = "", tags, workload } = choice;
  return [name, title, description, hypothesis, workload, ...Object.values(tags), groupOf(choice)].join(" ");
}
