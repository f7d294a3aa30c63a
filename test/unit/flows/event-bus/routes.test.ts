import { expect, test } from "bun:test";
import { MOST_ROUTES, Routes } from "../../../../src/flows/event-bus/routes.ts";
import { EventBus } from "../../../../src/flows/index.ts";

test("the types that are remembered are bounded, however many names come from outside", () => {
  const bus = new EventBus<Record<string, number>>();
  const everything = bus.subscribe("*", () => {});
  const routes = new Routes();
  for (let i = 0; i < 5000; i++) {
    expect(routes.add(`name ${i}`, [everything])).toEqual([everything]);
    expect(routes.size).toBeWithin(1, MOST_ROUTES + 1);
  }
  expect(Object.keys(routes.byType).length).toBe(routes.size);
});

test("a type that has no subscription is not remembered", () => {
  const routes = new Routes();
  for (let i = 0; i < 5000; i++) routes.add(`name ${i}`, []);
  expect(routes.size).toBe(0);
});
