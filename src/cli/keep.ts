import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { ownFolder } from "../kernel/own-folder.ts";
import { UserError } from "../kernel/problem.ts";
import { printable } from "../kernel/text.ts";
import { LineReader } from "../load/lines.ts";
import { type KeptRequest, RunStore, StoreProblem } from "../store/run-store.ts";
import type { RunResult } from "../telemetry/result.ts";

/** Where past runs are kept. */
export function storeFile(): string {
  const folder = ownFolder("data");
  if (folder === null) throw new StoreProblem("this user has no home folder; XDG_DATA_HOME names another place");
  return join(folder, "runs.sqlite");
}

/** Opens the store for a command that is about it. */
export function openStore(): RunStore {
  try {
    return RunStore.open(storeFile());
  } catch (error) {
    throw error instanceof StoreProblem ? new UserError(printable(error.message, 400)) : error;
  }
}

/** Keeps a run among the past ones. A store that cannot be used is a warning, which it gives: the run itself is done and told. */
export function keepRun(result: RunResult, requestFiles: readonly (readonly [index: number, file: string])[]): string | null {
  try {
    const store = RunStore.open(storeFile());
    try {
      store.add(result, requestsIn(requestFiles));
    } finally {
      store.close();
    }
  } catch (error) {
    if (!(error instanceof StoreProblem)) throw error;
    return `warning: this run is not kept: ${printable(error.message, 400)}`;
  } finally {
    for (const [, file] of requestFiles) rmSync(dirname(file), { recursive: true, force: true });
  }
  return null;
}

function* requestsIn(files: readonly (readonly [index: number, file: string])[]): Generator<KeptRequest> {
  for (const [index, file] of files) {
    const lines = new LineReader(file);
    for (let line = lines.next(); line !== null; line = lines.next()) {
      yield { ...(JSON.parse(line) as Omit<KeptRequest, "case">), case: index };
    }
    lines.close();
  }
}
