import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { FlowFaceOptions } from "../../flows/http/face.ts";
import { serveFlows } from "../../flows/http/serve.ts";
import { FlowOrchestrator } from "../../flows/index.ts";
import { fileProblem } from "../../kernel/file-problem.ts";
import { UserError } from "../../kernel/problem.ts";
import { printable, quoted } from "../../kernel/text.ts";
import { flowSchema } from "../../scenario/flow-schema.ts";
import { loadMaker } from "../../workloads/flow/makers.ts";
import { wholeNumber } from "../flags.ts";
import { untilStopped } from "../signals.ts";
import { demo } from "./serve-flows-demo.ts";

export interface FlowFlags {
  readonly port: string;
  readonly host: string;
  readonly module?: string;
  readonly allowModules?: boolean;
  readonly tokenFile?: string;
  readonly allowOrigin?: readonly string[];
  readonly allowHost?: readonly string[];
}

/** `lab-tui serve flows`: serves flows over HTTP and WebSocket until a stop signal. */
export async function serve(flags: FlowFlags): Promise<number> {
  const port = wholeNumber("--port", flags.port, 65_535);
  const flows = new FlowOrchestrator({ name: "orchestrator", log: (line) => process.stderr.write(`${printable(line, 300)}\n`) });
  const own = flags.module === undefined ? { schemas: demo(flows) } : await load(flags.module, flags.allowModules === true, flows);
  const token = tokenOf(flags.tokenFile);
  const server = start(flows, {
    port,
    hostname: flags.host,
    allowedOrigins: flags.allowOrigin ?? [],
    allowedHosts: flags.allowHost ?? [],
    onError: (error) => process.stderr.write(`an answer failed: ${printable(String(error), 300)}\n`),
    ...(token === null ? {} : { token }),
    ...own,
  });
  await startAll(flows);
  const names = flows.parts.map(({ name }) => name).join(", ");
  process.stdout.write(
    `flows at http://${server.hostname}:${server.port} (${printable(names, 200)}); /healthz, /stats and /metrics tell how they fare\n`,
  );
  const code = await untilStopped();
  await flows.stop({ deadlineMs: 5000 });
  await server.stop(true);
  return code;
}

/** Starts the flows. Cyclic or missing dependencies are reported as the module's error. */
async function startAll(flows: FlowOrchestrator): Promise<void> {
  try {
    await flows.start();
  } catch (error) {
    throw new UserError(`--module: ${error instanceof Error ? printable(error.message, 300) : "its parts cannot be started"}`);
  }
}

function start(flows: FlowOrchestrator, options: FlowFaceOptions & { readonly port: number; readonly hostname: string }) {
  try {
    return serveFlows(flows, options);
  } catch (error) {
    const text = error instanceof Error ? printable(error.message, 200) : "";
    if (text.startsWith("token:")) throw new UserError(`--token-file or LAB_TUI_TOKEN: ${text.slice(7)}`);
    if (text.includes("token"))
      throw new UserError(`--host: ${text}; put it into a file and name that with --token-file, or set LAB_TUI_TOKEN`);
    if (/^(expose|schemas)\b/.test(text)) throw new UserError(`--module: ${text}`);
    throw new UserError(`--port: ${options.hostname}:${options.port} cannot be listened on: ${text}`);
  }
}

/** Loads the parts that a module makes, with what it says of its clients; there is no scenario, so its handlers do no work of the lab. */
async function load(module: string, allowed: boolean, flows: FlowOrchestrator): Promise<Pick<FlowFaceOptions, "schemas" | "expose">> {
  if (!allowed) throw new UserError(`--module names code (${quoted(module, 200)}), which runs with your rights; --allow-modules lets it`);
  const file = resolve(module);
  const { kind: _, parts: __, module: ___, ...settings } = flowSchema.parse({});
  const lab = {
    settings: { ...settings, kind: "event-bus" as const },
    thread: 0,
    folder: process.cwd(),
    handle: () => {},
    part: () => lab,
  };
  try {
    const maker = await loadMaker(file);
    await maker(flows, lab);
    const { schemas, expose } = (await import(file)) as Pick<FlowFaceOptions, "schemas" | "expose">;
    return { ...(schemas === undefined ? {} : { schemas }), ...(expose === undefined ? {} : { expose }) };
  } catch (error) {
    throw new UserError(`--module: ${error instanceof Error ? printable(error.message, 300) : "it threw"}`);
  }
}

/** The token from a file or the environment: the command line is readable by every user of the machine. */
function tokenOf(file: string | undefined): string | null {
  if (file === undefined) return process.env["LAB_TUI_TOKEN"]?.trim() || null;
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new UserError(`--token-file: must be a file that can be read (${fileProblem(error)}), got ${quoted(file, 200)}`);
  }
}
