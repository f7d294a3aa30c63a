import { describe, expect, test } from "bun:test";
import { Turns } from "../../../../src/theory/simulate/turns.ts";

describe("tasks of an event loop", () => {
  test("go on in the order in which they became ready", () => {
    const tasks = new Turns();
    for (const task of [3, 1, 2]) tasks.push(task);
    expect([tasks.next(), tasks.next(), tasks.next(), tasks.next()]).toEqual([3, 1, 2, undefined]);
  });

  test("that asked for a turn come after what is ready", () => {
    const tasks = new Turns();
    tasks.later(1);
    tasks.push(2);
    expect(tasks.next()).toBe(2);
    expect(tasks.next()).toBeUndefined();
    expect(tasks.turn(false)).toBe(true);
    expect(tasks.next()).toBe(1);
  });

  test("let what is due go first, once", () => {
    const tasks = new Turns();
    tasks.later(1);
    expect([tasks.turn(true), tasks.anyLater, tasks.turn(true), tasks.anyLater]).toEqual([false, true, true, false]);
  });
});
