import { pathToFileURL } from "node:url";
import { printable } from "../kernel/text.ts";
import { offerOwnPackage } from "./own-package.ts";
import { reasonOf } from "./reason.ts";

/**
 * Loads the default export, a function, of a module named by a scenario. `what`: its purpose, in a word. Rejects with a sentence when there
 * is none.
 */
export async function loadFunction(what: string, file: string): Promise<unknown> {
  offerOwnPackage();
  let loaded: { default?: unknown };
  try {
    loaded = (await import(pathToFileURL(file).href)) as { default?: unknown };
  } catch (error) {
    throw new Error(`The ${what} module ${printable(file, 200)} could not be loaded: ${reasonOf(error)}`);
  }
  if (typeof loaded.default === "function") return loaded.default;
  throw new Error(`The ${what} module ${printable(file, 200)} has no function as its default export.`);
}
