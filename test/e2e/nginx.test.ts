import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { planCases } from "../../src/plan/plan.ts";
import { resolveScenario } from "../../src/scenario/load.ts";
import type { Mode } from "../../src/scenario/schema.ts";
import { YamlFile } from "../../src/scenario/yaml-file.ts";
import { patience, rounds } from "../support/campaign.ts";
import { runHere } from "../support/case.ts";
import { temporaryFolder } from "../support/cli.ts";

setDefaultTimeout(patience(60_000));

/** How long most cases ask. */
const SLICE_MS = 400;
const LONGEST_MS = 30_000;

const program = Bun.which("nginx") ?? (existsSync("/usr/sbin/nginx") ? "/usr/sbin/nginx" : null);
const folder = temporaryFolder();
const access = join(folder, "access.log");
const running: Subprocess[] = [];
afterAll(async () => {
  for (const one of running) one.kill();
  await Promise.all(running.map((one) => one.exited));
  rmSync(folder, { recursive: true });
});

function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

/** Idle connections end after a moment, and after some requests; one place is slow to let in, one leads on, one is down, one hangs up. */
function configure(port: number): string {
  mkdirSync(join(folder, "html"), { recursive: true });
  writeFileSync(join(folder, "html", "tile"), "t".repeat(2048));
  const file = join(folder, "nginx.conf");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((one) => `${one}_temp_path ${folder}/${one};`).join(" ");
  writeFileSync(
    file,
    `worker_processes 2; daemon off; pid ${folder}/pid; error_log ${folder}/error.log; ${process.getuid?.() === 0 ? "user root;" : ""}
events { worker_connections 1024; }
http {
  ${temporary} root ${folder}/html; default_type application/octet-stream;
  log_format lab escape=json '{"status":$status,"bytes":$body_bytes_sent,"id":"$http_x_correlation_id","method":"$request_method","sent":"$content_length","body":"$request_body","key":"$http_x_key","cookie":"$http_cookie","coding":"$sent_http_content_encoding"}';
  access_log ${access} lab; keepalive_timeout 50ms; keepalive_requests 37;
  limit_req_zone $binary_remote_addr zone=slow:1m rate=500r/s;
  server { listen 127.0.0.1:${port};
    location /limited { limit_req zone=slow burst=2 nodelay; limit_req_status 429; try_files /tile =404; }
    location = /moved { return 302 /on; } location = /on { return 301 /tile; }
    location = /taken { proxy_pass http://127.0.0.1:${port}/sink; proxy_set_header X-Correlation-Id "inner"; proxy_set_header Connection ""; proxy_http_version 1.1; }
    location = /sink { access_log off; return 201 "taken"; }
    location = /led { return 307 /taken; } location = /see { return 303 /tile; }
    location = /packed { gzip on; gzip_types *; gzip_min_length 1; gzip_http_version 1.1; alias ${folder}/html/tile; }
    location = /cookie { add_header Set-Cookie "seen=1; Path=/"; return 204; }
    location = /down { proxy_pass http://127.0.0.1:1; } location = /gone { return 444; } }
}`,
  );
  return file;
}

/** A line of nginx's own log; its texts are empty where there was nothing. */
interface Logged {
  readonly status: number;
  readonly bytes: number;
  readonly id: string;
  readonly method: string;
  /** Bytes of the body that came, by its own word; and the body. */
  readonly sent: string;
  readonly body: string;
  readonly key: string;
  readonly cookie: string;
  readonly coding: string;
}

function logged(): Logged[] {
  const text = readFileSync(access, "utf8").trimEnd();
  return text === "" ? [] : text.split("\n").map((line) => JSON.parse(line) as Logged);
}

async function begin(config: string, port: number): Promise<Subprocess> {
  const made = Bun.spawn([program ?? "", "-c", config, "-p", folder], { stdout: "ignore", stderr: "ignore" });
  running.push(made);
  for (;;) {
    const listens = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } }).then(
      (socket) => {
        socket.end();
        return true;
      },
      () => false,
    );
    if (listens) return made;
    await Bun.sleep(20);
  }
}

/** Twenty clients that ask in turn: so often in all, or for so long. The latter is rehearsed for a moment only. */
const times = (iterations: number) => ({ executor: "shared-iterations", vus: 20, iterations });
const forMs = (ms: number) => ({ executor: "constant-vus", vus: 20, duration: `${ms}ms` });

