import { hostname as machineName, networkInterfaces } from "node:os";
import type { Server } from "bun";
import { isLoopback } from "../../kernel/hosts.ts";
import type { FlowOrchestrator } from "../index.ts";
import { checkCount, checkNames, checkText } from "../options.ts";
import { checkReach, FACE_NAMES, FlowFace, type FlowFaceOptions } from "./face.ts";
import { problemResponse } from "./problem.ts";
import type { SocketData } from "./socket.ts";

/** Options of a flow server with its address. */
export interface ServeFlowsOptions extends FlowFaceOptions {
  /** Default 0: any free one. */
  readonly port?: number;
  /** Default 127.0.0.1; any address other than loopback needs a `token`. */
  readonly hostname?: string;
}

/** Serves flows on a port. Throws when the address is not loopback and there is no token. */
export function serveFlows(flows: FlowOrchestrator, options: ServeFlowsOptions = {}): Server<SocketData> {
  if (process.versions.bun === undefined) throw new Error("serveFlows needs Bun (https://bun.com): it uses Bun.serve");
  checkNames(options, { ...FACE_NAMES, port: true, hostname: true });
  checkText("hostname", options.hostname);
  checkCount("port", options.port, 0, 65_535);
  const { hostname = "127.0.0.1", port = 0, ...rest } = options;
  checkReach(hostname, options.token);
  const face = new FlowFace(flows, { ...rest, allowedHosts: [...(options.allowedHosts ?? []), ...ownNames(hostname)] });
  return Bun.serve<SocketData, never>({
    hostname,
    port,
    development: false,
    // The face reads bodies as streams and answers 413 itself, with a reason.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    idleTimeout: 30,
    fetch: (request, server) => face.fetch(request, server) as Promise<Response>,
    websocket: face.websocket,
    error: (error) => {
      options.onError?.(error);
      return problemResponse(error);
    },
  });
}

/**
 * The names and addresses by which this machine may be asked when it listens on an address of its own, or on all; no other machine can
 * claim them.
 */
function ownNames(hostname: string): string[] {
  if (isLoopback(hostname)) return [];
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const spelt = addresses.map(({ address, family }) => (family === "IPv6" ? `[${address}]` : address));
  return [hostname, machineName(), ...spelt];
}
