import { rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { UserError } from "../../kernel/problem.ts";
import { temporaryFolder } from "../../kernel/temporary-folder.ts";
import { quoted } from "../../kernel/text.ts";
import { withoutCredentials } from "../../scenario/confidential.ts";
import { type RunFlags, wholeNumber } from "../flags.ts";
import { type RequestFlags, requestFields } from "../request-flags.ts";
import type { StopSignals } from "../signals.ts";
import { run } from "./run.ts";

/** Flags of `fetch`: those of `run`, and some that define the scenario. */
export interface FetchFlags extends RunFlags, RequestFlags {
  readonly concurrency: string;
  readonly print?: boolean;
  readonly unixSocket?: string;
  readonly http2?: boolean;
}

const MOST_AT_ONCE = 65_535;
const DURATION = "10s";

/** `lab-tui fetch URL…`: makes a scenario of its arguments and runs it, or prints it. Returns the exit code. */
export async function fetchUrls(urls: readonly string[], { print, ...flags }: FetchFlags, signals: StopSignals): Promise<number> {
  const scenario = scenarioOf(urls, flags);
  if (print === true) {
    process.stdout.write(scenario);
    return 0;
  }
  const folder = temporaryFolder();
  try {
    // Its name among past runs.
    const file = join(folder, "fetch.yaml");
    writeFileSync(file, scenario);
    const { rate: _, duration: __, ...others } = flags;
    return await run([file], others, signals);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A scenario that requests addresses: at a rate, or with a number of concurrent requests, each repeated when answered. */
export function scenarioOf(
  urls: readonly string[],
  flags: Pick<FetchFlags, "concurrency" | "rate" | "duration" | "unixSocket" | "http2"> & RequestFlags,
): string {
  const most = wholeNumber("--concurrency", flags.concurrency, MOST_AT_ONCE);
  if (most === 0) throw new UserError("--concurrency: must be at least 1, got 0");
  const places = urls.map(placeOf);
  const duration = JSON.stringify(flags.duration ?? DURATION);
  const load =
    flags.rate === undefined
      ? `{ executor: constant-vus, vus: ${most}, duration: ${duration} }`
      : `{ executor: constant-arrival-rate, rate: ${/^[\d_.]+$/.test(flags.rate) ? flags.rate : JSON.stringify(flags.rate)}, duration: ${duration} }`;
  const socket = flags.unixSocket === undefined ? "" : `  unix: ${JSON.stringify(resolve(flags.unixSocket))}\n`;
  const version = flags.http2 === true ? "  http: 2\n" : "";
  const says = Object.entries(requestFields(flags)).map(([field, value]) => `  ${field}: ${JSON.stringify(value)}\n`);
  return `title: ${JSON.stringify(`Requests to ${[...new Set(places)].join(", ")}`.slice(0, 200))}
workload: fetch
modes: [async]
load: ${load}
fetch:
  urls: [${urls.map((url) => JSON.stringify(url)).join(", ")}]
${says.join("")}${socket}${version}  concurrency: { max: ${most} }
  connections: { max: ${most} }
  retry: { max: 0 } # each request is told for what it was
`;
}

/** Host and port only: an address may contain secrets. */
function placeOf(url: string): string {
  const { protocol, host } = URL.canParse(url) ? new URL(url) : { protocol: "", host: "" };
  if (protocol === "http:" || protocol === "https:") return host;
  throw new UserError(`fetch: must be an http or https URL such as http://127.0.0.1:8001/, got ${withoutCredentials(quoted(url))}`);
}
