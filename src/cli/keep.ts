import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { ownFolder } from "../kernel/own-folder.ts";
import { UserError } from "../kernel/problem.ts";
import { printable, quoted } from "../kernel/text.ts";
import { LineReader } from "../load/lines.ts";
import { type KeptRequest, RunStore, StoreProblem } from "../store/run-store.ts";
import type { OnEvent, RunOutline } from "../telemetry/events.ts";
import type { RunResult } from "../telemetry/result.ts";

/** File of past runs. */
function storeFile(): string {
  const folder = ownFolder("data");
  if (folder === null) throw new StoreProblem("this user has no home folder; XDG_DATA_HOME names another place");
  return join(folder, "runs.sqlite");
}

/** Opens the store for a command on it. */
export function openStore(): RunStore {
  return withSentence(() => RunStore.open(storeFile()));
}

/** Opens the store for a command's work on it, and closes it again. */
export function withStore<T>(work: (store: RunStore) => T): T {
  return withSentence(() => {
    const store = RunStore.open(storeFile());
    try {
      return work(store);
    } finally {
      store.close();
    }
  });
}

/** A problem of the store is the user's to know: it becomes a sentence. */
function withSentence<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof StoreProblem ? new UserError(printable(error.message, 400)) : error;
  }
}

export function unknownRun(run: string): UserError {
  return new UserError(`There is no run ${quoted(run)}; \`lab-tui runs\` lists those there are`);
}

/**
 * Stores a run case by case while it runs, so that a killed run leaves what it had done. An unusable store is only a warning: the run goes
 * on and is shown.
 */
export class RunKeeper {
  /** Why nothing is stored, reported once. */
  warning: string | null = null;
  private outline: RunOutline | null = null;
  private run: string | null = null;

  readonly onEvent: OnEvent = (event) => {
    if (event.type === "run-started") {
      this.outline = event;
      this.run = null;
    } else if (event.type === "case-finished") {
      const { index, result, verdicts = [] } = event;
      this.use((store) => {
        this.run ??= this.outline === null ? null : store.begin(this.outline);
        if (this.run !== null) store.addCase(this.run, index, { result, verdicts });
      });
    }
  };

  /**
   * Stores the complete result of the last run, and the outcomes of its requests. A run stopped before its first case leaves nothing to
   * store.
   */
  finish(result: RunResult, requestFiles: readonly (readonly [index: number, file: string])[]): void {
    if (result.cases.length > 0) {
      this.use((store) => {
        if (this.run === null) store.add(result, requestsIn(requestFiles));
        else store.finish(this.run, result, requestsIn(requestFiles));
      });
    }
    for (const [, file] of requestFiles) rmSync(dirname(file), { recursive: true, force: true });
  }

  private use(work: (store: RunStore) => void): void {
    try {
      const store = RunStore.open(storeFile());
      try {
        work(store);
      } finally {
        store.close();
      }
    } catch (error) {
      if (!(error instanceof StoreProblem)) throw error;
      this.warning ??= `warning: this run is not kept: ${printable(error.message, 400)}`;
    }
  }
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
