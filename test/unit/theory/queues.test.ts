import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  batchFillWait,
  batchWait,
  dd1OverloadSojourn,
  dd1Sojourn,
  erlangC,
  md1Sojourn,
  md1SojournQuantile,
  md1WaitCdf,
  mg1Sojourn,
  mm1k,
  mm1Sojourn,
  mm1SojournQuantile,
  mmcSojourn,
  mmcSojournQuantile,
} from "../../../src/theory/queues.ts";

const off = (value: number | null, expected: number) => Math.abs((value ?? Number.NaN) / expected - 1);

/**
 * Sojourn quantiles of M/D/1 in service times from the renewal equation of the work found there, F(t) = 1 − ρ + ρ ∫ F over the last service
 * time, by the trapezoidal rule: shares in rising order.
 */
function byRenewal(rho: number, shares: readonly number[]): number[] {
  const steps = 500;
  const h = 1 / steps;
  const most = Math.ceil(steps * (12 + (1.7 * -Math.log(1 - (shares.at(-1) ?? 0)) * rho) / (2 * (1 - rho))));
  const f = new Float64Array(most);
  const integral = new Float64Array(most);
  f[0] = 1 - rho;
  let i = 0;
  return shares.map((share) => {
    if (share <= 1 - rho) return 1;
    while ((f[i] as number) < share) {
      i++;
      const past = i > steps ? (integral[i - steps] as number) : 0;
      const before = integral[i - 1] as number;
      f[i] = (1 - rho + rho * (before + (h * (f[i - 1] as number)) / 2 - past)) / (1 - (rho * h) / 2);
      integral[i] = before + (h * ((f[i - 1] as number) + (f[i] as number))) / 2;
    }
    const [low, high] = [f[i - 1] as number, f[i] as number];
    return 1 + (i - 1 + (share - low) / (high - low)) * h;
  });
}

describe("M/D/1", () => {
  const SHARES = [0.5, 0.75, 0.9, 0.95, 0.99, 0.999];

  test("its percentiles are those of the renewal equation, from ρ = 0.001 to 0.99", () => {
    const rhos = [0.001, 0.002, 0.005, ...Array.from({ length: 49 }, (_, i) => (2 * i + 1) / 100), 0.99];
    for (const rho of rhos) {
      for (const [i, exact] of byRenewal(rho, SHARES).entries()) {
        expect(off(md1SojournQuantile(SHARES[i] ?? 0, rho / 0.005, 0.005), exact * 0.005)).toBeLessThan(1e-4);
      }
    }
  });

  test("in the first two service times it is what Erlang's sum comes to there", () => {
    for (const rho of [1e-9, 0.01, 0.37, 0.8, 0.99, 1 - 1e-9]) {
      const first = (t: number) => (1 - rho) * Math.exp(rho * t);
      const second = (t: number) => (1 - rho) * (Math.exp(rho * t) - rho * (t - 1) * Math.exp(rho * (t - 1)));
      for (const t of [0, 0.25, 0.999]) expect(off(md1WaitCdf(t, rho, 1), first(t))).toBeLessThan(1e-12);
      for (const t of [1, 1.5, 1.999]) expect(off(md1WaitCdf(t, rho, 1), second(t))).toBeLessThan(1e-12);
    }
  });

  test("its tail goes on where the sum ends", () => {
    for (const rho of [0.9, 0.99, 0.999, 0.9999, 1 - 1e-9]) {
      const [before, after] = [100 - 1e-9, 100].map((t) => 1 - md1WaitCdf(t, rho, 1));
      expect(Math.abs((before ?? 0) - (after ?? 1))).toBeLessThan(1e-10);
    }
    // In heavy traffic waiting is exponential, of mean S / (2(1 − ρ)).
    for (const idle of [1e-4, 1e-6, 1e-8]) {
      expect(off(md1SojournQuantile(0.99, 1 - idle, 1), Math.log(100) / (2 * idle))).toBeLessThan(100 * idle);
    }
  });

  test("who finds it empty is done after exactly S", () => {
    expect(md1SojournQuantile(0.25, 100, 0.007)).toBe(0.007);
    expect(md1SojournQuantile(0.5, 0.1, 1)).toBe(1);
    expect([md1WaitCdf(-1, 0.5, 1), md1WaitCdf(0, 0.5, 1)]).toEqual([0, 0.5]);
  });

  test("its mean is the mean of its percentiles", () => {
    for (const rho of [0.1, 0.5, 0.9, 0.99]) {
      const count = 20_000;
      let sum = 0;
      for (let i = 0; i < count; i++) sum += md1SojournQuantile((i + 0.5) / count, rho, 1) ?? Number.NaN;
      expect(off(sum / count, md1Sojourn(rho, 1) ?? 0)).toBeLessThan(1e-3);
    }
  });
});

