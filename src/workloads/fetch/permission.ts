import { accessSync, constants, existsSync, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { fileProblem } from "../../kernel/file-problem.ts";
import { kindOfHost } from "../../kernel/hosts.ts";
import { UserError } from "../../kernel/problem.ts";
import { printable } from "../../kernel/text.ts";
import type { FetchSettings, Scenario } from "../../scenario/schema.ts";
import { readBody } from "./contents.ts";
import { environmentProblem, unnamed } from "./header-fields.ts";
import { basesOf } from "./replicas.ts";
import { publicHosts } from "./targets.ts";
import { tlsFault, tlsRuleOf } from "./tls-files.ts";

/** Throws for a scenario whose list or target names a public host that the user has not allowed, before any packet is sent. */
export function checkHosts(scenario: Scenario, allowed: readonly string[]): void {
  checkHostsOf([scenario], allowed);
}

/** As `checkHosts` for all points of a sweep; a list shared by several points is read once. */
export function checkHostsOf(scenarios: readonly Scenario[], allowed: readonly string[]): void {
  const distinct = new Map(
    scenarios.flatMap(({ workload, fetch }) => {
      if (workload !== "fetch" || fetch === undefined) return [];
      return [[JSON.stringify([fetch.unix, basesOf(fetch.target), fetch.urls, fetch.urlsFile]), fetch] as const];
    }),
  );
  for (const fetch of distinct.values()) refusePublic(fetch, allowed);
}

function refusePublic(fetch: FetchSettings, allowed: readonly string[]): void {
  if (fetch.unix !== undefined) return;
  const hosts = publicHosts(fetch, basesOf(fetch.target), allowed);
  if (hosts.length === 0) return;
  const named = hosts.map((host) => printable(host, 100)).join(", ");
  const flags = hosts.map((host) => `--allow-host ${printable(host, 100)}`).join(" ");
  const kinds = [...new Set(hosts.map(kindOfHost))].sort().reverse().join(" and ");
  throw new UserError(`load would go to ${kinds} hosts (${named}); ${flags} allows it. This machine and private networks need no leave`);
}

/** Throws for a scenario whose files cannot be written or read, or whose headers name unset environment variables, before anything runs. */
export function checkFiles({ fetch }: Scenario): void {
  if (fetch === undefined) return;
  const { saveTo, deadLetter, tls, body, unix } = fetch;
  const problem = environmentProblem(fetch, process.env);
  if (problem !== null) throw new UserError(problem);
  readBody(body);
  checkTls(tls);
  if (unix !== undefined) checkSocket(unix);
  if (saveTo !== undefined) checked("saveTo", saveTo, () => mkdirSync(saveTo, { recursive: true }));
  if (saveTo !== undefined) checked("saveTo", saveTo, () => accessSync(saveTo, constants.W_OK));
  if (deadLetter === undefined) return;
  checked("deadLetter", deadLetter, () => {
    accessSync(existsSync(deadLetter) ? deadLetter : dirname(deadLetter), constants.W_OK);
    if (existsSync(deadLetter) && statSync(deadLetter).isDirectory()) throw Object.assign(new Error("a folder"), { code: "EISDIR" });
  });
}

/** Most bytes of a Unix socket's path (unix(7), and the same on macOS). */
const LONGEST_SOCKET_PATH = process.platform === "darwin" ? 103 : 107;

function checkSocket(unix: string): void {
  if (Buffer.byteLength(unix) > LONGEST_SOCKET_PATH)
    throw new UserError(
      `fetch.unix: ${printable(unix, 200)} is longer than the ${LONGEST_SOCKET_PATH} bytes that the path of a socket may have`,
    );
  checked("unix", unix, () => accessSync(unix, constants.R_OK | constants.W_OK), "asked");
  if (!statSync(unix).isSocket()) throw new UserError(`fetch.unix: ${printable(unix, 200)} is no socket`);
}

function checkTls(tls: FetchSettings["tls"]): void {
  const { passphrase = "" } = tls;
  const missing = unnamed(passphrase, process.env);
  if (missing.length > 0) throw new UserError(`fetch.tls.passphrase: the environment has no ${missing.join(", no ")}, which it names`);
  for (const field of ["ca", "cert", "key"] as const) {
    const file = tls[field];
    if (file !== undefined) checked(`tls.${field}`, file, () => accessSync(file, constants.R_OK), "read");
  }
  const fault = tlsFault(tlsRuleOf(tls, process.env));
  if (fault !== null) throw new UserError(fault);
}

function checked(field: string, file: string, look: () => void, done = "written"): void {
  try {
    look();
  } catch (error) {
    throw new UserError(`fetch.${field}: ${printable(file, 200)} cannot be ${done}: ${fileProblem(error)}`);
  }
}
