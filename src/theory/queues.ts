/**
 * Queueing formulas. λ: arrivals per second, S: mean service time in seconds, ρ = λS (for c servers: λS/c). "Sojourn" is the mean time in
 * the system, waiting and service, in seconds; null without a steady state.
 */

export { md1SojournQuantile, md1WaitCdf } from "./md1.ts";

/** L = λW (J. D. C. Little, 1961): the mean number in a system from the rate through it and the time each is inside. */
export function littleNumber(lambda: number, sojourn: number): number {
  return lambda * sojourn;
}

/** Poisson arrivals, exponential service (A. K. Erlang, 1917): W = S / (1 − ρ). */
export function mm1Sojourn(lambda: number, service: number): number | null {
  const rho = lambda * service;
  return rho < 1 ? service / (1 - rho) : null;
}

/** The sojourn time in M/M/1 is exponential itself, with mean W; also null for a share that no finite time has. */
export function mm1SojournQuantile(share: number, lambda: number, service: number): number | null {
  const mean = mm1Sojourn(lambda, service);
  return mean === null || !(share < 1) ? null : -mean * Math.log1p(-share);
}

/**
 * Poisson arrivals, any service time with squared coefficient of variation c² (F. Pollaczek 1930, A. Y. Khinchine 1932):
 * W = S + ρS(1 + c²) / (2(1 − ρ)).
 */
export function mg1Sojourn(lambda: number, service: number, squaredVariation: number): number | null {
  const rho = lambda * service;
  return rho < 1 ? service + (rho * service * (1 + squaredVariation)) / (2 * (1 - rho)) : null;
}

/** Probability that an arrival has to wait in M/M/c (Erlang C), by the recursion of Erlang B, which never overflows. */
export function erlangC(offered: number, servers: number): number {
  if (offered >= servers) return 1;
  let b = 1;
  for (let n = 1; n <= servers; n++) b = (offered * b) / (n + offered * b);
  const rho = offered / servers;
  return b / (1 - rho + rho * b);
}

/** Poisson arrivals, exponential service, c servers and one queue: W = S + C(c, λS) · S / (c − λS). */
export function mmcSojourn(lambda: number, service: number, servers: number): number | null {
  const offered = lambda * service;
  return offered < servers ? service + (erlangC(offered, servers) * service) / (servers - offered) : null;
}

/**
 * P(T > t) = e^{−u} + C · (e^{−u} − e^{−(c − a)u}) / (c − a − 1) with u = t/S, a = λS, C = C(c, a): a customer that does not wait is served at once, one that
 * waits does so exponentially (D. Gross, C. M. Harris, Fundamentals of Queueing Theory, 1974).
 */
export function mmcSojournQuantile(share: number, lambda: number, service: number, servers: number): number | null {
  const offered = lambda * service;
  if (!(offered < servers) || !(share < 1)) return null;
  const waits = erlangC(offered, servers);
  const apart = servers - offered - 1;
  const slower = Math.min(1, servers - offered);
  const beyond = (u: number) => {
    const spread = apart === 0 ? u : -Math.expm1(-Math.abs(apart) * u) / Math.abs(apart);
    return Math.exp(-u) + waits * Math.exp(-slower * u) * spread;
  };
  let low = 0;
  let high = 1;
  while (beyond(high) > 1 - share) high *= 2;
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (beyond(middle) > 1 - share) low = middle;
    else high = middle;
  }
  return service * high;
}

/** Results for M/M/1/K: one server, room for K in all; arrivals at a full system are lost. */
export interface FiniteQueue {
  /** Share of arrivals lost. */
  readonly loss: number;
  /** Throughput per second. */
  readonly throughput: number;
  /** Mean number in the system. */
  readonly number: number;
  /** Mean time in the system of admitted customers. */
  readonly sojourn: number;
}

/** P(n in system) = (1 − ρ)ρⁿ / (1 − ρ^{K+1}), 1/(K+1) at ρ = 1 (L. Kleinrock, Queueing Systems 1, 1975, §3.6). K ≥ 1. */
export function mm1k(lambda: number, service: number, room: number): FiniteQueue {
  const rho = lambda * service;
  // Weights relative to the likelier end, so that neither overflows; an admitted customer finds 0 … K − 1 before it.
  const step = rho <= 1 ? rho : 1 / rho;
  let weight = 1;
  let sum = 0;
  let ahead = 0;
  for (let i = 0; i < room && weight > 0; i++) {
    sum += weight;
    ahead += (rho <= 1 ? i : room - 1 - i) * weight;
    weight *= step;
  }
  // The remainder is the weight of the other end: a full system, or an empty one.
  const busy = rho <= 1 ? (rho * sum) / (1 + rho * sum) : sum / (sum + weight);
  const loss = rho <= 1 ? weight / (1 + rho * sum) : 1 / (sum + weight);
  const throughput = rho <= 1 ? lambda * (sum / (1 + rho * sum)) : busy / service;
  const sojourn = service * (1 + ahead / sum);
  return { loss, throughput, number: busy * (1 + ahead / sum), sojourn };
}

/** Mean wait of an item for its batch to fill: of n items that come λ per second, the i-th waits for n − i more. */
export function batchFillWait(lambda: number, size: number): number {
  return size === 1 ? 0 : (size - 1) / (2 * lambda);
}

/** The same for batches released after `timeout` seconds at the latest, whatever their size. */
export function batchWait(lambda: number, size: number, timeout: number): number {
  const fill = batchFillWait(lambda, size);
  return 2 * fill <= timeout ? fill : timeout / 2 + timeout / (2 * (1 + lambda * timeout));
}

/** Constant gaps, constant service: no waiting while ρ ≤ 1. */
export function dd1Sojourn(lambda: number, service: number): number | null {
  return lambda * service <= 1 ? service : null;
}

/**
 * Constant gaps, constant service, ρ > 1, over a finite load of `duration` seconds: the i-th arrival waits i · (S − 1/λ), so the mean over
 * all n = λ · duration is S + (n − 1)/2 · (S − 1/λ). No waiting while ρ ≤ 1.
 */
export function dd1OverloadSojourn(lambda: number, service: number, duration: number): number {
  const n = lambda * duration;
  return lambda * service > 1 ? service + (Math.max(0, n - 1) / 2) * (service - 1 / lambda) : service;
}

/** Poisson arrivals, constant service (Pollaczek–Khinchine with variance 0): W = S + ρS / (2(1 − ρ)). */
export function md1Sojourn(lambda: number, service: number): number | null {
  const rho = lambda * service;
  return rho < 1 ? service + (rho * service) / (2 * (1 - rho)) : null;
}
