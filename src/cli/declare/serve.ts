import type { Command } from "commander";
import type { Declare, Host } from "../command.ts";
import type { FlowFlags } from "../commands/serve-flows.ts";
import type { TileFlags } from "../commands/serve-tiles.ts";
import { MOCK_FLAGS } from "../mock-flags.ts";

export const declare: Declare = (program, host) => {
  const group = program
    .command("serve")
    .description("starts a part alone: serve tiles (a mock tile server), serve flows (flows over HTTP and WebSocket)");
  declareTiles(group, host);
  declareFlows(group, host);
};

function declareTiles(group: Command, host: Host): void {
  const command = group
    .command("tiles")
    .description("a mock tile server on loopback, as well or badly behaved as its flags say")
    .option("--port <port>", "to listen on; 0 for any", "8001")
    .option("--seed <n>", "seed of everything random", "1");
  for (const [flag, description] of MOCK_FLAGS) command.option(flag, description);
  command.action(async (flags: TileFlags) => {
    const { serveTiles } = await import("../commands/serve-tiles.ts");
    host.exit(await serveTiles(flags));
  });
}

function declareFlows(group: Command, host: Host): void {
  group
    .command("flows")
    .description("flows over HTTP and WebSocket: pipelines, events, queues, streams, health and metrics")
    .option("--port <port>", "to listen on; 0 for any", "8002")
    .option("--host <host>", "address to listen on; others than this machine's own need a token", "127.0.0.1")
    .option("--module <file>", "code that registers the parts to serve, instead of the demonstration's")
    .option("--allow-modules", "lets --module run")
    .option("--token-file <file>", "what every request has to bear, at least 128 bits; or LAB_TUI_TOKEN")
    .option("--allow-origin <origin...>", "origins of pages that may ask")
    .option("--allow-host <host...>", "names it may be asked under, beside this machine's own")
    .action(async (flags: FlowFlags) => {
      const { serve } = await import("../commands/serve-flows.ts");
      host.exit(await serve(flags));
    });
}
