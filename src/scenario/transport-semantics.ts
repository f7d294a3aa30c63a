import type { FetchSettings } from "./fetch-schema.ts";
import type { SemanticProblem } from "./semantic-problem.ts";

/** What must fit in how requests travel. */
export function transportMisfits({ tls, unix, target }: FetchSettings): SemanticProblem[] {
  const problems: SemanticProblem[] = [];
  const { cert, key, passphrase } = tls;
  if (unix !== undefined && target?.mock !== undefined)
    problems.push({ path: ["fetch", "unix"], message: "must not stand beside fetch.target.mock, which listens on a port" });
  if (cert !== undefined && key === undefined)
    problems.push({ path: ["fetch", "tls", "cert"], message: "needs fetch.tls.key, the file with its key" });
  if (key !== undefined && cert === undefined)
    problems.push({ path: ["fetch", "tls", "key"], message: "needs fetch.tls.cert, the file with the certificate that it is of" });
  if (passphrase !== undefined && key === undefined)
    problems.push({ path: ["fetch", "tls", "passphrase"], message: "needs fetch.tls.key, which it opens", atKey: true });
  return problems;
}
