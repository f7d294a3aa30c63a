import type { MockSettings } from "../../../scenario/schema.ts";
import type { MockStats } from "./server.ts";

/** Messages to the process of a mock server, over IPC. */
export type ToMock =
  | { readonly type: "start"; readonly settings: MockSettings; readonly seed: number }
  | { readonly type: "begin" }
  | { readonly type: "stats" };

export type FromMock =
  | { readonly type: "hello" }
  | { readonly type: "listening"; readonly port: number }
  | { readonly type: "failed"; readonly reason: string }
  | { readonly type: "stats"; readonly stats: MockStats };
