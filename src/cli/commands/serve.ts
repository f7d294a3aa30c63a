import type { Declare } from "../command.ts";
import { declare as declareFlows } from "./serve-flows.ts";
import { declare as declareTiles } from "./serve-tiles.ts";

export const declare: Declare = (program, host) => {
  const group = program
    .command("serve")
    .description("starts a part alone: serve tiles (a mock tile server), serve flows (flows over HTTP and WebSocket)");
  declareTiles(group, host);
  declareFlows(group, host);
};
