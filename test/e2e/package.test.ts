import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cleanEnv, ROOT, temporaryFolder } from "../support/cli.ts";

setDefaultTimeout(180_000);

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

describe("C-1 the package", () => {
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
    expect(listing.filter((path) => !/^package\/(src\/|scenarios\/|package\.json|README\.md|LICENSE|CHANGELOG\.md)/.test(path))).toEqual(
      [],
    );
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
    rmSync(home, { recursive: true });
  });
});
