/** What a part of a flow that is to tell nobody of its failures is made with. */
export const quiet = { onFailure: () => {} };

/** An object whose `then` cannot be read. */
// biome-ignore lint/suspicious/noThenProperty: what this is about
export const unreadable = Object.defineProperty({}, "then", {
  get() {
    throw new Error("do not look");
  },
});

/** An object whose `then` throws. */
// biome-ignore lint/suspicious/noThenProperty: what this is about
export const throwing = Object.defineProperty({}, "then", {
  value: () => {
    throw new Error("not so");
  },
}) as Promise<number>;
