import type { Path } from "../../kernel/plain-value.ts";

/** A conflict between fields that are valid by themselves. */
export interface SemanticProblem {
  readonly path: Path;
  readonly message: string;
  /** The key is wrong, not its value. */
  readonly atKey?: boolean;
  /** Offset in the text of the value, and the wrong part of it. */
  readonly within?: { readonly at: number; readonly got: string };
}
