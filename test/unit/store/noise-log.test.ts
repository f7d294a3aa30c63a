import { afterAll, describe, expect, test } from "bun:test";
import { appendFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../../src/kernel/temporary-folder.ts";
import { type NoiseEntry, NoiseLog } from "../../../src/store/noise-log.ts";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

const entry = (hash: string, machine: string, change: number): NoiseEntry => ({
  at: "2026-01-01T00:00:00.000Z",
  scenario: "x",
  hash,
  machine,
  changes: [{ mode: "sync", params: {}, metric: "throughput", change }],
});

describe("comparisons of scenarios with themselves", () => {
  test("are kept by scenario and machine, in order; a line that was cut off is passed over", () => {
    const file = join(folder, "new", "noise.ndjson");
    const log = new NoiseLog(file);
    expect(log.of("s", "m")).toEqual([]);
    log.add(entry("s", "m", 0.1));
    log.add(entry("s", "other", 0.2));
    appendFileSync(file, '{"at":"2026\n');
    log.add(entry("other", "m", 0.3));
    log.add(entry("s", "m", 0.4));
    expect(new NoiseLog(file).of("s", "m")).toEqual([entry("s", "m", 0.1), entry("s", "m", 0.4)]);
  });

  test("are none where they cannot be kept", () => {
    for (const file of ["", join("/proc", "nothing", "noise.ndjson")]) {
      const log = new NoiseLog(file);
      log.add(entry("s", "m", 0.1));
      expect(log.of("s", "m")).toEqual([]);
    }
  });
});
