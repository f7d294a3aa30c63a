import type { RunStore } from "../../store/run-store.ts";
import { hasChangedRate } from "../../telemetry/rate-changes.ts";
import type { Choice, LastRun, Preview } from "../../views/live/choices.ts";

/** How long a preview may take, in milliseconds. */
const LONGEST_MS = 20_000;

interface Predicted {
  readonly cases: Preview["cases"];
  readonly arrivals: { readonly untilMs: number; readonly perSecond: readonly number[] } | null;
}

/** Works out previews of scenarios in a process beside the console, one at a time, and remembers them until their files change. */
export class Previews {
  private readonly known = new Map<string, { readonly stamp: number; readonly preview: Preview }>();

  /** `command`: what starts this program. */
  constructor(private readonly command: readonly string[]) {}

  /** Calls back once it is worked out, unless what is returned is called before. What cannot be predicted has no preview. */
  of({ file }: Choice, done: (preview: Preview) => void): () => void {
    const stamp = Bun.file(file).lastModified;
    const before = this.known.get(file);
    if (before?.stamp === stamp) {
      done(before.preview);
      return () => {};
    }
    let wanted = true;
    const child = Bun.spawn([...this.command, "predict", file, "--json"], { stdin: "ignore", stdout: "pipe", stderr: "ignore" });
    const timer = setTimeout(() => child.kill("SIGKILL"), LONGEST_MS);
    void new Response(child.stdout).text().then((text) => {
      clearTimeout(timer);
      const preview = previewIn(text);
      if (preview === null) return;
      this.known.set(file, { stamp, preview });
      if (wanted) done(preview);
    });
    return () => {
      wanted = false;
      child.kill("SIGKILL");
    };
  }
}

function previewIn(text: string): Preview | null {
  try {
    const { cases, arrivals } = JSON.parse(text) as Predicted;
    return { cases, arrivals: arrivals?.perSecond ?? [], untilMs: arrivals?.untilMs ?? 0 };
  } catch {
    return null;
  }
}

/** The last run of a scenario that is kept; null: there is none. */
export function lastRunOf(store: RunStore, { name }: Choice): LastRun | null {
  const kept = store.list().find(({ scenario }) => scenario === name);
  if (kept === undefined) return null;
  const cases = store.result(kept.run)?.cases ?? [];
  const done = cases.map((one) => ({ mode: one.mode, throughput: one.throughput, rateChanged: hasChangedRate(one) }));
  return { startedAt: kept.startedAt, status: kept.status, done };
}
