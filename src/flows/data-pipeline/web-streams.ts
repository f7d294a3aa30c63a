import type { SharedOutput } from "../shared-output.ts";
import type { PipelineRun } from "./pipeline-run.ts";

/** The results of a pipeline as a Web Stream, one reader of its output. It errors at its end when items were abandoned. */
export function readableOf<T>(run: PipelineRun): ReadableStream<T> {
  const reader = (run.output as SharedOutput<T>)[Symbol.asyncIterator]();
  return new ReadableStream<T>({
    pull: async (controller) => {
      const result = await reader.next();
      if (result.done !== true) controller.enqueue(result.value);
      else if (run.loss === null) controller.close();
      else controller.error(run.loss.reason);
    },
    cancel: async (reason) => void (await reader.leave(reason)),
  });
}

/** The entry of a pipeline as a Web Stream. It errors as soon as the pipeline abandons what is inside. */
export function writableOf<T>(run: PipelineRun): WritableStream<T> {
  let forget = () => {};
  const abandon = (reason: unknown) => {
    forget();
    run.abandon(reason);
  };
  return new WritableStream<T>({
    start: (controller) => {
      forget = run.whenAbandoned((reason) => controller.error(reason));
      // At once: a write that waits for room would hold up `abort`. Without a reason the signal's is an AbortError.
      const { signal } = controller as WritableStreamDefaultController & { readonly signal: AbortSignal };
      signal.addEventListener("abort", () => abandon(signal.reason), { once: true });
    },
    write: (value) => run.feed(value, undefined),
    close: () => {
      forget();
      return run.close();
    },
  });
}
