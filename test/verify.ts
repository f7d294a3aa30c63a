export {};

/**
 * `bun run verify`: the whole of every campaign that `bun test` runs a slice of. Property and simulation tests get a seed of
 * their own, printed so that what they find can be found again, and many times the rounds; then every shipped scenario
 * runs, and has to keep its thresholds.
 */
const seed = Number(process.env["LAB_TUI_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const effort = Number(process.env["LAB_TUI_EFFORT"] ?? 170);
const campaigns = ["queue-kill", "queue-stop", "nginx", "replay", "distributed"].map((name) => `test/e2e/${name}.test.ts`);
const folders = ["test/unit", "test/contract", "test/architecture.test.ts", ...campaigns];
const shipped = [...new Bun.Glob("*.yaml").scanSync("scenarios")].map((file) => `scenarios/${file}`).sort();

async function run(what: string, command: readonly string[], env: Record<string, string> = {}): Promise<void> {
  console.log(`\n${what}`);
  const child = Bun.spawn([process.execPath, ...command], { stdout: "inherit", stderr: "inherit", env: { ...process.env, ...env } });
  if ((await child.exited) === 0) return;
  console.log(`${what}: failed. The same again: LAB_TUI_SEED=${seed} LAB_TUI_EFFORT=${effort} bun run verify`);
  process.exit(1);
}

const campaign = { LAB_TUI_SEED: String(seed), LAB_TUI_EFFORT: String(effort) };
await run(`campaigns, seed ${seed}, ${effort} times the rounds`, ["test", "--parallel", "--timeout", "3600000", ...folders], campaign);
for (const file of shipped) {
  const needs = file.includes("/python-") ? "python3" : file.includes("-distributed") ? "redis-server" : null;
  if (needs !== null && Bun.which(needs) === null) console.log(`\n${file}: skipped, there is no ${needs}`);
  else await run(file, ["src/main.ts", "run", file, "--headless", "-q", "--allow-commands"]);
}
