import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { RunResult } from "../../src/telemetry/result.ts";
import { rounds } from "../support/campaign.ts";
import { lab, labProcess, temporaryFolder } from "../support/cli.ts";

setDefaultTimeout(120_000);

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

/** All of them in `bun run verify`. */
const MESSAGES = rounds(100_000, 200_000);
const KEYS = 1000;

interface Made {
  readonly text: string;
  readonly rejected: readonly number[];
  readonly failed: number;
  readonly dump: string;
}

/** A file of real messages, some lines broken on purpose, and the final states worked out apart from the lab. */
function make(count: number): Made {
  let seed = 12345;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const lines: string[] = [];
  const rejected: number[] = [];
  const states = new Map<string, Map<string, unknown>>();
  let failed = 0;
  for (let i = 0; i < count; i++) {
    if (i % 9973 === 17) {
      lines.push(
        [
          '{"worker_id":',
          "[]",
          '{"worker_id":"a","payload":[],"timestamp":1}',
          '{"worker_id":"__proto__","payload":{"op":"increment","key":"k"},"timestamp":1}',
        ][random(4)] ?? "",
      );
      rejected.push(lines.length);
      continue;
    }
    const worker = `worker-${random(KEYS)}`;
    const state = states.get(worker) ?? new Map<string, unknown>();
    const draft = new Map(state);
    const payload: object[] = [];
    let sound = true;
    for (let op = 0; op <= random(4); op++) {
      const kind = random(10);
      const key = ["counter", "status", "result", "10", "9", "mixed"][random(6)] ?? "counter";
      if (kind < 5) {
        const value = random(100) - 50;
        payload.push(value === 1 ? { op: "increment", key } : { op: "increment", key, value });
        const before = draft.has(key) ? draft.get(key) : 0;
        if (typeof before !== "number") sound = false;
        else draft.set(key, before + value);
      } else if (kind < 8) {
        const value = random(8) === 0 ? { nested: [i, null, "ü\n"] } : random(3) === 0 ? `s${i}` : random(1000);
        payload.push({ op: "set", key, value });
        draft.set(key, value);
      } else {
        const n = random(12);
        payload.push({ op: "compute", key, value: n });
        let x = 1n;
        for (let k = 0; k < n; k++) x = (1664525n * x + 1013904223n) & 0xffffffffn;
        draft.set(key, Number(x));
      }
    }
    lines.push(JSON.stringify({ worker_id: worker, payload: payload.length === 1 ? payload[0] : payload, timestamp: 1.7e9 + i / 1000 }));
    if (sound) states.set(worker, draft);
    else failed++;
  }
  const order = (a: string, b: string) => (a < b ? -1 : 1);
  const body = [...states]
    .sort(([a], [b]) => order(a, b))
    .map(([worker, state]) => {
      const entries = [...state].sort(([a], [b]) => order(a, b)).map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
      return `${JSON.stringify(worker)}:{${entries.join(",")}}`;
    });
  return { text: `${lines.join("\n")}\n`, rejected, failed, dump: `{${body.join(",")}}` };
}

const yaml = (load: string, more = "") => `title: replay\nload: { executor: replay, ${load} }\nwork: { kind: none }\n${more}`;

function write(name: string, text: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe("replaying real messages", () => {
  test(`P1-S ${MESSAGES} messages of 1 000 keys: one digest in every mode, equal to an independent computation`, async () => {
    const made = make(MESSAGES);
    write("big.ndjson", made.text);
    const scenario = write("big.yaml", yaml("file: big.ndjson", "batch: { size: 100 }\nparallel: { workers: 2 }\n"));
    const out = join(folder, "big.json");
    const { code } = await lab(["run", scenario, "-q", "--json", out, "--dump-state", join(folder, "state.json")]);
    expect(code).toBe(0);
    const { cases } = JSON.parse(readFileSync(out, "utf8")) as RunResult;
    const digest = createHash("sha256").update(made.dump).digest("hex");
    for (const [index, one] of cases.entries()) {
      expect(one.orderViolations).toBe(0);
      expect(one.ledger).toEqual({
        scheduled: MESSAGES,
        processed: MESSAGES - made.rejected.length - made.failed,
        failed: made.failed,
        rejected: made.rejected.length,
        dropped: { newest: 0, oldest: 0 },
        unfinished: 0,
      });
      expect(one.rejections.map(({ line }) => line)).toEqual([...made.rejected]);
      for (const { reason } of one.rejections) expect(reason.length).toBeGreaterThan(5);
      expect(one.failures.reduce((sum, { count }) => sum + count, 0)).toBe(made.failed);
      expect(one.state).toEqual({ machines: KEYS, digest });
      expect(readFileSync(join(folder, `state-${index}-${one.mode}.json`), "utf8")).toBe(made.dump);
      expect(one.littlesLaw.relativeError).toBeLessThan(0.02);
    }
  });

  test("gzip, standard input, and gzip on standard input are the same messages", async () => {
    const made = make(2000);
    write("small.ndjson", made.text);
    write("small.ndjson.gz", gzipSync(made.text));
    const digest = createHash("sha256").update(made.dump).digest("hex");
    const hashes = new Set<string | null>();
    for (const [name, load, stdin] of [
      ["plain", "file: small.ndjson", undefined],
      ["gzip", "file: small.ndjson.gz", undefined],
      ["stdin", 'file: "-"', made.text],
    ] as const) {
      const args = ["run", write(`${name}.yaml`, yaml(load, "modes: [async]\n")), "-q", "--json", "-"];
      const { stdout, code } = await (stdin === undefined ? lab(args) : labProcess(args, { stdin }));
      expect(code).toBe(0);
      for (const one of (JSON.parse(stdout) as RunResult).cases) {
        expect(one.state?.digest).toBe(digest);
        hashes.add(one.tape.hash);
      }
    }
    expect(hashes.size).toBe(1);
  });

  test("paced by rate or by the file's own timestamps", async () => {
    write("paced.ndjson", make(300).text);
    for (const pace of ["rate: 1000", "speed: 1"]) {
      const { stdout } = await lab([
        "run",
        write("paced.yaml", yaml(`file: paced.ndjson, ${pace}`, "modes: [async]\n")),
        "-q",
        "--json",
        "-",
      ]);
      const one = (JSON.parse(stdout) as RunResult).cases[0];
      expect(one?.durationMs ?? 0).toBeGreaterThan(290);
      // 300 arrivals have 299 gaps between them; the rate is none the higher for it.
      if (pace === "rate: 1000") expect(one?.offeredRate).toBeCloseTo(1000, 6);
      else expect(one?.offeredRate ?? 0).toBeGreaterThan(900);
    }
  });

  test("what cannot be unpacked is refused with the field", async () => {
    write("cut.gz", gzipSync("x".repeat(100_000)).subarray(0, 60));
    const { code, stderr } = await lab(["run", write("cut.yaml", yaml("file: cut.gz")), "--headless"]);
    expect(code).toBe(104);
    expect(stderr).toMatch(/cut\.yaml:(?!1:1:)\d+:\d+: load\.file: must be plain NDJSON or whole gzip/);
  });
});
