import { closeSync, openSync } from "node:fs";
import type { Socket } from "bun";
import type { Connection } from "./connection.ts";
import type { Origin } from "./origin.ts";

/** Shared by all sockets; each holds its connection as data. */
const HANDLERS = {
  open: (socket: Socket<Connection>) => socket.data.opened(socket, true),
  data: ({ data }: Socket<Connection>, bytes: Uint8Array) => data.received(bytes),
  drain: ({ data }: Socket<Connection>) => data.goOn(),
  end: ({ data }: Socket<Connection>) => data.ended(),
  close: ({ data }: Socket<Connection>, problem?: Error) =>
    problem === undefined || problem === null ? data.ended() : data.broken(problem),
  error: ({ data }: Socket<Connection>, problem: Error) => data.broken(problem),
  connectError: ({ data }: Socket<Connection>, problem: Error) => data.fail(isOutOfFiles() ? NO_FILES : problem),
};

const SECURE = {
  ...HANDLERS,
  open: (socket: Socket<Connection>) => socket.data.opened(socket, false),
  handshake: ({ data }: Socket<Connection>, success: boolean, problem: Error | null) => data.agreed(success, problem),
};

/** Opens a socket to an origin, with the connection as the receiver of its events. */
export function connect({ hostname, port, unix, tls }: Origin, data: Connection): Promise<Socket<Connection>> {
  const how = tls === null ? { socket: HANDLERS, data } : { tls, socket: SECURE, data };
  return unix === null ? Bun.connect({ hostname, port, ...how }) : Bun.connect({ unix, ...how });
}

const NO_FILES = Object.assign(new Error("this process may not open another file"), { code: "EMFILE" });

/** True when this process has run out of file descriptors, which Bun reports as a refused connection. */
function isOutOfFiles(): boolean {
  try {
    closeSync(openSync("/dev/null", "r"));
    return false;
  } catch (error) {
    return ["EMFILE", "ENFILE"].includes(String((error as { code?: unknown }).code));
  }
}
