/**
 * Queueing formulas. λ: arrivals per second, S: mean service time in seconds, ρ = λS (of c servers: λS/c). "Sojourn" is the
 * mean time in the system, waiting and service, in seconds; null where the line grows without bound.
 */

/** L = λW (J. D. C. Little, 1961): the mean number in a system from the rate through it and the time each is inside. */
export function littleNumber(lambda: number, sojourn: number): number {
  return lambda * sojourn;
}

/** Poisson arrivals, exponential service (A. K. Erlang, 1917): W = S / (1 − ρ). */
export function mm1Sojourn(lambda: number, service: number): number | null {
  const rho = lambda * service;
  return rho < 1 ? service / (1 - rho) : null;
}

/** The sojourn time in M/M/1 is exponential itself, of mean W. */
export function mm1SojournQuantile(share: number, lambda: number, service: number): number | null {
  const mean = mm1Sojourn(lambda, service);
  return mean === null ? null : -mean * Math.log(1 - share);
}

/**
 * Poisson arrivals, any service time with squared coefficient of variation c² (F. Pollaczek 1930, A. Y. Khinchine 1932):
 * W = S + λS²(1 + c²) / (2(1 − ρ)).
 */
export function mg1Sojourn(lambda: number, service: number, squaredVariation: number): number | null {
  const rho = lambda * service;
  return rho < 1 ? service + (lambda * service * service * (1 + squaredVariation)) / (2 * (1 - rho)) : null;
}

/** Probability that an arrival has to wait in M/M/c (Erlang C), by the recursion of Erlang B, which never overflows. */
export function erlangC(offered: number, servers: number): number {
  if (offered >= servers) return 1;
  let b = 1;
  for (let n = 1; n <= servers; n++) b = (offered * b) / (n + offered * b);
  return b / (1 - (offered / servers) * (1 - b));
}

/** Poisson arrivals, exponential service, c servers and one line: W = S + C(c, λS) · S / (c − λS). */
export function mmcSojourn(lambda: number, service: number, servers: number): number | null {
  const offered = lambda * service;
  return offered < servers ? service + (erlangC(offered, servers) * service) / (servers - offered) : null;
}

/** What M/M/1/K does: one server, room for K in all, who comes to a full system is lost. */
export interface FiniteQueue {
  /** Share of arrivals lost. */
  readonly loss: number;
  /** Through the server, per second. */
  readonly throughput: number;
  /** Mean number in the system. */
  readonly number: number;
  /** Mean time in the system of those that got in. */
  readonly sojourn: number;
}

/** P(n in system) = (1 − ρ)ρⁿ / (1 − ρ^{K+1}), 1/(K+1) at ρ = 1 (L. Kleinrock, Queueing Systems 1, 1975, §3.6). */
export function mm1k(lambda: number, service: number, room: number): FiniteQueue {
  const rho = lambda * service;
  // Weights relative to the likelier end, so that neither overflows.
  const step = rho <= 1 ? rho : 1 / rho;
  let weight = 1;
  let total = 0;
  let sum = 0;
  let loss = 0;
  for (let i = 0; i <= room; i++) {
    const n = rho <= 1 ? i : room - i;
    total += weight;
    sum += n * weight;
    if (n === room) loss = weight;
    weight *= step;
  }
  const throughput = lambda * (1 - loss / total);
  return { loss: loss / total, throughput, number: sum / total, sojourn: sum / total / throughput };
}

/** Mean time an item waits for its batch to fill: of n that come λ per second, the i-th waits for n − i more. */
export function batchFillWait(lambda: number, size: number): number {
  return (size - 1) / (2 * lambda);
}

/** The same when a batch goes after `timeout` seconds at the latest, however few it has by then. */
export function batchWait(lambda: number, size: number, timeout: number): number {
  const fill = (size - 1) / lambda;
  return fill <= timeout ? fill / 2 : timeout / 2 + timeout / (2 * (1 + lambda * timeout));
}

/** Constant gaps, constant service: nobody waits while ρ ≤ 1. */
export function dd1Sojourn(lambda: number, service: number): number | null {
  return lambda * service <= 1 ? service : null;
}

/**
 * Constant gaps, constant service, ρ > 1, over a finite load of `duration` seconds: the i-th arrival waits
 * i · (S − 1/λ), so the mean over all n = λ · duration is S + (n − 1)/2 · (S − 1/λ).
 */
export function dd1OverloadSojourn(lambda: number, service: number, duration: number): number {
  const n = lambda * duration;
  return service + (Math.max(0, n - 1) / 2) * (service - 1 / lambda);
}

/** Poisson arrivals, constant service (Pollaczek–Khinchine with variance 0): W = S + ρS / (2(1 − ρ)). */
export function md1Sojourn(lambda: number, service: number): number | null {
  const rho = lambda * service;
  return rho < 1 ? service + (rho * service) / (2 * (1 - rho)) : null;
}

/**
 * Distribution of waiting in M/D/1 (A. K. Erlang 1909; R. B. Cooper, Introduction to Queueing Theory, 1981):
 * P(W ≤ t) = (1 − ρ) Σ_{k=0}^{⌊t/S⌋} (λ(kS − t))^k / k! · e^{−λ(kS − t)}. The alternating sum is exact enough while λt < 30.
 */
export function md1WaitCdf(t: number, lambda: number, service: number): number {
  let sum = 0;
  for (let k = 0; k <= Math.floor(t / service + 1e-12); k++) {
    const x = lambda * (k * service - t);
    let term = Math.exp(-x);
    for (let j = 1; j <= k; j++) term *= x / j;
    sum += term;
  }
  return (1 - lambda * service) * sum;
}

/** A quantile of the time in an M/D/1 system; the exponential tail (Tijms) where the exact sum loses its digits. */
export function md1SojournQuantile(share: number, lambda: number, service: number): number | null {
  const rho = lambda * service;
  if (rho >= 1) return null;
  if (1 - rho >= share) return service;
  const exactUpTo = 20 / lambda;
  if (md1WaitCdf(exactUpTo, lambda, service) >= share) {
    let low = 0;
    let high = exactUpTo;
    for (let i = 0; i < 60; i++) {
      const middle = (low + high) / 2;
      if (md1WaitCdf(middle, lambda, service) >= share) high = middle;
      else low = middle;
    }
    return service + high;
  }
  // P(W > t) ≈ α e^{−θt}, θ the root of λ(e^{θS} − 1) = θ; α fitted at the end of the exact range.
  const theta = tailRate(lambda, service);
  const alpha = (1 - md1WaitCdf(exactUpTo, lambda, service)) * Math.exp(theta * exactUpTo);
  return service + Math.log(alpha / (1 - share)) / theta;
}

function tailRate(lambda: number, service: number): number {
  let low = 1e-9 / service;
  let high = 1 / service;
  const f = (theta: number) => lambda * Math.expm1(theta * service) - theta;
  while (f(high) < 0) high *= 2;
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (f(middle) < 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
