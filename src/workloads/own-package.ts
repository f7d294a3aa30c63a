import { plugin } from "bun";

/** Import names of the package; package.json maps them to files. */
const NAMES = ["lab-tui", "lab-tui/flows"] as const;

let offered = false;

/**
 * Lets a scenario's own modules import the lab, wherever they are: they get the instance that runs them, installed in their folder or not.
 * Applies to this thread.
 */
export function offerOwnPackage(): void {
  if (offered) return;
  offered = true;
  plugin({
    name: "lab-tui",
    setup(build) {
      for (const name of NAMES) {
        const file = Bun.resolveSync(name, import.meta.dir);
        build.module(name, async () => ({ loader: "object", exports: { ...((await import(file)) as object) } }));
      }
    },
  });
}
