import fc from "fast-check";

/**
 * Loaded before every test. `bun test` runs a seeded slice of each campaign, so that it says the same every time;
 * `bun run verify` sets LAB_TUI_SEED and LAB_TUI_EFFORT and runs the whole of it.
 */
fc.configureGlobal({ seed: Number(process.env["LAB_TUI_SEED"] ?? 20_261_121) });
