import { expect, test } from "bun:test";
import { type Scenario, scenarioSchema } from "../../../src/scenario/schema.ts";
import { hasStatedWork } from "../../../src/workloads/traits.ts";

const KINDS: readonly [kind: Scenario["work"]["kind"], states: boolean, more?: object][] = [
  ["none", false],
  ["handler", false, { module: "./mine.ts" }],
  ["command", false, { command: ["true"] }],
  ["cpu", true],
  ["sleep", true],
  ["io", true],
  ["mixed", true],
];

test.each(KINDS)("work of kind %s states how long it takes: %p", (kind, states, more = {}) => {
  const load = { executor: "bursts", size: 1 };
  expect(hasStatedWork(scenarioSchema.parse({ title: "x", load, work: { kind, ...more } }))).toBe(states);
});
