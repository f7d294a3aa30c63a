/** The exit codes of the contract. */
export const EXIT = {
  done: 0,
  caseFailed: 1,
  usage: 2,
  internal: 70,
  invalidMeasurement: 97,
  regression: 98,
  threshold: 99,
  invalidScenario: 104,
  interrupted: 130,
  terminated: 143,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
