import { CERT, KEY } from "./certificate.ts";

/** `tile-server.ts [tls]`: the server that every client of the fetch rows asks: 2 KB at once. Prints where it listens; ends with its standard input. */

const tls = process.argv[2] === "tls" ? { tls: { cert: CERT, key: KEY } } : {};
const body = new Uint8Array(2000).fill(0x2e);
const server = Bun.serve({ hostname: "127.0.0.1", port: 0, development: false, ...tls, fetch: () => new Response(body) });
process.stdout.write(`${JSON.stringify({ url: server.url.href })}\n`);
process.stdin.on("end", () => process.exit(0)).resume();
