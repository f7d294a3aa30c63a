import { readdirSync } from "node:fs";
import { fileText } from "./cgroup.ts";

/** Ids of the live processes that a process has started, and of those that they have started; none where the system does not report them. */
export function descendantsOf(pid: number | "self"): number[] {
  const found: number[] = [];
  const waiting: (number | string)[] = [pid];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const child of childrenOf(next)) {
      found.push(child);
      waiting.push(child);
    }
  }
  return found;
}

function childrenOf(pid: number | string): number[] {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.flatMap((thread) => (fileText(`/proc/${pid}/task/${thread}/children`) ?? "").split(" ").filter(Boolean).map(Number));
  } catch {
    return [];
  }
}
