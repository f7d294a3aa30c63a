/** @jsxRuntime classic */
import { Text } from "ink";
import React, { useSyncExternalStore } from "react";
import { startRun } from "../../../src/engine/run/run.ts";
import { loadScenarioFile } from "../../../src/scenario/load.ts";
import { Dashboard } from "../../../src/views/live/dashboard.tsx";
import { Display } from "../../../src/views/live/display.ts";
import type { RunScreenProps } from "../../../src/views/live/screens/run.tsx";
import { Session } from "../../../src/views/live/session.tsx";

/** The dashboard with a view that breaks as soon as a sample has come. */
function Breaking({ store }: RunScreenProps) {
  const view = useSyncExternalStore(store.subscribe, store.snapshot);
  if (view.cases.some(({ series }) => series.length > 3)) throw new Error("planted \u001b[31mcrash");
  return <Text>not yet</Text>;
}

const { scenario, points } = loadScenarioFile(process.argv[2] ?? "");
const dashboard = new Dashboard(new Session(new Display({ color: true })), {
  fps: 10,
  stop: () => {},
  closeAfterMs: null,
  screen: Breaking,
});
const result = await startRun({ name: "planted", file: "", scenario, points }, { onEvent: dashboard.onEvent }).result;
await dashboard.close([result]);
process.exit(dashboard.broken() === null ? 0 : 70);
