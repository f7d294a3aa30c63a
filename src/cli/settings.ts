import { existsSync } from "node:fs";
import { join } from "node:path";
import { ownFolder } from "../kernel/own-folder.ts";
import type { Glyphs, ThemeName } from "../views/canvas/names.ts";

/** What a user has set for every command, in a file; flags and the environment go over it. */
export interface UserSettings {
  readonly theme?: ThemeName | undefined;
  readonly glyphs?: Glyphs | undefined;
  readonly fps?: number | undefined;
  readonly plain?: boolean | undefined;
  /** Keys by screen and action: `run.quit`. */
  readonly keys?: Readonly<Record<string, readonly string[]>> | undefined;
}

const NAMES = ["config.yaml", "config.yml", "config.json"];

/** The file of the settings: the first that is there, else the one to write; null: this user has no place for one. */
export function settingsFile(): string | null {
  const folder = ownFolder("config");
  if (folder === null) return null;
  const files = NAMES.map((name) => join(folder, name));
  return files.find((file) => existsSync(file)) ?? files[0] ?? null;
}

/** The settings of the file, where there is one. Throws a UserError with every problem of it. */
export function settings(): UserSettings {
  const file = settingsFile();
  if (file === null || !existsSync(file)) return {};
  // Loaded where there is something to read: declarations and help need no schema.
  const { readSettings } = require("./settings-file.ts") as typeof import("./settings-file.ts");
  return readSettings(file);
}
