// What a runtime other than Bun loads: a sentence. The names are there so that it is read before a complaint about them.
export let AsyncEngine, SyncEngine, ThreadedEngine, runScenario;

throw new Error("lab-tui needs Bun 1.4 or later (https://bun.com): it uses bun:sqlite, bun:ffi and Bun.serve");
