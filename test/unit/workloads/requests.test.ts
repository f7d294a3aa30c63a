import { describe, expect, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { hasContent, METHODS, methodAfterRedirect } from "../../../src/http/method.ts";
import { fill, isTemplate, parseTemplate } from "../../../src/scenario/template.ts";
import { contentsOf, readBody } from "../../../src/workloads/fetch/contents.ts";
import { environmentProblem, fieldLines } from "../../../src/workloads/fetch/header-fields.ts";
import { temporaryFolder } from "../../support/cli.ts";
import { rig } from "../../support/fetch-rig.ts";

const KEYS = "11111111-2222-4333-8444-555555555555";
const SOURCE = { bytes: null, seed: 7, keys: KEYS };
const retry = { max: 2, baseDelay: "1ms", maxDelay: "1ms", jitter: "none" };

function textOf(bytes: Uint8Array | undefined): string {
  return new TextDecoder().decode(bytes);
}

describe("where a redirect leads (RFC 9110, 15.4)", () => {
  test("303 is followed by GET, 301 and 302 too where it was POST; 307 and 308 change nothing", () => {
    for (const method of METHODS) {
      expect([301, 302].map((status) => methodAfterRedirect(method, status))).toEqual(Array(2).fill(method === "POST" ? "GET" : method));
      expect(methodAfterRedirect(method, 303)).toBe(method === "HEAD" ? "HEAD" : "GET");
      expect([307, 308].map((status) => methodAfterRedirect(method, status))).toEqual([method, method]);
    }
  });

  test.each([301, 302, 303, 307, 308])("a POST with a body that is led on by %d", async (status) => {
    const settings = { method: "POST", body: "hello", headers: { "Content-Encoding": "x", "X-Said": "y" } };
    const { time, asked, one } = rig(settings, (n) => (n === 1 ? [status, { location: "/on" }] : 200));
    expect(await time.run(one())).toBeNull();
    const kept = status === 307 || status === 308;
    expect(asked.map(({ method, body }) => [method, body])).toEqual([["POST", "hello"], kept ? ["POST", "hello"] : ["GET", null]]);
    // What speaks of a body goes where it goes.
    const [, second] = asked;
    expect([second?.headers["content-type"], second?.headers["content-encoding"], second?.headers["x-said"]]).toEqual(
      kept ? ["text/plain; charset=utf-8", "x", "y"] : [undefined, undefined, "y"],
    );
  });

  test("whoever is asked anew is asked as at first, wherever the try before had led", async () => {
    const settings = { method: "PUT", body: "hello", retry };
    const { time, asked, one } = rig(settings, (n) => (n === 1 ? [303, { location: "/on" }] : n === 2 ? 503 : 200));
    expect(await time.run(one())).toBeNull();
    expect(asked.map(({ method, body }) => [method, body])).toEqual([
      ["PUT", "hello"],
      ["GET", null],
      ["PUT", "hello"],
    ]);
  });
});

describe("what is asked again (RFC 9110, 9.2.2)", () => {
  const SAFE = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"];

  test.each(METHODS)("%s, after an error of the server and after a loss", async (method) => {
    for (const failure of [503, 408, "ECONNRESET", 429]) {
      const { time, asked, one, count } = rig({ method, retry }, () => failure);
      expect(await time.run(one())).not.toBeNull();
      const again = SAFE.includes(method);
      expect([asked.length, count("attempts"), count("notRepeated")]).toEqual(again ? [3, 3, 0] : [1, 1, 1]);
    }
  });

  test("what would not have been asked again anyway is not told as held back", async () => {
    for (const [failure, max] of [
      [404, 2],
      [503, 0],
      [200, 2],
    ] as const) {
      const { time, one, count } = rig({ method: "POST", retry: { ...retry, max } }, () => failure);
      await time.run(one());
      expect(count("notRepeated")).toBe(0);
    }
  });

  test.each(["POST", "PATCH"])("%s where the scenario says that it does no harm", async (method) => {
    const { time, asked, one } = rig({ method, retry, idempotent: true }, () => 503);
    await time.run(one());
    expect(asked.length).toBe(3);
  });

  test("or where the server is told which are the same: one key an item, in all its attempts", async () => {
    const { time, asked, one } = rig({ method: "POST", retry, idempotencyKey: "Idempotency-Key" }, () => 503);
    await time.run(Promise.all([one(undefined, 0), one(undefined, 31)]));
    const keys = asked.map(({ headers }) => headers["idempotency-key"]);
    expect(keys.length).toBe(6);
    expect([...new Set(keys)].sort()).toEqual(["00000000-0000-4000-8000-000000000000", "00000000-0000-4000-8000-00000000001f"]);
  });
});

describe("bodies", () => {
  const of = (body: Parameters<typeof contentsOf>[0]["body"], index = 0, url = "http://h/", bytes: Uint8Array | null = null) =>
    contentsOf({ method: "POST", body }, { ...SOURCE, bytes }, []).of(index, url);

  test("a text is the same object for all items, with a type that says what it is", () => {
    const contents = contentsOf({ method: "PUT", body: "grüße" }, SOURCE, []);
    expect(contents.of(0, "http://h/")).toBe(contents.of(1, "http://g/"));
    expect([textOf(of("grüße")?.bytes), of("grüße")?.fields]).toEqual(["grüße", ["Content-Type: text/plain; charset=utf-8"]]);
    expect(of('{"a":[1]}')?.fields).toEqual(["Content-Type: application/json"]);
    expect(of("42")?.fields).toEqual(["Content-Type: text/plain; charset=utf-8"]);
    expect(of({ text: "{}", type: "text/x" })?.fields).toEqual(["Content-Type: text/x"]);
    expect(contentsOf({ method: "PUT", body: "{}" }, SOURCE, ["content-type: a/b"]).of(0, "")?.fields).toEqual(["content-type: a/b"]);
  });

  test("methods that may have one say so where there is none, the others never", () => {
    for (const method of METHODS) {
      const content = contentsOf({ method, body: undefined }, SOURCE, []).of(0, "");
      expect(content?.bytes.length).toBe(hasContent(method) ? 0 : undefined);
    }
  });

  test("a template is filled with what is each item's own", () => {
    const template = '{"n":{{number}},"k":"{{ key }}","s":{{seed}},"r":{{random}},"u":"{{url}}","b":"{{{{"}';
    const content = of({ template }, 31, 'http://us:pw@h/?q="x"\\');
    expect(content?.fields).toEqual(["Content-Type: application/json"]);
    const { r, ...rest } = JSON.parse(textOf(content?.bytes)) as Record<string, unknown>;
    expect(rest).toEqual({ n: 31, k: `${KEYS.slice(0, 24)}00000000001f`, s: 7, u: 'http://h/?q="x"\\', b: "{{" });
    expect(r).toEqual((JSON.parse(textOf(of({ template }, 31)?.bytes)) as { r: number }).r);
    expect(r).not.toEqual((JSON.parse(textOf(of({ template }, 32)?.bytes)) as { r: number }).r);
    expect(textOf(of({ template: "{{url}}", type: "text/x" }, 0, 'http://h/"')?.bytes)).toBe('http://h/"');
  });

  test("any text is a template of itself once its double braces are doubled, and any value comes whole through JSON", () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ unit: "binary" }), (text, value) => {
        const parsed = parseTemplate(`${text.replaceAll("{", "(")}{{{{{{url}}`);
        if (!isTemplate(parsed)) throw new Error(parsed.problem);
        expect(fill(parsed, () => value, false)).toBe(`${text.replaceAll("{", "(")}{{${value}`);
        const json = parseTemplate('["{{url}}"]');
        if (isTemplate(json)) expect(JSON.parse(fill(json, () => value, true))).toEqual([value]);
      }),
    );
  });

  test.each(["{{", "a{{b", "{{nmber}}", "{{number", "{{}}", "{{number}} {{x y}}", "{{{number}}}"])("%j is no template", (text) => {
    const parsed = parseTemplate(text);
    expect(isTemplate(parsed)).toBe(false);
    expect("problem" in parsed && text.slice(parsed.at).startsWith("{{")).toBe(true);
  });

  test("rows of a file are sent in turn, blank lines and line ends apart; files as they are", () => {
    const folder = temporaryFolder();
    const rows = join(folder, "rows.ndjson");
    writeFileSync(rows, '\ufeff{"a":1}\r\n\n  \n{"b":"ö"}  \n[3]');
    const bytes = readBody({ rows });
    expect([0, 1, 2, 3, 7].map((index) => textOf(of({ rows }, index, "", bytes)?.bytes))).toEqual([
      '{"a":1}',
      '{"b":"ö"}',
      "[3]",
      '{"a":1}',
      '{"b":"ö"}',
    ]);
    expect(of({ rows }, 0, "", bytes)?.fields).toEqual(["Content-Type: application/json"]);
    const file = join(folder, "body.png");
    writeFileSync(file, Uint8Array.of(0, 255, 10));
    const read = readBody({ file });
    expect([of({ file }, 5, "", read)?.bytes, of({ file }, 5, "", read)?.fields]).toEqual([
      Uint8Array.of(0, 255, 10),
      ["Content-Type: image/png"],
    ]);
    writeFileSync(rows, '{"a":1}\n\n{"b":\n');
    expect(() => readBody({ rows })).toThrow("rows.ndjson:3 is not JSON");
    writeFileSync(rows, "\n\n");
    expect(() => readBody({ rows })).toThrow("has no rows");
    rmSync(folder, { recursive: true });
  });
});

