/** `stalling-server.ts AFTER MS`: answers at once, but once: after so many requests it holds all that it gets for so long. */

const [after = 0, ms = 0] = process.argv.slice(2).map(Number);
let heard = 0;
let until = 0;
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  development: false,
  async fetch() {
    if (++heard === after) until = performance.now() + ms;
    const left = until - performance.now();
    if (left > 0) await Bun.sleep(left);
    return new Response("ok");
  },
});
process.stdout.write(`${JSON.stringify({ url: server.url.href })}\n`);
process.stdin.on("end", () => process.exit(0)).resume();

export {};
