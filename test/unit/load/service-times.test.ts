import { describe, expect, test } from "bun:test";
import { ServiceTimes, squaredVariation } from "../../../src/load/service-times.ts";

describe("P1-E2 service times", () => {
  test.each([
    ["constant", 1],
    ["uniform", 1],
    ["exponential", 1],
    ["lognormal", 0.5],
    ["lognormal", 2],
  ] as const)("%s, cv %p: mean and variation are those asked for, and the seed decides them", (distribution, cv) => {
    const service = { time: 1000, distribution, cv };
    const times = new ServiceTimes(service, 7);
    const again = new ServiceTimes(service, 7);
    const values = Array.from({ length: 200_000 }, () => times.next());
    for (let i = 0; i < 100; i++) expect(again.next()).toBe(values[i] as number);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(Math.abs(mean / 1e6 - 1)).toBeLessThan(0.02);
    const asked = squaredVariation(service);
    expect(Math.abs(variance / 1e12 - asked)).toBeLessThan(0.1 * Math.max(0.1, asked) * (cv > 1 ? 4 : 1));
    expect(Math.min(...values.slice(0, 10_000))).toBeGreaterThanOrEqual(0);
  });
});
