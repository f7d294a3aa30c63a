import { dieWithParent } from "../../../kernel/parent.ts";
import type { FromMock, ToMock } from "./protocol.ts";
import { TileServer } from "./server.ts";

/** Entry point of a mock tile server's process. */

let server: TileServer | null = null;

function send(message: FromMock): void {
  process.send?.(message);
}

function obey(message: ToMock): void {
  switch (message.type) {
    case "start":
      server = new TileServer(message.settings, message.seed, 0);
      send({ type: "listening", port: server.port });
      return;
    case "begin":
      server?.begin();
      return;
    case "stats":
      if (server !== null) send({ type: "stats", stats: server.stats });
      return;
    default:
      message satisfies never;
  }
}

dieWithParent();
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});
process.on("disconnect", () => process.exit(0));
process.on("message", (message: ToMock) => {
  try {
    obey(message);
  } catch (error) {
    send({ type: "failed", reason: error instanceof Error ? error.message : String(error) });
  }
});
send({ type: "hello" });
