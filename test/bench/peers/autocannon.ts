import autocannon from "autocannon";

/** `autocannon.ts URL`: 50 connections for three seconds. */

const [url = ""] = process.argv.slice(2);
const { requests, duration } = await autocannon({ url, connections: 50, duration: 3, tlsOptions: { rejectUnauthorized: false } });
process.stdout.write(`${JSON.stringify({ perSecond: requests.total / duration })}\n`);
process.exit(0);
