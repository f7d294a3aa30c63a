import { existsSync, writeFileSync } from "node:fs";
import { fileProblem } from "../../kernel/file-problem.ts";
import { UserError } from "../../kernel/problem.ts";
import type { CaptureTarget } from "../../views/live/capture.ts";
import { CastFile } from "../recording.ts";

/** The name of a file in the working folder that begins as asked and is not there yet. */
function freeName(base: string, extension: string): string {
  const plain = base.replaceAll(/[^\w.-]+/g, "-").replace(/^\.+/, "") || "run";
  for (let number = 1; ; number++) {
    const name = `${plain}-${number}.${extension}`;
    if (!existsSync(name)) return name;
  }
}

function written(name: string, content: string | Uint8Array): string {
  try {
    writeFileSync(name, content, { flag: "wx" });
  } catch (error) {
    throw new UserError(`${name} cannot be written: ${fileProblem(error)}`);
  }
  return name;
}

/** An SVG as a PNG, where the library that draws it is installed; null where it is not. */
async function pngOf(svg: string): Promise<Uint8Array | null> {
  const library = await import("@resvg/resvg-js").catch(() => null);
  if (library === null) return null;
  return new library.Resvg(svg, { font: { loadSystemFonts: true, defaultFontFamily: "DejaVu Sans Mono" } }).render().asPng();
}

/** Writes pictures and recordings into the working folder. */
export const CAPTURES: CaptureTarget = {
  async picture(base, svg) {
    const name = freeName(base, "svg");
    const files = [written(name, svg)];
    const png = await pngOf(svg);
    if (png !== null) files.push(written(name.replace(/svg$/, "png"), png));
    return files;
  },
  recording(base, size) {
    const name = freeName(base, "cast");
    const file = new CastFile({ file: name, version: 2, size: null });
    return { name, header: file.header(size, Math.floor(Date.now() / 1000), base), write: file.write, close: () => file.close() };
  },
};
