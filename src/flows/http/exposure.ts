import { ownProperty } from "../../kernel/plain-value.ts";
import { DataPipeline, EventBus, type FlowOrchestrator, MessageQueue, ReactiveStream } from "../index.ts";
import { checkFlag, checkNames, checkOneOf, type OptionNames } from "../options.ts";
import type { Schema } from "./body.ts";
import { HttpProblem } from "./problem.ts";

/** What is allowed of one part, and how its input must be. */
export type Allowed<Word extends string> = Word | { readonly access: Word; readonly schema?: Schema };

/** Parts that clients reach, by name, and what they may do with each. What is not named is not there for them. */
export interface Exposed {
  /** `publish`: events of any type; else the types that may be published. */
  readonly events?: "publish" | Readonly<Record<string, Allowed<"publish">>>;
  readonly pipelines?: Readonly<Record<string, Allowed<"submit">>>;
  /** `send` includes `read`: asking how a task stands. */
  readonly queues?: Readonly<Record<string, Allowed<"send" | "read">>>;
  readonly streams?: Readonly<Record<string, Allowed<"read" | "write" | "read-write">>>;
  /** Whether figures of all parts are shown: `/stats`, `/metrics`, those of `/healthz`, the page. Default false. */
  readonly reports?: boolean;
}

/** Schemas of input, by name. */
export interface Schemas {
  readonly events?: Readonly<Record<string, Schema>>;
  readonly pipelines?: Readonly<Record<string, Schema>>;
  readonly queues?: Readonly<Record<string, Schema>>;
  readonly streams?: Readonly<Record<string, Schema>>;
}

const SCHEMAS_NAMES: OptionNames<Schemas> = { events: true, pipelines: true, queues: true, streams: true };
const EXPOSED_NAMES: OptionNames<Exposed> = { ...SCHEMAS_NAMES, reports: true };

type Kind = "pipelines" | "queues" | "streams";

const WORDS = { pipelines: ["submit"], queues: ["send", "read"], streams: ["read", "write", "read-write"] } as const;
const CLASSES = { pipelines: DataPipeline, queues: MessageQueue, streams: ReactiveStream } as const;
const SINGULAR = { pipelines: "pipeline", queues: "queue", streams: "stream" } as const;

/** A part that a client asked for, with what is allowed of it. */
export interface Found<P> {
  readonly part: P;
  readonly access: string;
  readonly schema: Schema | undefined;
}

/** Parts as clients see them. Without `exposed` all are there, for everything. */
export class Exposure {
  constructor(
    private readonly flows: FlowOrchestrator,
    private readonly exposed: Exposed | undefined,
    private readonly schemas: Schemas,
  ) {
    checkNames(exposed, EXPOSED_NAMES, "expose.");
    checkFlag("expose.reports", exposed?.reports);
    checkNames(schemas, SCHEMAS_NAMES, "schemas.");
    for (const kind of ["events", "pipelines", "queues", "streams"] as const)
      for (const [name, schema] of Object.entries(schemas[kind] ?? {})) checkSchema(`schemas.${kind}.${name}`, schema);
    for (const kind of ["pipelines", "queues", "streams"] as const) {
      for (const [name, allowed] of Object.entries<Allowed<string>>(exposed?.[kind] ?? {})) {
        checkAllowed(`expose.${kind}.${name}`, allowed, WORDS[kind]);
        if (!(flows.part(name) instanceof CLASSES[kind]))
          throw new Error(`expose.${kind}.${name}: there is no ${SINGULAR[kind]} of this name`);
      }
    }
    const { events } = exposed ?? {};
    for (const allowed of typeof events === "object" ? Object.values(events) : [events])
      checkAllowed("expose.events", allowed, ["publish"]);
  }

  get reports(): boolean {
    return this.exposed === undefined || this.exposed.reports === true;
  }

  pipeline(name: string): Found<DataPipeline<unknown, unknown>> {
    return this.find("pipelines", name) as Found<DataPipeline<unknown, unknown>>;
  }

  queue(name: string): Found<MessageQueue<unknown>> {
    return this.find("queues", name) as Found<MessageQueue<unknown>>;
  }

  stream(name: string): Found<ReactiveStream<unknown, unknown>> {
    return this.find("streams", name) as Found<ReactiveStream<unknown, unknown>>;
  }

  /** Throws a 404 problem where clients can publish nothing. */
  checkBus(): void {
    this.busAndEvents();
  }

  /** The bus that takes events of a type: the first among the parts, never the orchestrator's own. */
  bus(type: string): Found<EventBus<Record<string, unknown>>> {
    const { bus, events } = this.busAndEvents();
    const allowed = typeof events === "string" ? events : ownProperty(events, type);
    const schemas = this.schemas.events;
    if (allowed === undefined || (schemas !== undefined && !Object.hasOwn(schemas, type)))
      throw new HttpProblem(422, "there is no event of this type");
    const part = bus as unknown as EventBus<Record<string, unknown>>;
    return { part, access: "publish", schema: schemaOf(allowed) ?? ownProperty(schemas, type) };
  }

  private busAndEvents() {
    const bus = this.flows.parts.find((part) => part instanceof EventBus);
    const events = this.exposed === undefined ? "publish" : this.exposed.events;
    if (bus === undefined || events === undefined) throw new HttpProblem(404, "there is no event bus");
    return { bus, events };
  }

  /** Throws a 404 problem for a part that is not there, and for one that is not for clients. */
  private find(kind: Kind, name: string): Found<unknown> {
    const part = this.flows.part(name);
    const everything = WORDS[kind][kind === "streams" ? 2 : 0] ?? "";
    const allowed: Allowed<string> | undefined =
      this.exposed === undefined ? everything : ownProperty<Allowed<string>>(this.exposed[kind], name);
    if (allowed === undefined || !(part instanceof CLASSES[kind])) throw new HttpProblem(404, `there is no ${SINGULAR[kind]} of this name`);
    return { part, access: wordOf(allowed) ?? "", schema: schemaOf(allowed) ?? ownProperty(this.schemas[kind], name) };
  }
}

function checkAllowed(what: string, allowed: Allowed<string> | undefined, words: readonly string[]): void {
  if (typeof allowed === "object") {
    checkNames(allowed, { access: true, schema: true }, `${what}.`);
    if (allowed.schema !== undefined) checkSchema(`${what}.schema`, allowed.schema);
  }
  checkOneOf(what, wordOf(allowed), words);
}

/** Throws a sentence for a schema with which nothing can be validated. */
function checkSchema(what: string, schema: Schema): void {
  if (typeof schema?.["~standard"]?.validate === "function") return;
  throw new TypeError(`${what}: must be a schema by Standard Schema, got ${String(schema)}`);
}

function wordOf(allowed: Allowed<string> | undefined): string | undefined {
  return typeof allowed === "object" ? allowed.access : allowed;
}

function schemaOf(allowed: Allowed<string>): Schema | undefined {
  return typeof allowed === "object" ? allowed.schema : undefined;
}
