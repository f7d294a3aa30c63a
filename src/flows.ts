/** `lab-tui/flows`: the parts, and their face over HTTP and WebSocket. */
export * from "./flows/index.ts";
export { FlowFace, type FlowFaceOptions, type ServeFlowsOptions, serveFlows } from "./server/flows/face.ts";
