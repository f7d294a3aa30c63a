/** `lab-tui/flows`: the parts, and their server over HTTP and WebSocket. */

export type { Schema } from "./flows/http/body.ts";
export { FlowFace, type FlowFaceOptions, type ServeFlowsOptions, serveFlows } from "./flows/http/face.ts";
export type { SocketData } from "./flows/http/socket.ts";
export * from "./flows/index.ts";
export type { Timers } from "./kernel/timers.ts";