interface Asked {
  readonly keepAlive?: boolean;
  readonly says?: object;
  /** Once the case itself begins. */
  readonly onStarted?: () => void;
}

async function ask(mode: Mode, urls: readonly string[], load: object, { keepAlive = true, says, onStarted = () => {} }: Asked = {}) {
  const fetch = {
    urls,
    concurrency: { max: 20 },
    connections: { max: 20, keepAlive },
    retry: { max: 1, baseDelay: "1ms", maxDelay: "5ms" },
    ...says,
  };
  const whole = { title: "nginx", workload: "fetch", modes: [mode], parallel: { workers: 2 }, load, fetch };
  const { scenario } = resolveScenario(YamlFile.parse("nginx", JSON.stringify(whole)), join(folder, "nginx"));
  const [plan] = planCases([{ params: {}, scenario }], 2);
  if (plan === undefined) throw new Error("unreachable");
  const { result } = await runHere(plan, undefined, { rehearsal: 0, roundsPerMs: 1, onStarted });
  const { fetch: figures, checks } = result;
  if (figures === undefined) throw new Error("unreachable");
  expect(checks?.filter(({ ok }) => !ok)).toEqual([]);
  return figures;
}

/** As `ask`, of an nginx that is reloaded meanwhile. */
async function askWhileReloading(nginx: Subprocess, mode: Mode, urls: readonly string[], asked: Asked = {}) {
  let reloading: ReturnType<typeof setInterval> | undefined;
  const onStarted = () => {
    reloading = setInterval(() => nginx.kill("SIGHUP"), 100);
  };
  const figures = await ask(mode, urls, forMs(rounds(SLICE_MS, LONGEST_MS)), { ...asked, onStarted });
  clearInterval(reloading);
  return figures;
}

/** What is logged after the first `before` lines, once there are so many: a worker of nginx writes a line when it is done with a request. */
async function loggedSince(before: number, lines: number): Promise<Logged[]> {
  for (let left = 100; left > 0 && logged().length < before + lines; left--) await Bun.sleep(20);
  // Any that should not be there.
  await Bun.sleep(50);
  return logged().slice(before);
}

function byStatus(lines: ReturnType<typeof logged>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of lines) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

test.skipIf(program === null)("what the lab counts is what nginx logs: statuses, bytes, attempts, while it is reloaded", async () => {
  const port = freePort();
  const config = configure(port);
  const nginx = await begin(config, port);
  const at = (path: string) => `http://127.0.0.1:${port}${path}`;
  const tiles = Array.from({ length: 12 }, (_, i) => at(`/tile?${i}`));
  const odd = ["/limited", "/limited?1", "/moved", "/down", "/missing", "/gone", "//tile"].map(at);
  for (const [mode, keepAlive, reloads] of [
    ["async", true, true],
    ["parallel", true, true],
    ["async", false, false],
  ] as const) {
    const before = logged().length;
    const urls = [...tiles, ...odd];
    const figures = reloads
      ? await askWhileReloading(nginx, mode, urls)
      : await ask(mode, urls, forMs(rounds(SLICE_MS, LONGEST_MS)), { keepAlive });
    const lines = await loggedSince(before, figures.attempts);
    const { "444": gone = 0, ...statuses } = byStatus(lines);
    expect(figures.byStatus).toEqual(statuses);
    // Nothing was sent twice under one name, and each that went out has its line.
    expect(new Set(lines.map(({ id }) => id)).size).toBe(lines.length);
    expect([figures.attempts, figures.byError]).toEqual([lines.length, { "connection closed": gone }]);
    expect(figures.bytes).toBe(lines.reduce((sum, { bytes }) => sum + bytes, 0));
    const { redirects = 0, resent = 0 } = figures.byCause ?? {};
    const led = (statuses["302"] ?? 0) + (statuses["301"] ?? 0);
    expect(redirects).toBeWithin(led - resent, led + 1);
  }
});

test.skipIf(program === null)("nothing fails of what is asked of an nginx that ends idle connections or is reloaded", async () => {
  const port = freePort();
  const config = configure(port);
  const nginx = await begin(config, port);
  const figures = await askWhileReloading(nginx, "async", [`http://127.0.0.1:${port}/tile`]);
  expect([figures.failed, figures.byError, figures.retries]).toEqual([0, {}, 0]);
});

