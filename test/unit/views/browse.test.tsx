/** @jsxRuntime classic */
import { expect, test } from "bun:test";
import { PassThrough } from "node:stream";
import { render } from "ink";
import React from "react";
import { Canvas } from "../../../src/views/canvas/canvas.ts";
import type { Choice } from "../../../src/views/live/choices.ts";
import { Keyboard } from "../../../src/views/live/keys.ts";
import { type BrowseHost, browse, emptyMemory } from "../../../src/views/live/screens/browse.tsx";
import type { ScreenProps, Session } from "../../../src/views/live/session.tsx";
import type { Draw } from "../../../src/views/live/surface.ts";

/** A session that draws its one screen on a canvas; resolves with what is on it. */
async function shown(start: (session: Pick<Session, "ask">) => unknown): Promise<string> {
  const canvas = new Canvas(80, 24);
  const drawn = Promise.withResolvers<void>();
  const surface = {
    show(draw: Draw | null) {
      draw?.(canvas);
      drawn.resolve();
    },
  };
  const given = { keyboard: new Keyboard(), bindings: {}, appearance: { look: { glyphs: "braille", shaded: false } }, surface };
  start({
    ask: async (draw) => {
      const stdout = Object.assign(new PassThrough(), { columns: 80, rows: 24 }) as unknown as NodeJS.WriteStream;
      const screen = draw(given as unknown as ScreenProps, () => {});
      const instance = render(React.createElement(React.Fragment, null, screen), { stdout, patchConsole: false, exitOnCtrlC: false });
      await drawn.promise;
      instance.unmount();
      return { kind: "quit" } as never;
    },
  });
  await drawn.promise;
  return canvas.toString();
}

test("the list shows the scenarios that were found, and reads no file again", async () => {
  const found: Choice[] = [
    { name: "found-before", file: "/found-before.yaml", title: "Found before", modes: ["sync"], workload: "message", tags: {} },
  ];
  const host: BrowseHost = {
    choices: () => {
      throw new Error("the files were read again");
    },
    preview: () => () => {},
    last: () => null,
    edit: () => Promise.reject(new Error("not asked for")),
  };
  expect(await shown((session) => browse(session, host, emptyMemory(), found))).toContain("found-before");
});
