import type { Path } from "../kernel/plain-value.ts";

/** What is wrong with a scenario whose fields are each as they must be. */
export interface SemanticProblem {
  readonly path: Path;
  readonly message: string;
  /** The key itself is wrong, not what stands there. */
  readonly atKey?: boolean;
  /** Where in the text that stands there, and what is wrong there. */
  readonly within?: { readonly at: number; readonly got: string };
}
