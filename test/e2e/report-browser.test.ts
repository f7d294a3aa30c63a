import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";
import { RunStore } from "../../src/store/run-store.ts";
import type { RunResult } from "../../src/telemetry/result.ts";
import { THEMES } from "../../src/views/canvas/themes.ts";
import { comparisonHtml } from "../../src/views/export/comparison-html.ts";
import { htmlOf } from "../../src/views/export/html.ts";
import { lab, temporaryFolder } from "../support/cli.ts";
import { comparedRun, HOSTILE, hostileRun, reportedRun } from "../support/reports.ts";

setDefaultTimeout(120_000);

const CHROMIUM = ["chromium", "chromium-browser", "google-chrome"].map((name) => Bun.which(name)).find((path) => path !== null) ?? null;

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly request?: { readonly url: string }; readonly entry?: { readonly text: string } };
  readonly result?: Readonly<Record<string, unknown>>;
}

/** A page of a browser, by the Chrome DevTools Protocol. */
class Page {
  /** What was requested, and what the browser complained of. */
  readonly requests: string[] = [];
  readonly complaints: string[] = [];
  private readonly waiting = new Map<number, (result: Readonly<Record<string, unknown>>) => void>();
  private loaded = Promise.withResolvers<void>();
  private count = 0;

  private constructor(
    private readonly browser: Bun.Subprocess,
    private readonly socket: WebSocket,
  ) {
    socket.onmessage = ({ data }) => this.receive(JSON.parse(String(data)) as Answer);
  }

  static async open(chromium: string): Promise<Page> {
    const flags = [
      "--headless=new",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--remote-debugging-port=0",
      "--hide-scrollbars",
    ];
    const browser = Bun.spawn([chromium, ...flags, `--user-data-dir=${join(folder, "profile")}`, "about:blank"], {
      stderr: "pipe",
      stdout: "ignore",
    });
    let said = "";
    for await (const chunk of browser.stderr) {
      said += new TextDecoder().decode(chunk);
      if (/listening on ws:\/\/\S+/.test(said)) break;
    }
    const port = /ws:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1] ?? "";
    const targets = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as { type: string; webSocketDebuggerUrl: string }[];
    const socket = new WebSocket(targets.find(({ type }) => type === "page")?.webSocketDebuggerUrl ?? "");
    await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));
    const page = new Page(browser, socket);
    for (const domain of ["Page", "Network", "Log"]) await page.ask(`${domain}.enable`);
    return page;
  }

  ask(method: string, params: object = {}): Promise<Readonly<Record<string, unknown>>> {
    const id = ++this.count;
    this.socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve) => this.waiting.set(id, resolve));
  }

  async show(url: string, width: number, scheme: string): Promise<void> {
    await this.ask("Emulation.setDeviceMetricsOverride", { width, height: 900, deviceScaleFactor: 1, mobile: false });
    await this.ask("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
    this.loaded = Promise.withResolvers();
    await this.ask("Page.navigate", { url });
    await this.loaded.promise;
  }

  async value(expression: string): Promise<unknown> {
    const { result } = await this.ask("Runtime.evaluate", { expression, returnByValue: true });
    return (result as { readonly value: unknown }).value;
  }

  /** Waits until an expression is true of the page. */
  async until(expression: string): Promise<void> {
    for (let left = 200; (await this.value(expression)) !== true; left--) {
      if (left === 0) throw new Error(`never: ${expression.slice(0, 80)}`);
      await Bun.sleep(25);
    }
  }

  async close(): Promise<void> {
    this.socket.close();
    this.browser.kill();
    await this.browser.exited;
  }

  private receive({ id, method, params, result = {} }: Answer): void {
    if (id !== undefined) this.waiting.get(id)?.(result);
    if (method === "Page.loadEventFired") this.loaded.resolve();
    if (method === "Network.requestWillBeSent") this.requests.push(params?.request?.url ?? "");
    if (method === "Log.entryAdded") this.complaints.push(params?.entry?.text ?? "");
  }
}

