import { afterAll } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { SHORT_REHEARSAL } from "./rehearsal.ts";

/**
 * Loaded before every test. `bun test` runs a seeded slice of each campaign, so that it says the same every time;
 * `bun run verify` sets LAB_TUI_SEED and LAB_TUI_EFFORT and runs the whole of it.
 */
fc.configureGlobal({ seed: Number(process.env["LAB_TUI_SEED"] ?? 20_261_121) });

/** Runners that a test starts in this process's name; those of a console get theirs from `cleanEnv`. */
process.env["LAB_TUI_REHEARSAL"] ??= String(SHORT_REHEARSAL);

/** All that this process and its children keep: apart from anybody's own runs and settings, and deleted with it. */
const kept = mkdtempSync(join(tmpdir(), "lab-tui-test-"));
process.env["TMPDIR"] = kept;
process.env["XDG_DATA_HOME"] = join(kept, "data");
process.env["XDG_CONFIG_HOME"] = join(kept, "config");
afterAll(() => rmSync(kept, { recursive: true, force: true }));
