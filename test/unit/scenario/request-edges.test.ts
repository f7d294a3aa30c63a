import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { InvalidScenario } from "../../../src/kernel/problem.ts";
import { temporaryFolder } from "../../../src/kernel/temporary-folder.ts";
import { resolveScenario } from "../../../src/scenario/load.ts";
import { YamlFile } from "../../../src/scenario/yaml-file.ts";

const folder = temporaryFolder();
for (const name of ["list.txt", "key.pem", "cert.pem"]) writeFileSync(join(folder, name), "http://127.0.0.1:1/\n");

/** The fields that are named in what is refused. */
function refusals(fetch: string): string[] {
  const file = join(folder, "s.yaml");
  try {
    resolveScenario(YamlFile.parse(file, `title: A\nworkload: fetch\nfetch: { ${fetch} }\n`), file);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidScenario)) throw error;
    return error.problems.map(({ message }) => message.replace(/: .*/s, ""));
  }
}

/** What is secret is named, not written. */
const NAMED = "env PATH";
const URL = "urls: ['http://127.0.0.1:1/']";

/** What just fits, what just does not, and the field that is named then. */
const FITS: readonly (readonly [taken: string, refused: string, field: string])[] = [
  ["saveTo: ./x, saveAs: tile, tiles: {}", "saveAs: tile, tiles: {}", "fetch.saveAs"],
  ["saveTo: ./x, saveAs: tile", `saveTo: ./x, saveAs: tile, ${URL}`, "fetch.saveAs"],
  [
    "saveTo: ./x, saveAs: tile, target: { mock: {} }, urlsFile: ./list.txt",
    "saveTo: ./x, saveAs: tile, urlsFile: ./list.txt",
    "fetch.saveAs",
  ],
  [`saveTo: ./x, saveAs: tile, target: { mock: {} }, ${URL}`, `saveTo: ./x, saveAs: tile, ${URL}`, "fetch.saveAs"],
  ["saveTo: ./x, resume: true", "resume: true", "fetch.resume"],
  ["saveTo: ./x, revalidate: true", "revalidate: true", "fetch.revalidate"],
  ["saveTo: ./x, revalidate: true", "saveTo: ./x, revalidate: true, resume: true", "fetch.revalidate"],
  ["saveTo: ./x, revalidate: true, method: GET", "saveTo: ./x, revalidate: true, method: HEAD", "fetch.revalidate"],
  [
    "saveTo: ./x, headers: { If-None-Match: a }",
    "saveTo: ./x, revalidate: true, headers: { If-None-Match: a }",
    "fetch.headers.If-None-Match",
  ],
  ["unix: ./s, target: { url: 'http://h/{z}' }", "unix: ./s, target: { mock: {} }", "fetch.unix"],
  ["tls: { cert: ./cert.pem, key: ./key.pem }", "tls: { cert: ./cert.pem }", "fetch.tls.cert"],
  ["tls: { cert: ./cert.pem, key: ./key.pem }", "tls: { key: ./key.pem }", "fetch.tls.key"],
  ["tls: { cert: ./cert.pem, key: ./key.pem, passphrase: a }", "tls: { passphrase: a }", "fetch.tls.passphrase"],
  ["method: POST, body: a", "method: GET, body: a", "fetch.body"],
  ["method: PUT, body: a", "method: HEAD, body: a", "fetch.body"],
  ["method: POST, body: { text: a }", "method: POST, body: {}", "fetch.body"],
  ["method: POST, body: { text: a }", "method: POST, body: { text: a, template: b }", "fetch.body.template"],
  [
    "method: POST, body: { text: a, type: text/plain }",
    "method: POST, headers: { Content-Type: a }, body: { text: a, type: text/plain }",
    "fetch.body.type",
  ],
  ["method: GET, expect: { bodyContains: a }", "method: HEAD, expect: { bodyContains: a }", "fetch.expect.bodyContains"],
  ["headers: { Cookie: a }", "cookies: true, headers: { Cookie: a }", "fetch.cookies"],
  [`auth: { bearer: ${NAMED} }`, "auth: {}", "fetch.auth"],
  [
    `auth: { basic: { user: ${NAMED}, password: ${NAMED} } }`,
    `auth: { bearer: ${NAMED}, basic: { user: ${NAMED}, password: ${NAMED} } }`,
    "fetch.auth",
  ],
  [`headers: { Authorization: ${NAMED} }`, `auth: { bearer: ${NAMED} }, headers: { Authorization: ${NAMED} }`, "fetch.auth"],
  ["idempotencyKey: Key, headers: { Keys: a }", "idempotencyKey: Key, headers: { key: a }", "fetch.idempotencyKey"],
];

describe("C-3 where what fits each other in requests ends", () => {
  test.each(FITS)("%p is taken, and %p refused at %s", (taken, refused, field) => {
    expect([refusals(taken), refusals(refused)]).toEqual([[], [field]]);
  });
});
