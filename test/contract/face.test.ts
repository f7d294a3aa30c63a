import { expect, setDefaultTimeout, test } from "bun:test";
import { startRun } from "../../src/engine/run/run.ts";
import { resolveScenario } from "../../src/scenario/load.ts";
import { YamlFile } from "../../src/scenario/yaml-file.ts";

setDefaultTimeout(60_000);

/** Asks the HTTP face of a case that is running, in a process of its own; the case is stopped when all is asked. */
async function asking<T>(ask: (url: string) => Promise<T>): Promise<T> {
  const load = "load: { executor: constant-arrival-rate, rate: 200, duration: 60s }\nkeys: { count: 3, distribution: round-robin }";
  const yaml = YamlFile.parse("s.yaml", `title: A face\nmodes: [async]\nwork: { kind: none }\n${load}\n`);
  const told = Promise.withResolvers<T>();
  const running = startRun(
    { name: "face", file: "s.yaml", ...resolveScenario(yaml, "s.yaml") },
    {
      http: 0,
      onEvent: (event) => {
        if (event.type !== "case-started") return;
        ask(event.url ?? "nowhere")
          .then(told.resolve, told.reject)
          .finally(() => running.stop());
      },
    },
  );
  await running.result;
  return told.promise;
}

async function state(url: string, path: string, init: RequestInit = {}): Promise<{ status: number; text: string; headers: Headers }> {
  const response = await fetch(`${url}${path}`, init);
  return { status: response.status, text: await response.text(), headers: response.headers };
}

/** Asks until the answer is so: a case that has just begun has done nothing yet. */
async function until(url: string, path: string, so: (status: number) => boolean): ReturnType<typeof state> {
  for (;;) {
    const answer = await state(url, path);
    if (so(answer.status)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test("the HTTP face of a case tells of its machines, its health and its figures, and refuses the rest by name", async () => {
  await asking(async (url) => {
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const one = await until(url, "/workers/worker-1", (status) => status === 200);
    expect(one.headers.get("x-state-age-ms")).toMatch(/^\d+\.\d{3}$/);
    expect(one.headers.get("cache-control")).toBe("no-store");
    expect(typeof JSON.parse(one.text)).toBe("object");
    await until(url, "/workers/worker-2", (status) => status === 200);
    const all = await state(url, "/workers");
    expect([all.status, all.text]).toEqual([200, expect.stringContaining("worker-1")]);

    const health = await state(url, "/healthz");
    expect([health.status, JSON.parse(health.text)]).toEqual([200, expect.objectContaining({ status: "healthy" })]);
    expect((JSON.parse(health.text) as { uptime_seconds: number }).uptime_seconds).toBeLessThan(600);
    const metrics = await state(url, "/metrics");
    expect([metrics.status, metrics.text]).toEqual([200, expect.stringMatching(/# EOF\n$/)]);
    expect(metrics.headers.get("content-type")).toStartWith("application/openmetrics-text");

    const refused = async (path: string, init?: RequestInit) => {
      const { status, text } = await state(url, path, init);
      return [status, (JSON.parse(text) as { error: string }).error];
    };
    expect(await refused("/workers/nobody")).toEqual([404, "there is no worker nobody"]);
    expect(await refused("/nothing")).toEqual([404, "the routes are /workers, /workers/{id}, /healthz and /metrics"]);
    expect(await refused("/workers/%ff")).toEqual([400, "the id cannot be read"]);
    expect(await refused(`/workers/${"x".repeat(4001)}`)).toEqual([400, "the id cannot be read"]);
    expect((await refused(`/workers/${"x".repeat(4000)}`))[0]).toBe(404);
    expect(await refused("/workers", { method: "POST" })).toEqual([405, "only GET is answered here"]);
    const strangers = [
      { host: "elsewhere.example" },
      { origin: "http://elsewhere.example" },
      { host: "elsewhere.example", origin: "http://localhost" },
    ];
    for (const headers of strangers)
      expect(await refused("/workers", { headers })).toEqual([403, "only this machine's own pages and programs may ask"]);
    expect((await state(url, "/workers", { headers: { origin: "http://localhost:9" } })).status).toBe(200);
    expect((await state(url, "/healthz", { method: "HEAD" })).status).toBe(200);
  });
});
