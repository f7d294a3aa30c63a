import { expect, test } from "bun:test";
import { helperCpuMs } from "../../../src/engine/runner/helper-cpu.ts";
import { scenarioSchema } from "../../../src/scenario/schema.ts";
import type { DistributedFigures, HostFigures } from "../../../src/telemetry/distributed-figures.ts";

const host = (cpuMs: number | null): HostFigures => ({
  ...{
    name: "a",
    cores: 2,
    slots: 1,
    processed: 1,
    clockOffsetMs: 0,
    clockErrorMs: 0,
    clockDriftMs: 0,
    startSkewMs: 0,
    cpuMs,
    status: "ok",
  },
});
const distributed: DistributedFigures = {
  ...{ server: "redis 7.0.15", partitions: 64, commits: 1, refused: 0, claims: 0, redeliveries: 0, resent: 0, serverUse: 0.25 },
  ...{ roundTripMs: 0.1, startSkewMs: 0 },
};
const scenario = (redis: string) => scenarioSchema.parse({ title: "x", distributed: { redis } });

test("the case's CPU time holds that of workers and server on this machine, and not that of other machines", () => {
  const execution = { hosts: [host(300), host(null), host(500)], distributed, endedAt: 2e9 };
  expect(helperCpuMs(scenario("auto"), execution)).toBe(800 + 500);
  expect(helperCpuMs(scenario("redis://10.0.0.5:6379"), execution)).toBe(0);
  expect(helperCpuMs(scenario("auto"), { endedAt: 2e9 })).toBe(0);
});
