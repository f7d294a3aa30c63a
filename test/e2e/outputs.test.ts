import { afterAll, describe, expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cleanEnv, lab, labProcess, MAIN, temporaryFolder } from "../support/cli.ts";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const TINY = join(folder, "tiny.yaml");
writeFileSync(TINY, "title: Tiny\nmodes: [sync]\nload: { executor: bursts, size: 100 }\nwork: { kind: none }\n");
const FETCH = join(folder, "fetch.yaml");
writeFileSync(
  FETCH,
  "title: Tiny\nmodes: [async]\nworkload: fetch\nfetch: { target: { mock: { latency: 1ms } }, tiles: { zoom: 3, count: 5 } }\n",
);

describe.skipIf(Bun.which("mkfifo") === null)("what is no file (needs mkfifo)", () => {
  test.each([
    ["--json", TINY, /"schemaVersion"/],
    ["--dump-state", TINY, /"worker-0"/],
    ["--log", FETCH, /"status":200/],
  ])("%s goes through a FIFO to whoever reads it", async (flag, scenario, expected) => {
    const pipe = join(folder, `pipe${flag}`);
    Bun.spawnSync(["mkfifo", pipe]);
    const reader = Bun.spawn(["cat", pipe], { stdout: "pipe" });
    const { code } = await labProcess(["run", scenario, "-q", "--no-store", flag, pipe]);
    expect([code, await new Response(reader.stdout).text()]).toEqual([0, expect.stringMatching(expected)]);
  });

  test("a FIFO that nobody reads is no reason not to hear a signal", async () => {
    const pipe = join(folder, "unread");
    Bun.spawnSync(["mkfifo", pipe]);
    const child = Bun.spawn([process.execPath, MAIN, "run", TINY, "--headless", "--no-store", "--json", pipe], {
      env: cleanEnv(),
      stdout: "pipe",
      stderr: "ignore",
    });
    // The summary comes when all is measured: from then on it waits for a reader.
    for await (const _ of child.stdout) break;
    const ask = setInterval(() => child.kill("SIGTERM"), 250);
    await child.exited;
    clearInterval(ask);
    expect(child.signalCode ?? child.exitCode).toBe("SIGTERM");
  });
});

test("--json /dev/stdout is --json -: nothing but JSON goes there", async () => {
  const { stdout } = await labProcess(["run", TINY, "--headless", "--no-store", "--json", "/dev/stdout"]);
  expect(JSON.parse(stdout)).toMatchObject({ schemaVersion: expect.any(Number) });
});

test("--dump-state /dev/stdout writes the states there, and nothing else goes there", async () => {
  const { stdout } = await labProcess(["run", TINY, "--headless", "--no-store", "--dump-state", "/dev/stdout"]);
  expect(Object.keys(JSON.parse(stdout) as object)).toContain("worker-0");
});

test("states of several cases do not fit one stream: that is said beforehand", async () => {
  const { code, stderr } = await lab(["run", TINY, "--mode", "sync,async", "--no-store", "--dump-state", "/dev/stdout"]);
  expect([code, stderr]).toEqual([2, expect.stringContaining("takes the states of one case")]);
});

test.skipIf(Bun.which("bash") === null)("states that do not fit on the disk: a sentence, and no half file (needs bash)", async () => {
  const states = join(folder, "states.json");
  const big = join(folder, "big.yaml");
  writeFileSync(big, "title: Big\nmodes: [sync]\nload: { executor: bursts, size: 3000 }\nkeys: { count: 3000 }\nwork: { kind: none }\n");
  const command = `ulimit -f 16; exec "${process.execPath}" "${MAIN}" run "${big}" -q --no-store --dump-state "${states}"`;
  const child = Bun.spawn(["bash", "-c", command], { env: cleanEnv({ BUN_RUNTIME_TRANSPILER_CACHE_PATH: "0" }), stderr: "pipe" });
  const said = await new Response(child.stderr).text();
  expect([await child.exited, await Bun.file(states).exists(), said]).toEqual([1, false, expect.stringContaining("could not be written")]);
});

test("a folder for temporary files that is not there is named, and no internal error", async () => {
  const replay = join(folder, "stdin.yaml");
  writeFileSync(replay, 'title: Replayed\nmodes: [sync]\nload: { executor: replay, file: "-" }\nwork: { kind: none }\n');
  const { code, stderr } = await labProcess(["run", replay, "-q", "--no-store"], { stdin: "{}", env: { TMPDIR: `${replay}/none` } });
  expect([code, stderr]).toEqual([2, expect.stringContaining(`${replay}/none`)]);
});
