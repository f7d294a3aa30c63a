import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
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

/** Runs the console without a terminal and waits for its end. */
export async function lab(
  args: readonly string[],
  options: { readonly cwd?: string; readonly stdin?: string; readonly env?: Record<string, string> } = {},
): Promise<Finished> {
  const child = Bun.spawn([process.execPath, MAIN, ...args], {
    cwd: options.cwd ?? ROOT,
    env: cleanEnv(options.env),
    stdin: options.stdin === undefined ? "ignore" : new Blob([options.stdin]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
  return { code, stdout, stderr };
}

/** Runs something of the console in this process; everything it writes, standard output and error together. */
export async function heard(run: () => Promise<void>): Promise<string> {
  const streams = [process.stdout, process.stderr];
  const writes = streams.map((stream) => stream.write);
  let said = "";
  for (const stream of streams) {
    stream.write = ((text: string) => {
      said += text;
      return true;
    }) as typeof stream.write;
  }
  try {
    await run();
  } finally {
    for (const [i, stream] of streams.entries()) stream.write = writes[i] as typeof stream.write;
  }
  return said;
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "lab-tui-test-"));
}
