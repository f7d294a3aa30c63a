/** The head of a response as bytes. `headers`: further lines, each with its line break. */
export function headOf(status: number, length: number, headers = "", type = "image/png"): Uint8Array {
  return new TextEncoder().encode(
    `HTTP/1.1 ${status} ${status === 200 ? "OK" : "No"}\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\n${headers}\r\n`,
  );
}

/** Head and body in one piece. */
export function concatenated(head: Uint8Array, body: Uint8Array): Uint8Array {
  const whole = new Uint8Array(head.length + body.length);
  whole.set(head);
  whole.set(body, head.length);
  return whole;
}

/** Index of the end of a head's first line. */
export function endOfLine(head: string): number {
  const at = head.indexOf("\r\n");
  return at < 0 ? head.length : at;
}

/** The value of a header field, by its name in lower case; null: absent. */
export function headerOf(head: string, name: string): string | null {
  const at = head.toLowerCase().indexOf(`\r\n${name}:`);
  if (at < 0) return null;
  const from = at + name.length + 3;
  const to = head.indexOf("\r\n", from);
  return head.slice(from, to < 0 ? head.length : to).trim();
}
