import { UserError } from "../../kernel/problem.ts";
import { quoted, safeJson } from "../../kernel/text.ts";
import type { RunStore } from "../../store/run-store.ts";
import { closingReport } from "../../views/report/closing.ts";
import { COLOR_PAINTER, PLAIN_PAINTER } from "../../views/report/painter.ts";
import { openStore, unknownRun } from "../keep.ts";
import { hasColors, widthOf } from "../terminal.ts";

export interface ShowFlags {
  readonly requests?: boolean;
  /** Print every figure of every case. */
  readonly all?: boolean;
  readonly color?: boolean;
}

/** `lab-tui show RUN`: prints its summary, or the outcome of each request, a line of JSON each. */
export async function showRun(run: string, flags: ShowFlags): Promise<void> {
  const { requests = false, all = false } = flags;
  if (requests && all) throw new UserError("show: --requests and --all tell different things: leave one of them out");
  const store = openStore();
  try {
    if (requests) await writeRequests(store, run);
    else writeSummary(store, run, flags);
  } finally {
    store.close();
  }
}

function writeSummary(store: RunStore, run: string, { all = false, color = true }: ShowFlags): void {
  const result = store.result(run);
  if (result === null) throw unknownRun(run);
  process.stdout.write(
    closingReport(result, widthOf(process.stdout), hasColors(process.stdout, color) ? COLOR_PAINTER : PLAIN_PAINTER, all),
  );
}

async function writeRequests(store: RunStore, run: string): Promise<void> {
  let count = 0;
  for (const request of store.requests(run)) {
    count++;
    // The reader sets the pace.
    if (!process.stdout.write(`${safeJson(request)}\n`)) await new Promise((resolve) => process.stdout.once("drain", resolve));
  }
  if (count > 0) return;
  if (store.result(run) === null) throw unknownRun(run);
  throw new UserError(`No requests were kept with the run ${quoted(run)}; \`lab-tui run --keep-requests\` keeps them`);
}
