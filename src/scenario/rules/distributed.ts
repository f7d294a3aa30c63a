import { isLoopback } from "../../kernel/hosts.ts";
import type { Path } from "../../kernel/plain-value.ts";
import { parseRedisUrl } from "../../kernel/redis/url.ts";
import type { FetchSettings } from "../fetch-schema.ts";
import type { Scenario } from "../schema.ts";
import type { SemanticProblem } from "./semantic-problem.ts";

/** Shortest `claimAfter`, in microseconds. */
const LEAST_CLAIM = 100e3;

/** Most requests that a worker may have in flight: each is a batch of its own, which it takes, prolongs and commits. */
const MOST_REQUESTS = 1000;

/** A variable of the environment in a header. */
const VARIABLE = /\$\{[A-Za-z_]\w*\}/;

/** Conflicts of mode `distributed` with other fields. */
export function distributedMisfits(scenario: Scenario): SemanticProblem[] {
  const { modes, distributed } = scenario;
  const problems: SemanticProblem[] = [];
  const { redis } = distributed;
  if (redis !== "auto" && !isServer(redis)) {
    const message = "must be auto, or the address of a server such as redis://127.0.0.1:6379 (rediss:// with TLS)";
    problems.push({ path: ["distributed", "redis"], message });
  }
  if (distributed.claimAfter < LEAST_CLAIM) {
    const message =
      "must be at least 100ms: a worker prolongs what it holds four times within it, and any shorter pause of a worker would count as its loss";
    problems.push({ path: ["distributed", "claimAfter"], message });
  }
  return modes.includes("distributed") ? [...problems, ...workloadMisfits(scenario)] : problems;
}

function workloadMisfits({ workload, keys, distributed, async, fetch }: Scenario): SemanticProblem[] {
  if (workload === "fetch") return fetch === undefined ? [] : [...ofThisMachine(fetch), ...limitMisfits(fetch, distributed.redis)];
  const problems: SemanticProblem[] = [];
  if (workload !== "message")
    problems.push({ path: ["modes"], message: `must not hold distributed with workload ${workload}, whose parts stay in one process` });
  if (!keys.order)
    problems.push({ path: ["keys", "order"], message: "must be true in mode distributed, whose streams keep the order of each key" });
  if (async.concurrency > distributed.partitions) {
    const message = "must be at least async.concurrency: a worker has one batch of each partition at a time";
    problems.push({ path: ["distributed", "partitions"], message });
  }
  return problems;
}

function limitMisfits({ concurrency, target }: FetchSettings, redis: string): SemanticProblem[] {
  const problems: SemanticProblem[] = [];
  if (concurrency.max === "unlimited" || concurrency.max > MOST_REQUESTS) {
    const message = `must be at most ${MOST_REQUESTS} in mode distributed, for each worker: a request is a batch of its own there`;
    problems.push({ path: ["fetch", "concurrency", "max"], message });
  }
  if (target?.mock !== undefined && !isRedisHere(redis)) {
    const message =
      "must not stand with mode distributed over a Redis elsewhere: the mock listens on 127.0.0.1 of the runner's machine, where workers on other hosts do not reach it; fetch.target.url names a server that they reach, and distributed.redis: auto has them here";
    problems.push({ path: ["fetch", "target", "mock"], message });
  }
  return problems;
}

/** The parts of requests that only the machine of the scenario has: files, a socket, and its environment. Workers may be on other hosts. */
export function ofThisMachine({ saveTo, unix, tls, auth, headers }: FetchSettings): SemanticProblem[] {
  const where = "must not be set in mode distributed:";
  const found: [present: boolean, path: Path, message: string][] = [
    [saveTo !== undefined, ["saveTo"], `${where} what is fetched stays with the workers, which save nothing`],
    [unix !== undefined, ["unix"], `${where} the socket is this machine's, and workers may be on others`],
    ...(["ca", "cert", "key", "passphrase"] as const).map((field): (typeof found)[number] => [
      tls[field] !== undefined,
      ["tls", field],
      `${where} the file is this machine's, and workers may be on others`,
    ]),
    [auth !== undefined, ["auth"], `${where} workers have another environment, and secrets do not go through Redis`],
    [
      Object.values(headers).some((value) => VARIABLE.test(value)),
      ["headers"],
      "must not name variables of the environment in mode distributed: workers have another, and secrets do not go through Redis",
    ],
  ];
  return found.flatMap(([present, path, message]) => (present ? [{ path: ["fetch", ...path], message }] : []));
}

/** True when a server is on this machine: workers that reach it are, too, unless someone carries its port elsewhere. */
export function isRedisHere(redis: string): boolean {
  if (redis === "auto" || !isServer(redis)) return true;
  const { place } = parseRedisUrl(redis);
  return "unix" in place || isLoopback(place.hostname);
}

function isServer(text: string): boolean {
  try {
    parseRedisUrl(text);
    return true;
  } catch {
    return false;
  }
}
