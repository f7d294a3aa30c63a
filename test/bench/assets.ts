import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { replayOf, type TimedEvent } from "../../src/telemetry/replay.ts";
import type { RunResult } from "../../src/telemetry/result.ts";
import { Canvas } from "../../src/views/canvas/canvas.ts";
import { THEMES } from "../../src/views/canvas/themes.ts";
import { svgOf } from "../../src/views/export/svg.ts";
import { FIRST_STATE } from "../../src/views/live/screens/run-actions.ts";
import { contextOf, drawScreen } from "../../src/views/live/screens/run-drawing.ts";
import { EMPTY_VIEW, type RunView, reduce } from "../../src/views/live/store.ts";

/**
 * Makes the README's pictures and the demo recording from a run of `first-look` on this machine: `bun test/bench/assets.ts`. On one that other
 * programs use the pictures show that, too.
 */

const ROOT = resolve(import.meta.dir, "../..");
const MAIN = join(ROOT, "src/main.ts");
const ASSETS = join(ROOT, ".github/assets");
const SIZE = { columns: 120, rows: 40 } as const;
const LOOK = { glyphs: "braille", shaded: false } as const;

async function lab(args: readonly string[]): Promise<void> {
  const child = Bun.spawn([process.execPath, MAIN, ...args], { stdin: "ignore", stdout: "inherit", stderr: "inherit", cwd: ROOT });
  const code = await child.exited;
  // A threshold that fails is part of what first-look shows.
  if (code !== 0 && code !== 99) throw new Error(`lab-tui ${args.join(" ")} ended with ${code}`);
}

/** The run after those events. */
function viewAfter(events: readonly TimedEvent[]): RunView {
  return events.reduce<RunView>((view, { event }) => reduce(view, event), EMPTY_VIEW);
}

async function picture(name: string, view: RunView): Promise<void> {
  const canvas = new Canvas(SIZE.columns, SIZE.rows);
  drawScreen(canvas, view, FIRST_STATE, contextOf(view, SIZE.columns, SIZE.rows), LOOK);
  await Bun.write(join(ASSETS, `${name}.svg`), svgOf(canvas, THEMES.dark, `lab-tui: ${view.name}`));
}

mkdirSync(ASSETS, { recursive: true });
const file = join(tmpdir(), `lab-tui-assets-${process.pid}.json`);
await lab(["run", "first-look", "--headless", "--no-store", "--json", file]);
const result = (await Bun.file(file).json()) as RunResult;
const events = replayOf(result);
const end = events.at(-1)?.at ?? 0;
const last = result.cases.length - 1;
// The last case, three quarters through.
const begun = events.find(({ event }) => event.type === "case-started" && event.index === last)?.at ?? 0;
await picture("run", viewAfter(events.filter(({ at }) => at <= begun + 0.75 * (end - begun))));
await picture("closing", { ...viewAfter(events), over: true });
await lab(["replay", file, "--cast", join(ASSETS, "demo.cast"), "--cast-size", `${SIZE.columns}x${SIZE.rows}`]);
await Bun.file(file).delete();
