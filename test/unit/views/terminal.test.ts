import { expect, test } from "bun:test";
import { Terminal } from "../../../src/views/live/terminal.ts";

test("two who leave it at once, as when a view crashes at the end of a run, leave it once", async () => {
  const terminal = new Terminal();
  const { write } = process.stdout;
  terminal.take(() => {});
  const drawn = Promise.withResolvers<void>();
  let stopped = 0;
  const stopDrawing = () => {
    stopped++;
    return drawn.promise;
  };
  const both = [terminal.leave(stopDrawing), terminal.leave(stopDrawing)];
  expect(terminal.taken).toBe(true);
  drawn.resolve();
  await Promise.all(both);
  expect([stopped, process.stdout.write === write, terminal.taken]).toEqual([1, true, false]);
});
