import type { Declare } from "../command.ts";
import type { FetchFlags } from "../commands/fetch.ts";
import { withRunFlags } from "../flags.ts";
import { withRequestFlags } from "../request-flags.ts";

export const declare: Declare = (program, host) => {
  const command = program
    .command("fetch")
    .description("asks for addresses: makes a scenario on the spot and runs it")
    .argument("<url...>", "asked for in turn")
    .option("-r, --rate <rate>", "requests per second (default: each place asks again when it is answered)")
    .option("-c, --concurrency <n>", "requests in flight, and connections, at most", "50")
    .option("-d, --duration <duration>", "how long requests go out (default 10s)")
    .option("--http2", "by HTTP/2, many requests at once on one connection")
    .option("--unix-socket <path>", "every request goes to this socket of the machine")
    .option("--print", "shows the scenario and runs nothing");
  withRunFlags(withRequestFlags(command)).action(async (urls: string[], flags: FetchFlags) => {
    const { fetchUrls } = await import("../commands/fetch.ts");
    host.exit(await fetchUrls(urls, flags, host.signals));
  });
};