describe("who asks", () => {
  const env = { T: "s3cret", U: "us", P: "pä:ss", E: "", BREAK: "s3cret\r\nX-Evil: yes", COLON: "us:er" };
  const both = { all: expect.anything(), open: [] };

  test("stands in the environment, and is for no other origin", () => {
    expect(fieldLines({ headers: {}, auth: { bearer: "T" } }, env)).toEqual({ ...both, all: ["Authorization: Bearer s3cret"] });
    const basic = { user: "U", password: "P" };
    const coded = Buffer.from("us:pä:ss").toString("base64");
    expect(fieldLines({ headers: {}, auth: { basic } }, env)).toEqual({ ...both, all: [`Authorization: Basic ${coded}`] });
    const headers = { Host: "h", cookie: "a=b", "X-Key": `$\{T}`, "X-Open": "yes", "Proxy-Authorization": "x" };
    expect(fieldLines({ headers, auth: undefined }, env).open).toEqual(["X-Open: yes"]);
  });

  test.each([
    [{ bearer: "NONE" }, {}, "fetch.auth.bearer: the environment has no NONE"],
    [{ bearer: "E" }, {}, "fetch.auth.bearer: E of the environment is empty"],
    [{ bearer: "BREAK" }, {}, "fetch.auth.bearer: BREAK of the environment holds what no header field may"],
    [{ basic: { user: "COLON", password: "P" } }, {}, "fetch.auth.basic.user: COLON of the environment holds a colon"],
    [{ basic: { user: "U", password: "NONE" } }, {}, "fetch.auth.basic.password: the environment has no NONE"],
    [undefined, { A: `$\{NONE} $\{T} $\{OTHER}` }, "fetch.headers: the environment has no NONE, no OTHER, which the headers name"],
    [undefined, { A: `$\{BREAK}` }, "fetch.headers: BREAK of the environment holds what no header field may"],
  ])("%j %j is told before anything is asked, without what it is", (auth, headers, sentence) => {
    const problem = environmentProblem({ auth, headers }, env);
    expect([problem, problem?.includes("s3cret")]).toEqual([expect.stringContaining(sentence), false]);
  });

  test("goes to the origin that was asked alone: not by another scheme or port, and not back again", async () => {
    process.env["LAB_TUI_TEST_TOKEN"] = "s3cret";
    const led = ["http://127.0.0.1:81/b", "http://127.0.0.1/c", "https://127.0.0.1/d"];
    const heard = async (first: string) => {
      const { time, asked, one } = rig({ auth: { bearer: "env LAB_TUI_TEST_TOKEN" } }, (n) =>
        n === 1 ? [302, { location: first }] : n === 2 ? [302, { location: "http://127.0.0.1/z" }] : 200,
      );
      await time.run(one("http://127.0.0.1/a"));
      return asked.map(({ headers }) => headers["Authorization"] ?? headers["authorization"]);
    };
    expect(await heard(led[0] ?? "")).toEqual(["Bearer s3cret", undefined, undefined]);
    expect(await heard(led[1] ?? "")).toEqual(["Bearer s3cret", "Bearer s3cret", "Bearer s3cret"]);
    expect(await heard(led[2] ?? "")).toEqual(["Bearer s3cret", undefined, undefined]);
    delete process.env["LAB_TUI_TEST_TOKEN"];
  });
});

