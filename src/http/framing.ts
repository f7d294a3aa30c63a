/** Most bytes of a body that is joined with its head into one write. */
const TOGETHER = 65_536;
const scratch = Buffer.alloc(TOGETHER);

export function fits(head: string, content: Uint8Array): boolean {
  return head.length + content.length <= TOGETHER;
}

/** Head and body of a request in one buffer, reused by the next call, so that they cross the network together. */
export function together(head: string, content: Uint8Array): Uint8Array {
  const at = scratch.write(head, "latin1");
  scratch.set(content, at);
  return scratch.subarray(0, at + content.length);
}

/** True when the fields announce the end of the connection (RFC 9112, 9.6). */
export function saysClose(fields: readonly string[]): boolean {
  for (let at = 0; at < fields.length; at += 2) {
    if ((fields[at] as string).toLowerCase() === "connection" && /(^|[\s,])close([\s,]|$)/i.test(fields[at + 1] as string)) return true;
  }
  return false;
}

/** True when a response without a body announces one all the same: what follows it is unreliable. */
export function announcesBody(status: number, fields: readonly string[]): boolean {
  for (let at = 0; at < fields.length; at += 2) {
    const name = (fields[at] as string).toLowerCase();
    // A 304 may give the length that the body would have had (RFC 9110, 8.6).
    if (name === "transfer-encoding" || (name === "content-length" && status === 204 && fields[at + 1] !== "0")) return true;
  }
  return false;
}
