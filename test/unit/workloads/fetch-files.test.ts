import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../../src/kernel/temporary-folder.ts";
import { scenarioSchema } from "../../../src/scenario/schema.ts";
import { checkFiles } from "../../../src/workloads/fetch/permission.ts";
import { sweepUnfinished } from "../../../src/workloads/fetch/save.ts";
import { CERT } from "../../support/tls.ts";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, "a-file");
writeFileSync(file, "");

function check(fetch: object): void {
  checkFiles(scenarioSchema.parse({ title: "x", workload: "fetch", fetch: { urls: ["http://127.0.0.1:1/a"], ...fetch } }));
}

describe("files of requests, before anything runs", () => {
  test("that can be written and read are no problem, nor are none", () => {
    expect(() => check({})).not.toThrow();
    const ca = join(folder, "ca.pem");
    writeFileSync(ca, CERT);
    expect(() => check({ saveTo: join(folder, "saved"), deadLetter: join(folder, "dead.yaml"), tls: { ca } })).not.toThrow();
    expect(existsSync(join(folder, "saved"))).toBe(true);
  });

  test("a folder to save to that is a file is refused", () => {
    expect(() => check({ saveTo: file })).toThrow(/^fetch\.saveTo: .*a-file cannot be written: /);
  });

  test("dead letters cannot be written over a folder, nor into one that is not there", () => {
    expect(() => check({ deadLetter: folder })).toThrow(/^fetch\.deadLetter: .* cannot be written: /);
    expect(() => check({ deadLetter: join(folder, "nowhere", "dead.yaml") })).toThrow(/^fetch\.deadLetter: .* cannot be written: /);
  });

  test("dead letters may take the place of those that are there", () => {
    expect(() => check({ deadLetter: file })).not.toThrow();
  });

  test("a socket that is none, is not there, or has too long a path is refused", () => {
    expect(() => check({ unix: file })).toThrow(/^fetch\.unix: .*a-file is no socket$/);
    expect(() => check({ unix: join(folder, "nowhere.sock") })).toThrow(/^fetch\.unix: .*nowhere\.sock cannot be asked: /);
    expect(() => check({ unix: join(folder, "x".repeat(120)) })).toThrow(/^fetch\.unix: .* is longer than the \d+ bytes/);
  });

  test("certificates that are not there are refused", () => {
    expect(() => check({ tls: { ca: join(folder, "nowhere.pem") } })).toThrow(/^fetch\.tls\.ca: .* cannot be read: /);
  });

  test("what headers name and the environment has not is refused, each name once", () => {
    const headers = { a: "$" + "{LAB_TUI_NOT_SET}", b: "$" + "{LAB_TUI_NOT_SET} $" + "{LAB_TUI_NEITHER} $" + "{PATH}" };
    expect(() => check({ headers })).toThrow("the environment has no LAB_TUI_NOT_SET, no LAB_TUI_NEITHER, which");
  });
});

describe("unfinished files", () => {
  /** No process has so high a number. */
  const GONE = 2 ** 22 + 5;

  test("of processes that are gone are removed; those of living ones, and whatever else lies there, stay", () => {
    const saved = join(folder, "unfinished");
    mkdirSync(saved);
    const kept = [`.${process.pid}-0-1.part`, ".1-0-1.part", "index.html", `${GONE}-0-0.part`, `.${GONE}-0.part`, `.${GONE}-0-0.part.txt`];
    for (const name of [...kept, `.${GONE}-0-0.part`, `.${GONE}-3-12.part`]) writeFileSync(join(saved, name), "");
    sweepUnfinished(saved);
    expect(readdirSync(saved).sort()).toEqual([...kept].sort());
  });

  test("of a folder that is not there are none", () => {
    expect(() => sweepUnfinished(join(folder, "never"))).not.toThrow();
  });
});
