/** `lab-tui/flows`: the parts, and their server over HTTP and WebSocket. */

import "./flows/runtime.ts";

export type { Schema } from "./flows/http/body.ts";
export type { Allowed, Exposed, Schemas } from "./flows/http/exposure.ts";
export { FlowFace, type FlowFaceOptions } from "./flows/http/face.ts";
export type { HostOptions } from "./flows/http/host.ts";
export { type ServeFlowsOptions, serveFlows } from "./flows/http/serve.ts";
export type { SocketData } from "./flows/http/socket.ts";
export * from "./flows/index.ts";
export type { Timers } from "./kernel/timers.ts";
