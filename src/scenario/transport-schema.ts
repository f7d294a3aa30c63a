import { z } from "zod";
import * as header from "./header-scalars.ts";
import * as s from "./scalars.ts";

/** Transport of the requests of a `fetch` scenario. */
export const transportParts = {
  unix: s
    .text(4096)
    .optional()
    .describe(
      "A socket of this machine that every request goes to, wherever its address leads, redirects included; relative to the scenario file.",
    ),
  http: header
    .httpVersion()
    .default(1)
    .describe(
      "The version of HTTP. 2: as many requests at once on one connection as the server takes, of up to connections.max; by TLS, or openly to a server that is known to speak it.",
    ),
  tls: z
    .strictObject({
      insecure: s.flag().default(false).describe("Servers need not show who they are."),
      ca: s.text(4096).optional().describe("A file with the certificates that vouch for servers, PEM; relative to the scenario file."),
      cert: s
        .text(4096)
        .optional()
        .describe(
          "A file with the certificate that tells servers who asks, PEM, those in between after it; no other host that a redirect leads to is told.",
        ),
      key: s.text(4096).optional().describe("A file with the private key of cert, PEM."),
      passphrase: s
        .text(4096)
        .optional()
        .describe("Opens an encrypted key. A name in braces behind a dollar sign stands for what the environment says."),
      serverName: s
        .text(253)
        .optional()
        .describe("The name that servers are asked for and have to show, where it is not that of the address."),
    })
    .prefault({})
    .describe("How servers are known."),
};
