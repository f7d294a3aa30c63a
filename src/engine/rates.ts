/** How a rate that is to be found out becomes a number: a share of what can be done, or the highest that holds. */

export { askedRate, atRate } from "./asked-rate.ts";
export { RateSearch } from "./rate-search.ts";
export { probePlan } from "./run/probe.ts";
export { keptUp, tooShort } from "./trial.ts";
