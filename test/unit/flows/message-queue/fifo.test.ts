import { expect, test } from "bun:test";
import fc from "fast-check";
import { Fifo } from "../../../../src/flows/message-queue/memory/fifo.ts";

test("values leave in the order in which they came, over the ends of pages and through emptiness", () => {
  const runs = fc.array(fc.tuple(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 300 })), { maxLength: 12 });
  fc.assert(
    fc.property(runs, (steps) => {
      const [fifo, list] = [new Fifo<number>(), [] as number[]];
      let next = 0;
      for (const [pushes, shifts] of steps) {
        for (let i = 0; i < pushes; i++) {
          fifo.push(next);
          list.push(next++);
        }
        for (let i = 0; i < shifts; i++) if (fifo.peek() !== list[0] || fifo.shift() !== list.shift()) return false;
        if (fifo.length !== list.length || fifo.peek() !== list[0]) return false;
      }
      return true;
    }),
    { numRuns: 50 },
  );
  const fifo = new Fifo<number>();
  for (let i = 0; i < 256; i++) fifo.push(i);
  expect(Array.from({ length: 257 }, () => fifo.shift())).toEqual([...Array(256).keys(), undefined]);
});
