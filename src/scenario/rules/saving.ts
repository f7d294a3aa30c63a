import type { FetchSettings } from "../fetch-schema.ts";
import type { SemanticProblem } from "./semantic-problem.ts";

/** Conflicts between the fields for saving bodies. */
export function savingMisfits({
  saveTo,
  saveAs,
  revalidate,
  resume,
  method,
  headers,
  target,
  tiles,
  urlsFile,
  urls,
}: FetchSettings): SemanticProblem[] {
  const problems: SemanticProblem[] = [];
  const own = (field: string, message: string) => problems.push({ path: ["fetch", field], message });
  if (saveAs === "tile" && saveTo === undefined) own("saveAs", "needs fetch.saveTo, the folder that the tiles go to");
  const named = target !== undefined || tiles !== undefined || (urls === undefined && urlsFile === undefined);
  if (saveAs === "tile" && saveTo !== undefined && !named) own("saveAs", "needs fetch.target, which says where tiles are");
  if (resume && saveTo === undefined) own("resume", "needs fetch.saveTo, where what is already there lies");
  if (saveTo !== undefined && method === "HEAD" && !revalidate)
    own("saveTo", "must not stand beside fetch.method HEAD: its answers have no body");
  if (!revalidate) return problems;
  if (saveTo === undefined) own("revalidate", "needs fetch.saveTo, where what may have changed lies");
  if (resume) own("revalidate", "must not stand beside fetch.resume, which does not ask for what is there");
  if (method !== "GET") own("revalidate", "must stand beside fetch.method GET: it is a body that may have changed");
  const said = Object.keys(headers).find((name) => /^if-(none-match|modified-since|match|unmodified-since|range)$/i.test(name));
  if (said !== undefined)
    problems.push({ path: ["fetch", "headers", said], message: "must not stand beside fetch.revalidate, which says it", atKey: true });
  return problems;
}
