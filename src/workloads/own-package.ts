import { plugin } from "bun";

/** The names under which the package is imported; package.json says what stands behind each. */
const NAMES = ["lab-tui", "lab-tui/flows"] as const;

let offered = false;

/**
 * Lets a scenario's own modules import the lab, wherever they lie: they get the very one that runs them, installed in their folder
 * or not. For this thread.
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
