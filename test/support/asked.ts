import type { Asked } from "../../src/http/transport.ts";

/** A plain GET, but for what is said otherwise. */
export function asking(at: string, otherwise: Partial<Asked> = {}): Asked {
  return { method: "GET", at, content: null, fields: [], conditional: false, foreign: false, ...otherwise };
}
