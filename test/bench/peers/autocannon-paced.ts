import autocannon from "autocannon";

/** `autocannon-paced.ts URL CONNECTIONS RATE SECONDS [corrected]`: p99 in milliseconds at a rate, as it came, or corrected as wrk2 does. */

const [url = "", connections, rate, duration, corrected] = process.argv.slice(2);
const pace = { connections: Number(connections), overallRate: Number(rate), duration: Number(duration) };
const { latency, requests } = await autocannon({ url, ...pace, ignoreCoordinatedOmission: corrected === undefined });
process.stdout.write(`${JSON.stringify({ p99: latency.p99, count: requests.total })}\n`);
process.exit(0);
