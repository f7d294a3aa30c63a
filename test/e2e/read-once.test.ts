import { describe, expect, test } from "bun:test";
import { predictScenario } from "../../src/cli/commands/predict.ts";
import { run } from "../../src/cli/commands/run.ts";
import { validate } from "../../src/cli/commands/validate.ts";
import { StopSignals } from "../../src/cli/signals.ts";
import { scenarioWithFlags } from "../../src/scenario/load.ts";
import { heard } from "../support/cli.ts";

const TEXT = "title: once\nload: { executor: constant-arrival-rate, rate: 100, duration: 50ms }\nwork: { kind: none }\nmodes: [async]\n";
const SWEPT = `${TEXT}sweep: { batch.size: [1, 2] }\n`;
const FETCH = "title: once\nworkload: fetch\nmodes: [async]\nfetch: { tiles: { count: 2 }, target: { mock: { latency: 1ms } } }\n";
/** Every flag that says something of the scenario. */
const FLAGS = { mode: "async", seed: "3", workers: "2", duration: "40ms", rate: "50", set: ["queue.capacity=9"] };
const RUN = { headless: true, quiet: true, store: false };

/** A file that is nowhere but here: whoever reads it in another way finds none. */
function fileOf(text: string) {
  const opened: string[] = [];
  const read = (file: string) => {
    opened.push(file);
    return text;
  };
  return { read, opened };
}

const FILE = "./nowhere/once.yaml";

describe("a scenario file is opened once", () => {
  test.each([
    ["validate", (read: (file: string) => string) => validate([FILE], read)],
    ["predict", (read: (file: string) => string) => predictScenario(FILE, FLAGS, read) ?? 0],
    ["run", (read: (file: string) => string) => run([FILE], { ...RUN, ...FLAGS }, new StopSignals(), { read })],
  ])(
    "by %s",
    async (_, command) => {
      for (const text of [TEXT, SWEPT]) {
        const { read, opened } = fileOf(text);
        await heard(async () => expect(await command(read)).toBe(0));
        expect(opened).toEqual([FILE]);
      }
    },
    60_000,
  );

  test("by a run of requests with variables of the environment", () => {
    const { read, opened } = fileOf(FETCH);
    process.env["MAX_CONCURRENCY"] = "3";
    try {
      const { scenario } = scenarioWithFlags(FILE, { set: ["fetch.timeout=2s"] }, read);
      expect(scenario.fetch).toMatchObject({ concurrency: { max: 3 }, timeout: 2e6 });
    } finally {
      delete process.env["MAX_CONCURRENCY"];
    }
    expect(opened).toEqual([FILE]);
  });
});
