/**
 * A loop around `fetch` that does nothing else: `bare-fetch.ts URL [guarded]`, 50 at once; `guarded`: each sends a header
 * of its own, follows no redirect by itself and can be broken off, as ours can.
 */

const [url = "", guarded] = process.argv.slice(2);
const IN_FLIGHT = 50;
/** The server of these rows vouches for itself. */
const ANY_SERVER = url.startsWith("https:") ? { tls: { rejectUnauthorized: false } } : {};
const WARM_UP = 5_000;
const REQUESTS = 100_000;

async function ask(count: number): Promise<void> {
  let left = count;
  const one = async () => {
    // One for each loop: a signal that all requests share slows them all down.
    const { signal } = new AbortController();
    while (left-- > 0) {
      const response = await (guarded === undefined
        ? fetch(url, ANY_SERVER)
        : fetch(url, { ...ANY_SERVER, headers: { "x-correlation-id": `bench-${left}.1` }, redirect: "manual", signal }));
      await response.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, one));
}

await ask(WARM_UP);
const from = performance.now();
await ask(REQUESTS);
process.stdout.write(`${JSON.stringify({ perSecond: (REQUESTS * 1000) / (performance.now() - from) })}\n`);
process.exit(0);

export {};