describe("what is not as expected", () => {
  test("is an error by its name in the ledger, with its status in the log, and is not asked again for that alone", async () => {
    const log = join(temporaryFolder(), "log");
    const { time, asked, processor, one, count } = rig({ expect: { bodyContains: "hello" }, retry }, () => 200, { log });
    expect(await time.run(one())).toBe("expect.body");
    processor.halt();
    const { byStatus, byError } = processor.report().fetch ?? {};
    expect([asked.length, count("failed"), byStatus, byError]).toEqual([1, 1, {}, { "expect.body": 1 }]);
    expect(JSON.parse(readFileSync(log, "utf8"))).toMatchObject({ status: 200, error: "expect.body", level: "warn" });
  });

  test("a status that is tried again is tried again under that name too, and ends well once it is as expected", async () => {
    const expected = { expect: { status: 201 }, retry };
    const { time, asked, processor, one } = rig(expected, (n) => (n < 3 ? 503 : 201));
    expect(await time.run(one())).toBeNull();
    expect(asked.length).toBe(3);
    expect(processor.report().fetch).toMatchObject({ byStatus: { "201": 1 }, byError: { "expect.status": 2 } });
    const gone = rig(expected, () => 200);
    expect(await gone.time.run(gone.one())).toBe("expect.status");
    expect(gone.asked.length).toBe(1);
  });

  test("an error of the server that is expected is no error: nothing is tried again, and no breaker opens", async () => {
    const settings = { expect: { status: [429, "5xx"] }, retry, circuitBreaker: { failureThreshold: 1 } };
    const { time, asked, one, count } = rig(settings, (n) => (n % 2 === 0 ? 429 : 503));
    for (let i = 0; i < 4; i++) expect(await time.run(one())).toBeNull();
    expect([asked.length, count("ok"), count("limited"), count("refused")]).toEqual([4, 4, 0, 0]);
  });

  test("an error of the server that is not opens the breaker as it always does", async () => {
    const settings = { expect: { status: 200 }, retry: { ...retry, max: 0 }, circuitBreaker: { failureThreshold: 2 } };
    const { time, one } = rig(settings, () => 503);
    const ends: unknown[] = [];
    for (let i = 0; i < 3; i++) ends.push(await time.run(one()));
    expect(ends).toEqual(["expect.status", "expect.status", "circuit open"]);
  });

  test("a redirect that is expected is not followed; its hops are not judged where it is", async () => {
    const led = (n: number): [number, Record<string, string>] | number => (n === 1 ? [302, { location: "/on" }] : 200);
    const stays = rig({ expect: { status: 302 } }, led);
    expect([await stays.time.run(stays.one()), stays.asked.length]).toEqual([null, 1]);
    const goes = rig({ expect: { status: 200, bodyContains: "body" } }, led);
    expect([await goes.time.run(goes.one()), goes.asked.length]).toEqual([null, 2]);
    expect(goes.processor.report().fetch).toMatchObject({ byStatus: { "200": 1, "302": 1 }, byError: {} });
  });
});