describe("M/M/c", () => {
  test("its probability to wait is that of the sum it is defined by", () => {
    // C = (aᶜ/c!) c/(c − a) / (Σ aⁿ/n! + …), each term by its logarithm.
    const direct = (offered: number, servers: number) => {
      let factorial = 0;
      const logs = Array.from({ length: servers + 1 }, (_, n) => {
        if (n > 0) factorial += Math.log(n);
        return n * Math.log(offered) - factorial;
      });
      const last = (logs[servers] ?? 0) + Math.log(servers / (servers - offered));
      const most = Math.max(last, ...logs);
      const others = logs.slice(0, servers).reduce((sum, log) => sum + Math.exp(log - most), 0);
      return Math.exp(last - most) / (others + Math.exp(last - most));
    };
    for (const servers of [1, 2, 5, 32, 300, 1024])
      for (const rho of [0.05, 0.5, 0.9, 0.999]) {
        const exact = direct(rho * servers, servers);
        if (exact > 1e-250) expect(off(erlangC(rho * servers, servers), exact)).toBeLessThan(1e-9);
      }
  });

  test("its percentiles are those of M/M/1 where c is 1, and add up to its mean", () => {
    for (const rho of [1e-6, 0.3, 0.9, 0.999]) {
      for (const share of [0.01, 0.5, 0.99, 0.9999]) {
        expect(off(mmcSojournQuantile(share, rho, 1, 1), mm1SojournQuantile(share, rho, 1) ?? 0)).toBeLessThan(1e-9);
      }
      for (const servers of [1, 2, 3, 10, 1024]) {
        const count = 2000;
        let sum = 0;
        for (let i = 0; i < count; i++) sum += mmcSojournQuantile((i + 0.5) / count, rho * servers, 1, servers) ?? Number.NaN;
        expect(off(sum / count, mmcSojourn(rho * servers, 1, servers) ?? 0)).toBeLessThan(2e-3);
      }
    }
  });

  test("with one place free of c, where its two exponentials are the same", () => {
    const near = mmcSojournQuantile(0.9, 1 - 1e-9, 1, 2) ?? 0;
    expect(off(mmcSojournQuantile(0.9, 1, 1, 2), near)).toBeLessThan(1e-7);
  });
});

describe("M/M/1/K", () => {
  test("is the balance of its states", () => {
    for (const rho of [1e-9, 0.2, 1, 1 + 1e-9, 1.7, 40])
      for (const room of [1, 2, 7, 60]) {
        const states = Array.from({ length: room + 1 }, (_, n) => rho ** n);
        const total = states.reduce((sum, weight) => sum + weight, 0);
        const number = states.reduce((sum, weight, n) => sum + n * weight, 0) / total;
        const got = mm1k(rho / 0.01, 0.01, room);
        expect(Math.abs(got.loss - (states[room] ?? 0) / total)).toBeLessThan(1e-9 * got.loss + 1e-300);
        expect(off(got.number, number)).toBeLessThan(1e-9);
        expect(off(got.throughput * got.sojourn, got.number)).toBeLessThan(1e-9);
        expect(off(got.throughput, (rho / 0.01) * (1 - got.loss))).toBeLessThan(1e-6);
      }
  });
});

