import { startRun } from "../../../src/engine/run/run.ts";
import { loadScenarioFile } from "../../../src/scenario/load.ts";
import { Dashboard } from "../../../src/views/live/dashboard.tsx";
import { CHART_PANELS } from "../../../src/views/live/figures.ts";
import { Session } from "../../../src/views/live/session.tsx";

/** The dashboard with one panel that breaks. */
Object.assign(CHART_PANELS.find(({ title }) => title === "Latency") ?? {}, {
  expected() {
    throw new Error("planted \u001b[31mcrash");
  },
});

const { scenario, points } = loadScenarioFile(process.argv[2] ?? "");
const dashboard = new Dashboard(new Session({ color: true }), { fps: 10, stop: () => {}, closeAfterMs: null });
const result = await startRun({ name: "planted", file: "", scenario, points }, { onEvent: dashboard.onEvent }).result;
await dashboard.close([result]);
process.exit(dashboard.broken() === null ? 0 : 70);
