export {
  AsyncEngine,
  type ConnectionOptions,
  type EngineOptions,
  type EngineResult,
  type RequestResult,
  type RetryOptions,
  SyncEngine,
  ThreadedEngine,
} from "./library/fetch-engines.ts";
export { type RunScenarioOptions, runScenario } from "./library/run-scenario.ts";
export type { CaseResult, RunResult } from "./telemetry/result.ts";
export type { Sample } from "./telemetry/sample.ts";
export type { FlowItem, FlowLab, FlowMaker } from "./workloads/flow/flow.ts";
export type { Handler, Message, MessageOp } from "./workloads/message/handler.ts";
