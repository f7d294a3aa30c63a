import { splitEvenly } from "../../kernel/divide.ts";
import { printable } from "../../kernel/text.ts";
import { ofThisMachine } from "../../scenario/rules/distributed.ts";
import { NO_ACCESS } from "../access.ts";
import { fetchMemory } from "./memory.ts";
import type { FetchSpec } from "./spec.ts";

/** What requests are made of, as JSON carries it to workers on other hosts. */
export interface PortableFetch extends Omit<FetchSpec, "body" | "concurrency" | "shared" | "apart" | "files"> {
  /** In base64; null: there is none. */
  readonly body: string | null;
}

export function portableFetch({ concurrency: _, shared: __, apart: ___, files: ____, ...spec }: FetchSpec): PortableFetch {
  // The list stays with the source.
  const settings = { ...spec.settings, urls: undefined, urlsFile: undefined, tiles: undefined };
  return { ...spec, settings, body: spec.body === null ? null : Buffer.from(spec.body).toString("base64") };
}

/** The same on a worker, which keeps to the limits with all its threads together. `threads`: of those that it has, as many as the limits allow have work. */
export function fetchOfWorker(portable: PortableFetch, threads: number): FetchSpec {
  const { connections, concurrency } = portable.settings;
  const most = concurrency.max === "unlimited" ? threads : concurrency.max;
  const working = Math.max(1, Math.min(threads, most, connections.max));
  return {
    ...portable,
    body: portable.body === null ? null : new Uint8Array(Buffer.from(portable.body, "base64")),
    concurrency: splitEvenly(most, working),
    shared: fetchMemory(working),
    apart: true,
    files: NO_ACCESS.files,
  };
}

/** Why a worker sends no such requests, of a plan that came over the network; null: it does. `allowHosts`: public ones that it may send to; null: those of the run. */
export function requestRefusal({ settings, allowedHosts }: PortableFetch, allowHosts: readonly string[] | null): string | null {
  const [misfit] = ofThisMachine(settings);
  if (misfit !== undefined) return `${misfit.path.join(".")} ${misfit.message}`;
  if (!Array.isArray(allowedHosts)) return "its requests may go to any host";
  const more = (allowedHosts as readonly string[]).find((host) => allowHosts !== null && !allowHosts.includes(host));
  if (more === undefined) return null;
  const host = printable(String(more), 100);
  return `it sends requests to ${host} only with --allow-host ${host}, given where it was started`;
}
