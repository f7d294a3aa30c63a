import { UserError } from "../../kernel/problem.ts";
import { printable } from "../../kernel/text.ts";
import type { Scenario } from "../../scenario/schema.ts";
import { publicHosts } from "./targets.ts";

/** Refuses a scenario whose list or target names a public host that the user has not allowed: before any packet is sent. */
export function checkHosts({ workload, fetch }: Scenario, allowed: readonly string[]): void {
  if (workload !== "fetch" || fetch === undefined) return;
  const hosts = publicHosts(fetch, fetch.target?.url, allowed);
  if (hosts.length === 0) return;
  const named = hosts.map((host) => printable(host, 100)).join(", ");
  const flags = hosts.map((host) => `--allow-host ${printable(host, 100)}`).join(" ");
  throw new UserError(`load would go to public hosts (${named}); ${flags} allows it. This machine and private networks need no leave`);
}
