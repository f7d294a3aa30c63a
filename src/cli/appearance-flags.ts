import type { Command } from "commander";
import { UserError } from "../kernel/problem.ts";
import { quoted } from "../kernel/text.ts";
import { GLYPHS, type Glyphs, THEME_NAMES, type ThemeName } from "../views/canvas/names.ts";
import type { Bindings } from "../views/live/bindings.ts";
import { settings } from "./settings.ts";

/** Flags of commands that draw the dashboard. */
export interface AppearanceFlags {
  readonly fps?: string;
  readonly theme?: string;
  readonly glyphs?: string;
  readonly color?: boolean;
  readonly plain?: boolean;
}

/** Appearance of the dashboard and its keys, as far as flags or settings set them. */
export interface AskedAppearance {
  readonly theme?: ThemeName;
  readonly glyphs?: Glyphs;
  readonly bindings?: Bindings;
}

/** Default frames of the dashboard per second: they cost little and lose nothing. */
const PICTURES = 10;

export function withAppearanceFlags(command: Command): Command {
  const theme = command.createOption("--theme <name>", "colours of the dashboard (t: the next)").choices(THEME_NAMES);
  const glyphs = command.createOption("--glyphs <kind>", "signs of its charts (default: braille; ascii where the locale is not UTF-8)");
  return command
    .option("--fps <n>", `most frames per second of the dashboard (default ${PICTURES})`)
    .addOption(theme)
    .addOption(glyphs.choices(GLYPHS))
    .option("--no-color", "no colours")
    .option("--plain", "sentences instead of pictures, for screen readers");
}

/** Most frames per second; `set`: what stands where there is no flag. */
export function framesOf({ fps }: AppearanceFlags, set = settings()): number {
  const frames = fps === undefined ? (set.fps ?? PICTURES) : Number(fps);
  if (!(frames >= 1 && frames <= 60)) throw new UserError(`--fps: must be a number from 1 to 60, got ${quoted(fps)}`);
  return frames;
}

/** Appearance by the flags, and by `set` where there is no flag; commander has refused unknown names. */
export function appearanceOf({ theme, glyphs }: AppearanceFlags, set = settings()): AskedAppearance {
  const named = THEME_NAMES.find((one) => one === theme) ?? set.theme;
  const kind = GLYPHS.find((one) => one === glyphs) ?? set.glyphs;
  return { ...(named === undefined ? {} : { theme: named }), ...(kind === undefined ? {} : { glyphs: kind }), bindings: set.keys ?? {} };
}
