/** How a rate that is to be found out becomes a number: a share of what can be done, or the highest that holds. */

export { probePlan } from "./run/probe.ts";
export { RateSearch } from "./run/rate-search.ts";
export { askedRate, atRate } from "./run/rate-share.ts";
export { keptUp, tooShort } from "./run/trial.ts";
