import { parseRedisUrl } from "../../kernel/redis/url.ts";
import type { Scenario } from "../schema.ts";
import type { SemanticProblem } from "./semantic-problem.ts";

/** Shortest `claimAfter`, in microseconds. */
const LEAST_CLAIM = 100e3;

/** Conflicts of mode `distributed` with other fields. */
export function distributedMisfits(scenario: Scenario): SemanticProblem[] {
  const { modes, workload, keys, distributed, async } = scenario;
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
  if (!modes.includes("distributed")) return problems;
  if (workload !== "message")
    problems.push({ path: ["modes"], message: `must not hold distributed with workload ${workload}: its workers serve messages` });
  if (!keys.order)
    problems.push({ path: ["keys", "order"], message: "must be true in mode distributed, whose streams keep the order of each key" });
  if (async.concurrency > distributed.partitions) {
    const message = "must be at least async.concurrency: a worker has one batch of each partition at a time";
    problems.push({ path: ["distributed", "partitions"], message });
  }
  return problems;
}

function isServer(text: string): boolean {
  try {
    parseRedisUrl(text);
    return true;
  } catch {
    return false;
  }
}