/** Elements that reach beyond the page, but for tables, which scroll; and how many have letters that are too small to read. */
const WIDE = `[...document.querySelectorAll("p,li,h1,h2,h3,figure,.plot,.box,.legend,details")]
  .filter((one) => one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML.slice(0, 80))`;
const SMALL = `[...document.querySelectorAll("main *")].filter((one) => parseFloat(getComputedStyle(one).fontSize) < 11).length`;

describe.skipIf(CHROMIUM === null)("the HTML report in a browser (needs chromium)", () => {
  test("draws pictures without scripts, and with its own anew: values under the cursor, zoom, all of it again; asks for nothing, fits from 400 to 1600 pixels, and is dark or light as its reader prefers", async () => {
    const page = await Page.open(CHROMIUM ?? "");
    try {
      for (const [name, run] of [
        ["plain", reportedRun()],
        ["hostile", hostileRun()],
      ] as const) {
        const file = join(folder, `${name}.html`);
        writeFileSync(file, htmlOf(run));
        const url = pathToFileURL(file).href;
        for (const scheme of ["light", "dark"] as const) {
          for (const width of [400, 800, 1600]) {
            page.requests.length = 0;
            await page.show(url, width, scheme);
            expect(page.requests).toEqual([url]);
            expect(await page.value("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
            expect(await page.value(WIDE)).toEqual([]);
            expect(await page.value(SMALL)).toBe(0);
            expect(await page.value("getComputedStyle(document.body).backgroundColor")).toBe(rgb(THEMES[scheme].ground));
          }
        }
        expect(await page.value("document.querySelectorAll('figure svg path').length")).toBeGreaterThan(12);
        expect(await page.value("document.querySelectorAll('img, link, a, iframe, object').length")).toBe(0);
        expect(await page.value("document.querySelectorAll('script').length")).toBe(3);
      }
      await comparisonFits(page);
      for (const [name, run] of [...realRuns(), ["first-look", await firstLook()] as const]) await drawnWhole(page, name, run);
      await drawnAnew(page, pathToFileURL(join(folder, "plain.html")).href);
      await drawnWithoutScripts(page, pathToFileURL(join(folder, "plain.html")).href);
      expect(page.complaints).toEqual([]);
    } finally {
      await page.close();
    }
  });
});

/** Charts of the page, and pictures that are seen. */
const CHARTS = "document.querySelectorAll('.plot.live canvas').length";
const PICTURES = "[...document.querySelectorAll('.plot svg')].filter((one) => one.getBoundingClientRect().height > 50).length";
/** What the first chart shows beside its names, and its picture. */
const VALUES = "[...document.querySelectorAll('.u-legend')[0].querySelectorAll('.u-value')].map((one) => one.textContent)";
const PICTURE = "document.querySelector('.plot.live canvas').toDataURL()";

async function drawnAnew(page: Page, url: string): Promise<void> {
  await page.show(url, 1000, "light");
  await page.until(`${CHARTS} === 4`);
  expect(await page.value(PICTURES)).toBe(0);
  await page.value("document.querySelector('.u-over').scrollIntoView({ block: 'center' })");
  const box = (await page.value(
    "(({ x, y, width, height }) => ({ x, y, width, height }))(document.querySelector('.u-over').getBoundingClientRect())",
  )) as { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  const mouse = (type: string, share: number, clickCount = 0) =>
    page.ask("Input.dispatchMouseEvent", {
      ...{ type, x: box.x + box.width * share, y: box.y + box.height / 2, clickCount },
      ...(clickCount === 0 && type === "mouseMoved" ? {} : { button: "left" }),
    });
  await mouse("mouseMoved", 0.5);
  await page.until(`${VALUES}[0] !== "–"`);
  expect(await page.value(VALUES)).toEqual(["200 ms", "90", "90", "90", "100", "100", "100"]);
  const whole = await page.value(PICTURE);
  await mouse("mousePressed", 0.2, 1);
  await mouse("mouseMoved", 0.4);
  await mouse("mouseMoved", 0.6);
  await mouse("mouseReleased", 0.6, 1);
  await page.until(`${PICTURE} !== ${JSON.stringify(whole)}`);
  for (const clicks of [1, 2]) for (const type of ["mousePressed", "mouseReleased"]) await mouse(type, 0.5, clicks);
  await page.until(`${PICTURE} === ${JSON.stringify(whole)}`);
}

async function drawnWithoutScripts(page: Page, url: string): Promise<void> {
  await page.ask("Emulation.setScriptExecutionDisabled", { value: true });
  await page.show(url, 1000, "light");
  expect([await page.value(CHARTS), await page.value(PICTURES)]).toEqual([0, 4]);
  await page.ask("Emulation.setScriptExecutionDisabled", { value: false });
}

/** Runs of half a second that were kept: of messages, and of requests; and a sweep over two fields. */
function realRuns(): (readonly [name: string, run: RunResult])[] {
  const file = join(folder, "runs.sqlite");
  writeFileSync(file, gunzipSync(readFileSync(join(import.meta.dir, "../support/kept/version-1.sqlite.gz"))));
  const store = RunStore.open(file);
  const kept = store.list().map(({ run, scenario }) => [scenario, store.result(run) as RunResult] as const);
  store.close();
  const [one] = reportedRun().cases;
  const points = [10, 100].flatMap((rate) => [1, 8].map((size) => ({ "load.rate": rate, "batch.size": size })));
  const cases = one === undefined ? [] : points.flatMap((params) => ["sync", "async"].map((mode) => ({ ...one, mode, params })));
  return [...kept, ["sweep", reportedRun({ cases, thresholds: [], hypotheses: [] })]];
}

/** The scenario that everybody begins with, for a moment of each mode. */
async function firstLook(): Promise<RunResult> {
  const file = join(folder, "first-look.json");
  const short = ["--duration", "300ms", "--set", "work.kind=sleep"];
  const { stderr } = await lab(["run", "first-look", ...short, "--headless", "-q", "--no-store", "--json", file]);
  expect(stderr).not.toContain("error");
  return JSON.parse(readFileSync(file, "utf8")) as RunResult;
}

/** Every chart is drawn, those that are folded away when they are opened. */
async function drawnWhole(page: Page, name: string, run: RunResult): Promise<void> {
  const file = join(folder, `${name}.html`);
  writeFileSync(file, htmlOf(run));
  page.requests.length = 0;
  await page.show(pathToFileURL(file).href, 800, "light");
  await page.value("for (const one of document.querySelectorAll('details')) one.open = true");
  const charts = await page.value("document.querySelectorAll('.plot[data-chart]').length");
  expect(charts).toBe(4 * new Set(run.cases.map(({ params }) => JSON.stringify(params))).size);
  await page.until(`${CHARTS} === ${charts}`);
  expect(page.requests).toEqual([pathToFileURL(file).href]);
  expect([await page.value("document.documentElement.scrollWidth"), await page.value(WIDE)]).toEqual([800, []]);
}

async function comparisonFits(page: Page): Promise<void> {
  const file = join(folder, "comparison.html");
  writeFileSync(file, comparisonHtml(comparedRun(HOSTILE)));
  for (const width of [400, 1600]) {
    page.requests.length = 0;
    await page.show(pathToFileURL(file).href, width, "dark");
    expect(page.requests).toEqual([pathToFileURL(file).href]);
    expect(await page.value("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
    expect([await page.value(WIDE), await page.value(SMALL)]).toEqual([[], 0]);
    expect(await page.value("[...document.querySelectorAll('.interval')].every((one) => one.getBoundingClientRect().width > 100)")).toBe(
      true,
    );
  }
}

function rgb(color: string): string {
  return `rgb(${[1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16)).join(", ")})`;
}
