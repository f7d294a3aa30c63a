import { dlopen, ptr } from "bun:ffi";

const IPPROTO_TCP = 6;
const TCP_INFO = 11;
/** `tcpi_state` where the peer has closed its side, after a reset, and the offset of `tcpi_unacked` in `struct tcp_info` (linux/tcp.h). */
const CLOSE_WAIT = 8;
const CLOSED = 7;
const UNACKED = 24;
const SIZE = 104;

type GetSockOpt = (fd: number, level: number, name: number, value: ReturnType<typeof ptr>, length: ReturnType<typeof ptr>) => number;

const getSockOpt: GetSockOpt | null = (() => {
  if (process.platform !== "linux") return null;
  try {
    const args = ["int", "int", "int", "ptr", "ptr"] as const;
    return dlopen("libc.so.6", { getsockopt: { args, returns: "int" } }).symbols.getsockopt;
  } catch {
    return null;
  }
})();

/**
 * True when the peer of a TCP connection that it has closed cannot have read the last write: it answered with a reset, as a socket closed
 * earlier does, or never acknowledged it. False where it may have, or where the system does not report it. The connection is still open on
 * this side.
 */
export function isUnheard(fd: unknown): boolean {
  return readInfo(fd) && (info[0] === CLOSED || new DataView(info.buffer).getUint32(UNACKED, true) > 0);
}

/** True when the peer has closed a TCP connection, though the runtime may not have noticed yet. */
export function isEnded(fd: unknown): boolean {
  return readInfo(fd) && (info[0] === CLOSE_WAIT || info[0] === CLOSED);
}

const info = new Uint8Array(new ArrayBuffer(SIZE));
const length = new Uint32Array(new ArrayBuffer(4));

/** Reads `struct tcp_info`; false: not available. */
function readInfo(fd: unknown): boolean {
  if (getSockOpt === null || typeof fd !== "number" || fd < 0) return false;
  length[0] = SIZE;
  return getSockOpt(fd, IPPROTO_TCP, TCP_INFO, ptr(info), ptr(length)) === 0;
}
