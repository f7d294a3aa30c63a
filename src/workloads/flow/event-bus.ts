import { EventBus } from "../../flows/index.ts";
import type { FlowItem, FlowMaker } from "./flow.ts";

/** Publishes an event for each item, which is done when every subscriber has handled it. */
export const eventBus =
  (name: string): FlowMaker =>
  (flows, lab) => {
    const bus = flows.register(new EventBus<{ item: FlowItem }>({ name, onFailure: () => {} }));
    const { subscribers } = lab.settings;
    for (let place = 0; place < subscribers; place++)
      bus.subscribe("item", ({ data }) => lab.handle(data, place), { name: `subscriber ${place + 1}`, concurrency: 10_000 });
    return async (item) => {
      const { failed, abandoned } = await bus.publish("item", item);
      if (failed > 0) throw new Error("a subscriber failed");
      if (abandoned > 0) throw new Error("a subscriber was not there to the end");
    };
  };
