/**
 * Building blocks of non-blocking applications: an event bus, data pipelines, reactive streams, message queues, and an orchestrator that
 * runs them together. `import { EventBus } from "lab-tui/flows"`.
 */
export { Channel, type ChannelOverflow } from "./channel.ts";
export type { BatchOptions } from "./data-pipeline/batch.ts";
export type { FlowContext } from "./data-pipeline/context.ts";
export { DataPipeline } from "./data-pipeline/data-pipeline.ts";
export type { DataPipelineOptions, FailedItem, FeedOptions, PipelineStats } from "./data-pipeline/pipeline-run.ts";
export type { StageStats } from "./data-pipeline/stage.ts";
export type { StageFunction, StageOptions, TapOptions } from "./data-pipeline/stage-options.ts";
export type { Delivery, Undelivered } from "./event-bus/delivery.ts";
export type { AnyEvent, EventFilter, EventName } from "./event-bus/event.ts";
export { FlowEvent } from "./event-bus/event.ts";
export { EventBus } from "./event-bus/event-bus.ts";
export type {
  BusStats,
  EmitOptions,
  EventBusOptions,
  EventsOptions,
  NextOptions,
  PublishOptions,
  SubscribeOptions,
} from "./event-bus/options.ts";
export type { Delivering, SubscriptionStats } from "./event-bus/rule.ts";
export type { Subscription } from "./event-bus/subscription.ts";
export { type FlowFailure, type OnFailure, Stopped, TimedOut } from "./failures.ts";
export { type BreakerOptions, Guard, type GuardOptions, Refused, type RetryRule } from "./guard.ts";
export type { FlowHeaders } from "./headers.ts";
export type { Consumer, ConsumerStats, Settled } from "./message-queue/consumer/rule.ts";
export type { GroupStats } from "./message-queue/group-figures.ts";
export type { ListOptions, PurgeOptions } from "./message-queue/inspection.ts";
export { GiveUp, type Handler, type Message, NonRetryableError } from "./message-queue/message.ts";
export {
  type ConsumeOptions,
  MessageQueue,
  type MessageQueueOptions,
  type QueueStats,
} from "./message-queue/message-queue.ts";
export type { RateLimit } from "./message-queue/rate-limits.ts";
export { DeadLetterError, type ResultOptions } from "./message-queue/results.ts";
export type { Schedule, ScheduleRule, ScheduleSendOptions } from "./message-queue/schedules.ts";
export {
  type DeadLetter,
  type GroupDepth,
  type GroupState,
  type Leased,
  type LeaseRef,
  type LeaseRequest,
  type Lent,
  type ListRequest,
  type NewMessage,
  type Note,
  type Noted,
  QueueError,
  type QueueProblem,
  type QueueStore,
  type Receipt,
  type Settlement,
  type StoreAnswer,
  type StoredMessage,
  type StoreOptions,
  type TaskState,
  type Terms,
  type Tokens,
} from "./message-queue/store.ts";
export type { SendOptions } from "./message-queue/terms.ts";
export type { Alert, AlertRule } from "./orchestrator/alerts.ts";
export type { RegisterOptions } from "./orchestrator/entry.ts";
export {
  FlowOrchestrator,
  type FlowOrchestratorOptions,
  type LifecycleEvents,
  type PartHealth,
} from "./orchestrator/flow-orchestrator.ts";
export { Service } from "./orchestrator/service.ts";
export type { DurationCounts, Durations, HandlingStats, Health, Part, PartStats, StopOptions } from "./part.ts";
export { ReactiveStream } from "./reactive-stream/reactive-stream.ts";
export type { ReactiveStreamOptions, StreamStats, Transformer } from "./reactive-stream/rule.ts";
export {
  type StreamObserver,
  type StreamOverflow,
  Subscriber,
  type SubscriberOptions,
  type SubscriberStats,
  TooSlow,
} from "./reactive-stream/subscriber.ts";
