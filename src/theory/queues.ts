/**
 * Single-server queueing formulas. λ: arrivals per second, S: mean service time in seconds, ρ = λS. Each gives the mean
 * time in the system (waiting and service) in seconds.
 */

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
