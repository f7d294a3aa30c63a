import { replayOf } from "../../telemetry/replay.ts";
import type { RunResult } from "../../telemetry/result.ts";
import { Dashboard } from "../../views/live/dashboard.tsx";
import { chooseRun, emptyHistory, sideBySide } from "../../views/live/screens/history.tsx";
import type { Session } from "../../views/live/session.tsx";
import { openStore } from "../keep.ts";
import type { StopSignals } from "../signals.ts";
import { CAPTURES } from "./captures.ts";

/** Pictures of a replay per second, at most. */
const FPS = 10;

/** The console's list of past runs, from which they are played again; resolves with what is to be said when the user goes back. */
export async function showHistory(session: Session, signals: StopSignals): Promise<string> {
  const memory = emptyHistory();
  const store = openStore();
  try {
    const runs = store.list();
    for (;;) {
      const outcome = await chooseRun(session, { runs }, memory);
      if (outcome.kind === "back") return "";
      const [a, b] = (outcome.kind === "replay" ? [outcome.run] : outcome.runs).map((run) => store.result(run));
      if (a == null || b === null) return "That run is no longer kept";
      if (b !== undefined) await sideBySide(session, a, b);
      else await play(session, signals, a);
    }
  } finally {
    store.close();
  }
}

async function play(session: Session, signals: StopSignals, result: RunResult): Promise<void> {
  const dashboard = new Dashboard(session, {
    ...{ fps: FPS, closeAfterMs: null, replaying: true, sessionGoesOn: true, captures: CAPTURES },
    stop: () => {},
  });
  signals.handle(() => dashboard.leave());
  await dashboard.play(replayOf(result));
  await dashboard.close([result], { summary: false });
}
