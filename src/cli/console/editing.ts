import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { SHIPPED, scenarioName } from "../../scenario/find.ts";
import { starterText } from "../starter.ts";

/** Where scenarios of the user's own are found by name. */
const OWN = "scenarios";

/**
 * The file of a scenario that may be changed: a shipped one is copied into `./scenarios` first, where it hides the shipped one.
 */
export function ownFile(file: string): string {
  if (dirname(file) !== SHIPPED) return file;
  const copy = join(OWN, basename(file));
  mkdirSync(OWN, { recursive: true });
  if (!existsSync(copy)) copyFileSync(file, copy);
  return copy;
}

/** A new scenario in `./scenarios`, under a name that is free. */
export function newFile(): string {
  mkdirSync(OWN, { recursive: true });
  for (let number = 1; ; number++) {
    const file = join(OWN, number === 1 ? "new.yaml" : `new-${number}.yaml`);
    if (existsSync(file)) continue;
    writeFileSync(file, starterText(scenarioName(file), "message", join(SHIPPED, "scenario.schema.json")), { flag: "wx" });
    return file;
  }
}

/** Has a file edited by the user's editor on this terminal; resolves when that ends. Why it could not be, or "". */
export async function edit(file: string, { VISUAL, EDITOR } = process.env): Promise<string> {
  const editor = VISUAL || EDITOR || "vi";
  try {
    // As shells have it: the editor's name may bring arguments of its own.
    const child = Bun.spawn([...editor.split(/\s+/).filter(Boolean), file], { stdin: "inherit", stdout: "inherit", stderr: "inherit" });
    const code = await child.exited;
    return code === 0 ? "" : `${editor} ended with ${code}`;
  } catch {
    return `${editor} could not be started; EDITOR names another editor`;
  }
}
