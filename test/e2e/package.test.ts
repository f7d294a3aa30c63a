import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cleanEnv, ROOT, temporaryFolder } from "../support/cli.ts";

setDefaultTimeout(180_000);

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

/** As `bun init` writes it. */
const USERS_OPTIONS = {
  lib: ["ESNext"],
  target: "ESNext",
  module: "Preserve",
  moduleDetection: "force",
  jsx: "react-jsx",
  allowJs: true,
  types: ["bun"],
  moduleResolution: "bundler",
  allowImportingTsExtensions: true,
  verbatimModuleSyntax: true,
  noEmit: true,
  strict: true,
  skipLibCheck: true,
  noFallthroughCasesInSwitch: true,
  noUncheckedIndexedAccess: true,
  noImplicitOverride: true,
};

const USERS_CODE = `
import { AsyncEngine, type Handler, runScenario } from "lab-tui";
import { DataPipeline, EventBus, FlowOrchestrator, MessageQueue, ReactiveStream } from "lab-tui/flows";

const handler: Handler = (state, message) => void state.set(message.worker_id, message.payload.length);
const bus = new EventBus<{ sold: { cents: number } }>({ name: "shop" });
bus.emit("sold", { cents: 5 });
// @ts-expect-error: no such event
bus.emit("sol", { cents: 5 });
// @ts-expect-error: another payload
bus.emit("sold", { cents: "5" });
const figures: number = bus.stats().published;
export default handler;
export const names = [AsyncEngine, runScenario, DataPipeline, FlowOrchestrator, MessageQueue, ReactiveStream, figures];
`;

/** What an application does with the parts; plain JavaScript. */
const PARTS_AT_WORK = `
import { DataPipeline, EventBus, MessageQueue, ReactiveStream } from "lab-tui-flows";
const said = [];
const bus = new EventBus();
bus.subscribe("a", async ({ data }) => void said.push("bus " + data));
await bus.publish("a", 1);
const pipeline = DataPipeline.of("p").stage("double", async (value) => value * 2).discard();
said.push("pipeline " + (await pipeline.process(2)));
const stream = ReactiveStream.of("s");
stream.subscribe((value) => said.push("stream " + value));
stream.emit(3);
for (const place of [{}, { file: "ü.db" }]) {
  const queue = MessageQueue.open("q", { ...place, order: "key", resultMs: 60000, backoff: { baseDelayMs: 1 }, onFailure() {} });
  queue.consume(async ({ value, attempt, headers }) => {
    if (attempt === 1 && value === 2) throw new Error("later");
    return headers.tenant + value;
  });
  const receipts = await queue.sendAll([1, 2, 3], () => ({ key: "k", headers: { tenant: "t" } }));
  await queue.drained();
  for (const { id } of receipts) said.push(await queue.result(id));
  await queue.stop();
}
try {
  MessageQueue.open("q", { file: "app.mjs" });
} catch (error) {
  said.push(error.problem);
}
console.log(said.join(", "));
`;
const SAID = "bus 1, pipeline 4, stream 3, t1, t2, t3, t1, t2, t3, damaged\n";

