/**
 * Waiting in M/D/1: Poisson arrivals, λ per second, and a constant service time of S seconds, ρ = λS < 1. All sums are of positive terms,
 * so none loses digits, unlike the alternating sum of A. K. Erlang (1909).
 */

/** Service times from which the exponential tail is as exact as the sum: its relative error is below e⁻¹⁰⁰. */
const TAIL_FROM = 100;

/**
 * P(W ≤ t), with u = t/S and k = ⌊u⌋: Σⱼ Q₍ₖ₋ⱼ₎ · Poisson(j; ρ(k + 1 − u)) for j = 0 … k, where Qᵢ is the probability of at most i waiting (G. J.
 * Franx, A simple solution for the M/D/c waiting time distribution, 2001).
 */
export function md1WaitCdf(t: number, lambda: number, service: number): number {
  const rho = lambda * service;
  if (!(t >= 0)) return 0;
  if (!(rho < 1)) return rho >= 1 ? 0 : Number.NaN;
  const u = t / service;
  return u < TAIL_FROM ? new Waiting(rho).cdf(u) : 1 - tail(rho).beyond(u);
}

/** A quantile of the time in the system; null without a steady state, and for a share that no finite time has. */
export function md1SojournQuantile(share: number, lambda: number, service: number): number | null {
  const rho = lambda * service;
  if (!(rho < 1) || !(share < 1)) return null;
  // A customer that finds the system empty does not wait.
  if (share <= 1 - rho) return service;
  const waiting = new Waiting(rho);
  if (waiting.cdf(TAIL_FROM - 1e-9) < share) return service * (1 + tail(rho).quantile(share));
  let low = 0;
  let high = TAIL_FROM;
  while (high - low > 1e-13 * high) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (waiting.cdf(middle) < share) low = middle;
    else high = middle;
  }
  return service * (1 + high);
}

/** The distribution for one ρ, in service times; numbers waiting are computed as far as needed. */
class Waiting {
  /** P(n in system). */
  private readonly system: number[];
  /** P(at most n waiting). */
  private readonly atMost: number[];
  /** P(more than n arrive during a service). */
  private readonly more: readonly number[];

  constructor(private readonly rho: number) {
    this.system = [1 - rho];
    this.atMost = [];
    this.more = poissonTails(rho);
  }

  cdf(u: number): number {
    const k = Math.floor(u);
    const expected = this.rho * (k + 1 - u);
    let term = Math.exp(-expected);
    let sum = 0;
    for (let j = 0; j <= k && term > 0; j++) {
      sum += this.waitingAtMost(k - j) * term;
      term *= expected / (j + 1);
    }
    return Math.min(1, sum);
  }

  private waitingAtMost(n: number): number {
    while (this.atMost.length <= n) {
      const next = this.atMost.length;
      const before = this.atMost[next - 1] ?? this.inSystem(0);
      this.atMost.push(before + this.inSystem(next + 1));
    }
    return this.atMost[n] ?? 1;
  }

  /** pₙ e^{−ρ} = p₀ P(N > n − 1) + Σₖ pₖ P(N > n − k), k = 1 … n − 1, N the arrivals during a service (H. C. Tijms, Stochastic Models, 1994). */
  private inSystem(n: number): number {
    for (let next = this.system.length; next <= n; next++) {
      let sum = (this.system[0] ?? 0) * (this.more[next - 1] ?? 0);
      for (let k = Math.max(1, next - this.more.length + 1); k < next; k++) sum += (this.system[k] ?? 0) * (this.more[next - k] ?? 0);
      this.system.push(sum * Math.exp(this.rho));
    }
    return this.system[n] ?? 0;
  }
}

/** P(N > n) of a Poisson number N of this mean, at most 1, as far as it is positive. */
function poissonTails(mean: number): number[] {
  const terms: number[] = [];
  for (let n = 0, term = Math.exp(-mean); n < 2 || term > 1e-30; n++, term *= mean / n) terms.push(term);
  // From the small end, so that each tail is exact.
  const tails = terms.map(() => 0);
  for (let n = terms.length - 2; n >= 0; n--) tails[n] = (tails[n + 1] ?? 0) + (terms[n + 1] ?? 0);
  return tails;
}

/** P(W > uS) → (1 − ρ) / (ρe^θ − 1) · e^{−θu}, ρe^θ − 1 = θ − (1 − ρ), θ the positive root of ρ(e^θ − 1) = θ (H. Cramér, F. Lundberg). */
function tail(rho: number) {
  const theta = tailRate(rho);
  const scale = (1 - rho) / (theta - (1 - rho));
  return {
    beyond: (u: number) => scale * Math.exp(-theta * u),
    quantile: (share: number) => Math.log(scale / (1 - share)) / theta,
  };
}

/** θ with (e^θ − 1 − θ) / θ = (1 − ρ) / ρ, which keeps its digits where ρ → 1 and θ → 2(1 − ρ). */
function tailRate(rho: number): number {
  const idle = (1 - rho) / rho;
  // θ/2 is less than the left side, and the root so below twice the right.
  let high = 2 * idle;
  let low = high / (2 + high);
  while (high - low > 1e-15 * high) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (growth(middle) < idle) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** (e^θ − 1 − θ) / θ */
function growth(theta: number): number {
  if (theta > 0.5) return Math.expm1(theta) / theta - 1;
  let sum = 0;
  for (let n = 18; n >= 2; n--) sum = (theta / n) * (1 + sum);
  return sum;
}
