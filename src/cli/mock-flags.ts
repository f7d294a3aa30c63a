/** The mock's fields whose flags take the text of a scenario file, with their descriptions. */
export const MOCK_FLAGS: readonly (readonly [flag: string, description: string])[] = [
  ["--latency <range>", "time before an answer, such as 20ms or 20ms-80ms"],
  ["--error-rate <share>", "share of requests answered with the error status"],
  ["--error-status <status>", "that status"],
  ["--rate-limit <n>", "requests per second that are answered; the rest get 429"],
  ["--retry-after <duration>", "what a 429 says"],
  ["--max-connections <n>", "connections it holds at once; more are broken off"],
  ["--stall-rate <share>", "share that is never answered"],
  ["--reset-rate <share>", "share whose connection is broken off"],
  ["--truncate-rate <share>", "share whose body is cut short"],
  ["--slow-rate <share>", "share whose body comes in drops"],
  ["--body-size <size>", "of an answer, such as 2KB"],
  ["--outages <list>", "when it is gone after the start, such as 5s+3s,20s+1s"],
];
