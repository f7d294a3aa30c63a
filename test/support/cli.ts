import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { main } from "../../src/cli/program.ts";
import { SHORT_REHEARSAL } from "./rehearsal.ts";

export const ROOT = resolve(import.meta.dir, "../..");
export const MAIN = join(ROOT, "src/main.ts");

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** An environment without what this test run was started with. */
export function cleanEnv(more: Record<string, string> = {}): Record<string, string> {
  const { PATH = "", HOME = "", TMPDIR, XDG_DATA_HOME = "" } = process.env;
  return {
    PATH,
    HOME,
    TERM: "xterm-256color",
    COLORTERM: "truecolor",
    LANG: "C.UTF-8",
    XDG_DATA_HOME,
    LAB_TUI_REHEARSAL: String(SHORT_REHEARSAL),
    ...(TMPDIR === undefined ? {} : { TMPDIR }),
    ...more,
  };
}

interface Surroundings {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
}

/** Runs the console in a process of its own, without a terminal, and waits for its end: for what is about pipes, signals, or the process. */
export async function labProcess(
  args: readonly string[],
  { cwd = ROOT, env, stdin }: Surroundings & { readonly stdin?: string } = {},
): Promise<Finished> {
  const child = Bun.spawn([process.execPath, MAIN, ...args], {
    cwd,
    env: cleanEnv(env),
    stdin: stdin === undefined ? "ignore" : new Blob([stdin]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
  return { code, stdout, stderr };
}

let busy = false;

/** Runs the console in this process, as without a terminal; cases have processes of their own as ever. One at a time. */
export async function lab(args: readonly string[], { cwd = ROOT, env }: Surroundings = {}): Promise<Finished> {
  if (busy) throw new Error("the console runs here already; labProcess runs beside others");
  busy = true;
  const said = { stdout: "", stderr: "" };
  const before = { folder: process.cwd(), env: { ...process.env } };
  try {
    process.chdir(cwd);
    // As src/main.ts sets it.
    setEnvironment({ NODE_ENV: "production", ...cleanEnv(env) });
    const code = await overhearing(
      () => main(args),
      (text, from) => {
        said[from] += text;
      },
    );
    return { code, ...said };
  } finally {
    process.chdir(before.folder);
    setEnvironment(before.env);
    busy = false;
  }
}

function setEnvironment(env: Readonly<Record<string, string | undefined>>): void {
  for (const name of Object.keys(process.env)) if (env[name] === undefined) delete process.env[name];
  Object.assign(process.env, env);
}

/** Runs something of the console in this process; everything it writes, standard output and error together. */
export async function heard(run: () => Promise<void>): Promise<string> {
  let said = "";
  await overhearing(run, (text) => {
    said += text;
  });
  return said;
}

/** Gives `hear` all that is written to standard output and error meanwhile, neither of which is a terminal then. */
async function overhearing<T>(run: () => Promise<T>, hear: (text: string, from: "stdout" | "stderr") => void): Promise<T> {
  const undo = (["stdout", "stderr"] as const).map((from) => {
    const decoder = new TextDecoder();
    const write = (chunk: string | Uint8Array, ...rest: readonly unknown[]) => {
      hear(typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true }), from);
      for (const done of rest) if (typeof done === "function") done();
      return true;
    };
    const [uncover, unlisten] = [overlay(process[from], { write, isTTY: false, columns: undefined }), listenersOf(process[from])];
    return () => {
      uncover();
      unlisten();
    };
  });
  try {
    return await run();
  } finally {
    for (const one of undo) one();
  }
}

/** The listeners of a stream as they are; the function that is returned takes away those that have come since. */
function listenersOf(stream: NodeJS.WriteStream): () => void {
  const before = new Map(stream.eventNames().map((name) => [name, stream.rawListeners(name)]));
  return () => {
    for (const name of stream.eventNames())
      for (const one of stream.rawListeners(name)) if (!before.get(name)?.includes(one)) stream.off(name, one as () => void);
  };
}

/** Lays values over those of an object; the function that is returned takes them away. */
function overlay(target: object, values: Readonly<Record<string, unknown>>): () => void {
  const before = Object.keys(values).map((name) => [name, Object.getOwnPropertyDescriptor(target, name)] as const);
  for (const [name, value] of Object.entries(values)) Object.defineProperty(target, name, { value, writable: true, configurable: true });
  return () => {
    for (const [name, own] of before) {
      if (own === undefined) Reflect.deleteProperty(target, name);
      else Object.defineProperty(target, name, own);
    }
  };
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "lab-tui-test-"));
}
