import type { Handler } from "../../../src/index.ts";

/** Counts a machine's messages, remembers their order, and errs on some of them in every way there is. */
const score: Handler = async (state, message) => {
  const seen = ((state.get("seen") as number | undefined) ?? 0) + 1;
  state.set("seen", seen);
  state.set("last", message.timestamp);
  if (seen % 10 === 3) throw new Error("a third\u001b[31m of ten");
  if (seen % 10 === 5) await Bun.sleep(1);
  if (seen % 10 === 7) void Promise.reject(new Error("a stray seventh"));
};

export default score;
