import { DataPipeline, type StageOptions } from "../../flows/index.ts";
import type { FlowItem, FlowMaker } from "./flow.ts";

/** Passes each item through all stages. */
export const dataPipeline =
  (name: string): FlowMaker =>
  (flows, lab) => {
    const { stages, concurrency, retry, circuitBreaker, fallback } = lab.settings;
    const options: StageOptions<FlowItem, FlowItem> = {
      concurrency,
      ...(fallback ? { fallback: (item: FlowItem) => item } : {}),
      ...(retry.max > 0 ? { retry: { max: retry.max, baseDelay: retry.baseDelay / 1000 } } : {}),
      ...(circuitBreaker === false
        ? {}
        : { circuitBreaker: { failureThreshold: circuitBreaker.failureThreshold, openForMs: circuitBreaker.openFor / 1000 } }),
    };
    let pipeline = DataPipeline.of<FlowItem>(name, { onFailure: () => {} });
    for (let place = 0; place < stages; place++) {
      pipeline = pipeline.stage(
        `stage ${place + 1}`,
        (item, { attempt }) => {
          const handling = lab.handle(item, place + (attempt - 1) * stages);
          return handling === undefined ? item : handling.then(() => item);
        },
        options,
      );
    }
    flows.register(pipeline.discard());
    return (item) => pipeline.process(item);
  };
