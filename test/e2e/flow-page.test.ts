import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { DataPipeline, EventBus, FlowOrchestrator, MessageQueue, serveFlows } from "../../src/flows.ts";
import { temporaryFolder } from "../support/cli.ts";
import { quiet } from "../support/flow-oddities.ts";

setDefaultTimeout(120_000);

const CHROMIUM = ["chromium", "chromium-browser", "google-chrome"].map((name) => Bun.which(name)).find((path) => path !== null) ?? null;

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A name that would be markup, were it not set as text. */
const HOSTILE = '<img src=x onerror="document.title=1">';

async function shop() {
  const flows = new FlowOrchestrator();
  const bus = flows.register(new EventBus<{ order: number }>({ name: HOSTILE, ...quiet }));
  bus.subscribe("order", () => {
    throw new Error("sold out");
  });
  flows.register(
    DataPipeline.of<number>("prices")
      .stage("convert", (value) => value)
      .discard(),
  );
  const jobs = flows.register(MessageQueue.open<number>("jobs", { maxAttempts: 1, ...quiet }));
  await flows.start();
  for (let i = 0; i < 17; i++) bus.emit("order", i);
  await jobs.sendAll([1, 2, 3]);
  return flows;
}

test("the page of a face is there where figures are shown, and loads nothing from elsewhere", async () => {
  const flows = await shop();
  const [shown, hidden] = [serveFlows(flows), serveFlows(flows, { expose: {} })];
  const answer = await fetch(shown.url);
  const html = await answer.text();
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
  expect(answer.headers.get("content-security-policy")).toStartWith("default-src 'none'; script-src 'sha256-");
  expect(html).not.toMatch(/\b(src|href)=|https?:|@import|innerHTML/);
  expect((await fetch(hidden.url)).status).toBe(404);
  await Promise.all([shown.stop(true), hidden.stop(true), flows.stop({ deadlineMs: 10 })]);
});

test.skipIf(CHROMIUM === null)("a browser shows parts, depths and failures in it, names as text", async () => {
  const flows = await shop();
  const server = serveFlows(flows);
  const flags = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    `--user-data-dir=${join(folder, "profile")}`,
  ];
  const browser = Bun.spawn([CHROMIUM ?? "", ...flags, "--virtual-time-budget=1500", "--dump-dom", server.url.href], { stderr: "ignore" });
  const dom = await new Response(browser.stdout).text();
  await browser.exited;
  await Promise.all([server.stop(true), flows.stop({ deadlineMs: 10 })]);
  const text = dom.slice(dom.indexOf("<main"), dom.indexOf("</main>"));
  expect(text).toContain("&lt;img src=x onerror=");
  expect(text).toMatch(/<h2>prices<span class="status up">up<\/span><\/h2>/);
  expect(text).toContain('<dt>failed</dt><dd class="bad">17</dd>');
  expect(text).toContain("<h3>stages: convert</h3>");
  expect(text).toMatch(/<h3>groups: default<\/h3>.*?<dt>ready<\/dt><dd>3<\/dd>/);
  expect(dom).toMatch(/id="status" class="status up"[^>]*>up, up for \d+ s/);
});