describe("whatever is asked of it, a formula gives", () => {
  const services = fc.double({ min: -9, max: 6, noNaN: true }).map((power) => 10 ** power);
  const below = fc.oneof(
    fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    fc.double({ min: -15, max: 0, noNaN: true }).map((power) => 10 ** power * 0.99),
    fc.double({ min: -12, max: 0, noNaN: true }).map((power) => 1 - 10 ** power * 0.99),
  );
  const loads = fc.oneof(
    below,
    fc.double({ min: 0, max: 300, noNaN: true }).map((power) => 10 ** power),
  );
  const shares = fc.oneof(
    fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    fc.double({ min: -15, max: -2, noNaN: true }).map((power) => 1 - 10 ** power),
  );
  const servers = fc.integer({ min: 1, max: 1024 });
  const told = (value: number | null, least: number) => value === null || (Number.isFinite(value) && value >= least * (1 - 1e-9));

  test("a time that is no shorter than the service, or nothing", () => {
    fc.assert(
      fc.property(services, loads, fc.double({ min: 0, max: 1e6, noNaN: true }), servers, (service, rho, variation, c) => {
        const lambda = rho / service;
        return (
          told(mm1Sojourn(lambda, service), service) &&
          told(md1Sojourn(lambda, service), service) &&
          told(dd1Sojourn(lambda, service), service) &&
          told(mg1Sojourn(lambda, service, variation), service) &&
          told(mmcSojourn(lambda * c, service, c), service) &&
          told(dd1OverloadSojourn(Math.min(lambda, 1e9), service, 3600), service)
        );
      }),
    );
  });

  test("a percentile that rises with the share and lies above nothing, or none", () => {
    fc.assert(
      fc.property(services, loads, shares, shares, servers, (service, rho, one, other, c) => {
        const [low, high] = one < other ? [one, other] : [other, one];
        const lambda = rho / service;
        const rising = (quantile: (share: number) => number | null, least: number) =>
          told(quantile(low), least) && told(quantile(high), least) && (quantile(low) ?? 0) <= (quantile(high) ?? 0) * (1 + 1e-9);
        return (
          rising((share) => mm1SojournQuantile(share, lambda, service), 0) &&
          rising((share) => md1SojournQuantile(share, lambda, service), service) &&
          rising((share) => mmcSojournQuantile(share, lambda * c, service, c), 0)
        );
      }),
    );
  });

  test("a probability", () => {
    fc.assert(
      fc.property(loads, servers, fc.double({ min: 0, max: 1e6, noNaN: true }), (load, c, t) => {
        const probable = (value: number) => value >= 0 && value <= 1;
        return probable(erlangC(load * c, c)) && probable(md1WaitCdf(t, load, 1));
      }),
    );
  });

  test("a finite queue that loses, serves and holds what it can", () => {
    const rooms = fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 1_000_000 }));
    fc.assert(
      fc.property(services, loads, rooms, (service, rho, room) => {
        const { loss, throughput, number, sojourn } = mm1k(rho / service, service, room);
        const most = 1 + 1e-9;
        return (
          loss >= 0 &&
          loss <= most &&
          throughput >= 0 &&
          throughput <= Math.min(rho / service, 1 / service) * most &&
          number >= 0 &&
          number <= room * most &&
          sojourn >= service / most &&
          sojourn <= room * service * most
        );
      }),
      { numRuns: 50 },
    );
  });

  test("a wait for a batch that is no longer than its timeout, and none where it is full at once", () => {
    fc.assert(
      fc.property(services, fc.integer({ min: 1, max: 1e6 }), services, (gap, size, timeout) => {
        const wait = batchWait(1 / gap, size, timeout);
        return wait >= 0 && wait <= timeout * (1 + 1e-9) && Number.isFinite(batchFillWait(1 / gap, size));
      }),
    );
    expect([batchFillWait(0, 1), batchWait(0, 1, 1)]).toEqual([0, 0]);
  });

  test("nothing of a share that no finite time has", () => {
    expect([mm1SojournQuantile(1, 0.5, 1), md1SojournQuantile(1, 0.5, 1), mmcSojournQuantile(1, 0.5, 1, 2)]).toEqual([null, null, null]);
  });
});
