/** `lab-tui/flows`: the parts, and their face over HTTP and WebSocket. */
export * from "./flows/index.ts";
export type { Timers } from "./kernel/timers.ts";
export type { Schema } from "./server/flows/body.ts";
export { FlowFace, type FlowFaceOptions, type ServeFlowsOptions, serveFlows } from "./server/flows/face.ts";
export type { SocketData } from "./server/flows/socket.ts";
