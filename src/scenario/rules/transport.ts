import type { FetchSettings } from "../fetch-schema.ts";
import type { SemanticProblem } from "./semantic-problem.ts";

/** Conflicts between the fields of the transport. */
export function transportMisfits({ tls, unix, target, http, connections }: FetchSettings): SemanticProblem[] {
  const problems: SemanticProblem[] = [];
  const { cert, key, passphrase } = tls;
  if (unix !== undefined && target?.mock !== undefined)
    problems.push({ path: ["fetch", "unix"], message: "must not stand beside fetch.target.mock, which listens on a port" });
  if (http === 2 && target?.mock !== undefined)
    problems.push({ path: ["fetch", "http"], message: "must be 1 with fetch.target.mock, which speaks HTTP/1.1" });
  if (http === 2 && !connections.keepAlive)
    problems.push({
      path: ["fetch", "http"],
      message: "must be 1 where fetch.connections.keepAlive is false: requests share connections by HTTP/2",
    });
  if (cert !== undefined && key === undefined)
    problems.push({ path: ["fetch", "tls", "cert"], message: "needs fetch.tls.key, the file with its key" });
  if (key !== undefined && cert === undefined)
    problems.push({ path: ["fetch", "tls", "key"], message: "needs fetch.tls.cert, the file with the certificate that it is of" });
  if (passphrase !== undefined && key === undefined)
    problems.push({ path: ["fetch", "tls", "passphrase"], message: "needs fetch.tls.key, which it opens", atKey: true });
  return problems;
}
