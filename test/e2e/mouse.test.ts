import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../support/cli.ts";
import { Screen } from "../support/terminal.ts";

setDefaultTimeout(60_000);

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));
const scenario = join(folder, "long.yaml");
writeFileSync(
  scenario,
  "title: long\nmodes: [async]\nload: { executor: constant-arrival-rate, rate: 50, duration: 40s }\nwork: { kind: none }\n",
);

test("m has the mouse reported: clicks focus and zoom, the wheel scrubs, and the terminal is left without reports", async () => {
  const screen = new Screen(["run", scenario, "--no-store"], { columns: 100, rows: 40 });
  try {
    await screen.until(/━¹ Throughput/);
    await screen.until("← past");
    expect(screen.raw).not.toContain("\u001b[?1006h");
    screen.type("m");
    while (!screen.raw.includes("\u001b[?1000h\u001b[?1006h")) await Bun.sleep(20);
    screen.type("\u001b[<0;90;10M\u001b[<0;90;10m");
    await screen.until(/━² Queue depth/);
    screen.type("\u001b[<0;90;10M\u001b[<0;90;10m");
    expect(await screen.until(/^(?![\s\S]*¹ Throughput)/)).toContain("━² Queue depth");
    screen.type("\u001b[<64;90;10M");
    await screen.until("→ later");
    screen.type("m");
    screen.type("\u0003\u0003");
    await screen.exited;
    // By the key, before the way out does it again.
    expect(screen.raw.indexOf("\u001b[?1006l")).toBeLessThan(screen.raw.lastIndexOf("\u001b[?1049l"));
    expect(screen.raw.lastIndexOf("\u001b[?1006l")).toBeGreaterThan(screen.raw.lastIndexOf("\u001b[?1006h"));
    expect(screen.restored).toBe(true);
  } finally {
    screen.close();
  }
});