test.skipIf(program === null)("what goes out while nginx is restarted is refused by name, and all else is in its log", async () => {
  const port = freePort();
  const config = configure(port);
  let nginx = await begin(config, port);
  const before = logged().length;
  let restarting = Promise.resolve();
  const restart = async () => {
    for (let restarts = 0; restarts < 2; restarts++) {
      await Bun.sleep(100);
      nginx.kill("SIGQUIT");
      await nginx.exited;
      await Bun.sleep(50);
      nginx = await begin(config, port);
    }
  };
  const onStarted = () => {
    restarting = restart();
  };
  const figures = await ask("async", [`http://127.0.0.1:${port}/tile`], forMs(rounds(2 * SLICE_MS, LONGEST_MS)), { onStarted });
  await restarting;
  const answered = Object.values(figures.byStatus).reduce((sum, count) => sum + count, 0);
  expect(figures.byStatus).toEqual(byStatus(await loggedSince(before, answered)));
  expect(Object.keys(figures.byError).filter((name) => !/^connection (refused|closed)$/.test(name))).toEqual([]);
});

test.skipIf(program === null).each(["async", "parallel"] as const)(
  "bodies that are posted are in its log, each once, and what is expected is judged as it answered: %s",
  async (mode) => {
    const port = freePort();
    const config = configure(port);
    const nginx = await begin(config, port);
    const before = logged().length;
    const template = '{"n":{{number}},"key":"{{key}}"}';
    const urls = ["/taken", "/led", "/see", "/down", "/missing"].map((path) => `http://127.0.0.1:${port}${path}`);
    const says = { method: "POST", body: { template }, expect: { status: [201, 404] }, cookies: true };
    const figures = await askWhileReloading(nginx, mode, urls, { says });
    const lines = (await loggedSince(before, figures.attempts - (figures.byError["connection closed"] ?? 0))).filter(
      ({ id }) => id !== "inner",
    );
    const statuses = byStatus(lines);
    const { "502": down = 0, "200": tiles = 0, ...expected } = statuses;
    expect(figures.byStatus).toEqual(expected);
    // A POST that is led to a file by 303 is a GET, whose 200 nobody expects here.
    // Where it closes a connection just as a POST goes out on it, nobody may send that again (RFC 9110, 9.2.2) and nothing is logged.
    const { "connection closed": closed = 0, ...unexpected } = figures.byError;
    expect([figures.attempts, unexpected]).toEqual([lines.length + closed, { "expect.status": down + tiles }]);
    expect([figures.failed, figures.notRepeated]).toEqual([down + tiles + closed, down + closed]);
    const posted = lines.filter(({ method }) => method === "POST");
    expect(posted.filter(({ sent, body }) => body !== "" && sent !== String(body.length))).toEqual([]);
    const taken = posted
      .filter(({ status }) => status === 201)
      .map(({ body, id }) => [(JSON.parse(body) as { n: number }).n, Number(/-(\d+)\./.exec(id)?.[1])]);
    expect(taken.filter(([n, item]) => n !== item)).toEqual([]);
    expect(new Set(taken.map(([n]) => n)).size).toBe(taken.length);
  },
);

test.skipIf(program === null)(
  "its gzip is met and undone, its cookies come back, and one key goes with all attempts of an item",
  async () => {
    const port = freePort();
    await begin(configure(port), port);
    const before = logged().length;
    const at = (path: string) => `http://127.0.0.1:${port}${path}`;
    const packed = await ask("async", [at("/packed")], times(100), { says: { expect: { bodyContains: "tttt", maxBytes: "3KB" } } });
    const lines = await loggedSince(before, 100);
    expect([packed.byStatus, packed.byError, new Set(lines.map(({ coding }) => coding))]).toEqual([{ "200": 100 }, {}, new Set(["gzip"])]);
    // It counts what marks off its one chunk, and the end, too (RFC 9112, 7.1).
    const marks = "29\r\n".length + "\r\n".length + "0\r\n\r\n".length;
    expect(packed.bytes).toBe(lines.reduce((sum, { bytes }) => sum + bytes - marks, 0));
    await ask("async", [at("/cookie")], times(100), { says: { cookies: true, concurrency: { max: 1 } } });
    await ask("async", [at("/down")], times(50), { says: { method: "POST", body: "x", idempotencyKey: "X-Key" } });
    const later = await loggedSince(before + 100, 200);
    expect(later.slice(0, 100).filter(({ cookie }) => cookie === "seen=1").length).toBe(99);
    const keys = later.slice(100).map(({ key }) => key);
    expect([keys.length, new Set(keys).size]).toEqual([100, 50]);
  },
);