describe("C-1 the package", () => {
  test("compiles in a project of a user's, by the options that bun gives it", () => {
    const home = temporaryFolder();
    const modules = join(home, "node_modules");
    mkdirSync(modules);
    symlinkSync(ROOT, join(modules, "lab-tui"));
    for (const types of ["@types", "bun-types"]) symlinkSync(join(ROOT, "node_modules", types), join(modules, types));
    writeFileSync(join(home, "tsconfig.json"), JSON.stringify({ compilerOptions: USERS_OPTIONS, include: ["*.ts"] }));
    writeFileSync(join(home, "index.ts"), USERS_CODE);
    const tsc = Bun.spawnSync([process.execPath, join(ROOT, "node_modules/typescript/bin/tsc"), "-p", home], { stdout: "pipe" });
    expect(tsc.stdout.toString()).toBe("");
    expect(tsc.exitCode).toBe(0);
    rmSync(home, { recursive: true });
  });

  test("`lab-tui/flows` by itself: a tarball without Ink and React, for Bun and for Node", () => {
    const packed = Bun.spawnSync([process.execPath, join(ROOT, "test/pack-flows.ts"), join(folder, "flows")], {
      stdout: "pipe",
      stderr: "pipe",
    });
    expect(packed.stderr.toString()).toBe("");
    const home = temporaryFolder();
    const own = join(home, "node_modules/lab-tui-flows");
    mkdirSync(own, { recursive: true });
    Bun.spawnSync(["tar", "xzf", packed.stdout.toString().trim(), "--strip-components=1", "-C", own]);
    const needs = ["croner", "fastest-levenshtein"];
    expect(Object.keys(JSON.parse(readFileSync(join(own, "package.json"), "utf8")).dependencies).sort()).toEqual(needs);
    for (const name of needs) symlinkSync(join(ROOT, "node_modules", name), join(home, "node_modules", name));
    writeFileSync(join(home, "app.mjs"), PARTS_AT_WORK);
    const run = (runtime: string) => {
      for (const suffix of ["", "-wal", "-shm"]) rmSync(join(home, `ü.db${suffix}`), { force: true });
      const { stdout, stderr } = Bun.spawnSync([runtime, "app.mjs"], { cwd: home, env: cleanEnv(), stdout: "pipe", stderr: "pipe" });
      return { said: stdout.toString(), wrong: stderr.toString() };
    };
    expect(run(process.execPath)).toEqual({ said: SAID, wrong: "" });
    const node = Bun.which("node");
    if (node !== null) {
      const [major = 0, minor = 0] = Bun.spawnSync([node, "--version"]).stdout.toString().slice(1).split(".").map(Number);
      if (major < 22) expect(run(node).wrong).toContain("lab-tui/flows needs Bun 1.4 or later (https://bun.com), or Node 22 or later");
      else if (major > 22 || minor >= 16) expect(run(node).said).toBe(SAID);
    }
    rmSync(home, { recursive: true });
  });

  test("runs with bunx from a packed tarball in an empty folder", async () => {
    const packed = Bun.spawnSync([process.execPath, "pm", "pack", "--destination", folder, "--ignore-scripts"], {
      cwd: ROOT,
      stdout: "pipe",
      stderr: "pipe",
    });
    expect(packed.exitCode).toBe(0);
    const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "";
    const listing = Bun.spawnSync(["tar", "tzf", join(folder, tarball)])
      .stdout.toString()
      .trim()
      .split("\n");
    expect(
      listing.filter((path) => !/^package\/(dist\/|src\/|scenarios\/|package\.json|README\.md|LICENSE|CHANGELOG\.md)/.test(path)),
    ).toEqual([]);
    const home = temporaryFolder();
    const run = async (...args: string[]) => {
      const child = Bun.spawn([process.execPath, "x", "-p", join(folder, tarball), "lab-tui", ...args], {
        cwd: home,
        env: cleanEnv(),
        stdout: "pipe",
        stderr: "pipe",
      });
      const [stdout, stderr, code] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
        child.exited,
      ]);
      return { stdout, stderr, code };
    };
    expect((await run("list")).stdout).toContain("first-look");
    const quick = await run(
      "run",
      "first-look",
      "-d",
      "200ms",
      "--set",
      "gracefulStop=100ms",
      "--set",
      "queue.overflow=block",
      "--headless",
      "--json",
      "-",
    );
    // A machine that is busy with other tests may well miss a threshold.
    expect([0, 99]).toContain(quick.code);
    expect(JSON.parse(quick.stdout).cases).toHaveLength(3);
    const bench = await run("bench", "--truth");
    expect(bench.stderr).toBe(
      "bench: needs a checkout of lab-tui after `bun install`, since the package comes without the peers that it is measured beside; `run` measures any scenario from here too\n",
    );
    expect(bench.code).toBe(2);
    rmSync(home, { recursive: true });
  });
});
