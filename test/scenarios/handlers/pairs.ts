import type { Handler } from "../../../src/index.ts";

/** Writes the same number under two keys, with a wait in between: half of it must never be seen. */
const pairs: Handler = async (state) => {
  const next = ((state.get("a") as number | undefined) ?? 0) + 1;
  state.set("a", next);
  await Bun.sleep(1);
  state.set("b", next);
};

export default pairs;
