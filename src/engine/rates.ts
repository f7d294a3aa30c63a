/** Resolves a rate that has to be determined first: a share of the capacity, or the highest that holds. */

export { probePlan } from "./run/probe.ts";
export { RateSearch } from "./run/rate-search.ts";
export { askedRate, atRate } from "./run/rate-share.ts";
export { keptUp, tooShort } from "./run/trial.ts";
