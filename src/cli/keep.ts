import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { ownFolder } from "../kernel/own-folder.ts";
import { UserError } from "../kernel/problem.ts";
import { printable, quoted } from "../kernel/text.ts";
import { LineReader } from "../load/lines.ts";
import { type KeptRequest, RunStore, StoreProblem } from "../store/run-store.ts";
import type { OnEvent, RunOutline } from "../telemetry/events.ts";
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

export function unknownRun(run: string): UserError {
  return new UserError(`There is no run ${quoted(run)}; \`lab-tui runs\` lists those there are`);
}

/**
 * Keeps a run among the past ones, case by case while it goes on, so that one that is killed leaves what it had done. A store that cannot be
 * used is a warning, and no more: the run itself goes on and is told.
 */
export class RunKeeper {
  /** Why what is done is not kept, once. */
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

  /** The whole of the run that was told last, and what became of its requests. One that was stopped before its first case has nothing to be kept. */
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
