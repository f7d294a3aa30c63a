import { describe, expect, test } from "bun:test";
import { Surface } from "../../../src/views/live/surface.ts";

function rig() {
  const written: string[] = [];
  const later: (() => void)[] = [];
  const terminal = { columns: 10, rows: 2, ready: true, paint: (bytes: string) => void written.push(bytes) };
  let now = 0;
  const surface = new Surface(
    terminal,
    () => "",
    () => now,
    (act) => later.push(act),
  );
  return { written, later, terminal, surface, tick: (ms: number) => (now += ms) };
}

describe("a surface", () => {
  test("writes what has changed, in one synchronized update that leaves the cursor below", () => {
    const { written, surface } = rig();
    let text = "abc";
    surface.show((canvas) => void canvas.text(0, 0, text));
    text = "abd";
    surface.paint();
    surface.paint();
    expect(written).toHaveLength(2);
    expect(written[1]).toBe("\u001b[?2026h\u001b[1;3Hd\u001b[0m\u001b[2;1H\u001b[?2026l");
  });

  test("paints over what others write, once for all of it", async () => {
    const { written, surface } = rig();
    surface.show((canvas) => void canvas.text(0, 0, "abc"));
    surface.disturbed();
    surface.disturbed();
    await Promise.resolve();
    expect(written).toHaveLength(2);
    expect(written[1]).toContain("abc");
  });

  test("where nothing is shown others write undisturbed, on an empty screen", async () => {
    const { written, surface } = rig();
    surface.show((canvas) => void canvas.text(0, 0, "abc"));
    surface.show(null);
    expect(written[1]).toContain("\u001b[K");
    surface.disturbed();
    await Promise.resolve();
    expect(written).toHaveLength(2);
  });

  test("at its end it draws nothing more", async () => {
    const { written, surface } = rig();
    surface.show((canvas) => void canvas.text(0, 0, "abc"));
    surface.end();
    surface.disturbed();
    await Promise.resolve();
    surface.paint();
    expect(written).toHaveLength(1);
  });

  describe("that rehearses", () => {
    test("draws pictures of the terminal's size, and writes nothing", () => {
      const { written, surface } = rig();
      const sizes: string[] = [];
      surface.rehearse(
        [1, 2].map(
          () =>
            ({ width, height }) =>
              void sizes.push(`${width}×${height}`),
        ),
      );
      expect([sizes, written]).toEqual([["10×2", "10×2"], []]);
    });

    test("does so only once", () => {
      const { surface } = rig();
      let drawn = 0;
      for (const _ of [1, 2]) surface.rehearse([() => void drawn++]);
      expect(drawn).toBe(1);
    });

    test("ends with a picture that cannot be drawn", () => {
      const { surface } = rig();
      let drawn = 0;
      const failing = () => {
        drawn++;
        throw new Error("no");
      };
      surface.rehearse([failing, failing]);
      expect(drawn).toBe(1);
    });

    test("leaves alone a terminal that is too large to draw on", () => {
      const { surface, terminal } = rig();
      Object.assign(terminal, { columns: 65535, rows: 65535 });
      let drawn = 0;
      surface.rehearse([() => void drawn++]);
      expect(drawn).toBe(0);
    });
  });

  test("a terminal that is not ready gets the newest picture once it is", () => {
    const { written, later, terminal, surface } = rig();
    terminal.ready = false;
    let text = "old";
    surface.show((canvas) => void canvas.text(0, 0, text));
    surface.paint();
    expect([written.length, later.length]).toEqual([0, 1]);
    text = "new";
    terminal.ready = true;
    later[0]?.();
    expect(written).toHaveLength(1);
    expect(written[0]).toContain("new");
  });

  test("a terminal that has changed its size gets a whole picture of that size", () => {
    const { written, terminal, surface } = rig();
    surface.show((canvas) => void canvas.text(0, 0, `${canvas.width}×${canvas.height}`));
    terminal.columns = 12;
    surface.paint();
    expect(written[1]).toContain("12×2");
    terminal.columns = 65_535;
    terminal.rows = 65_535;
    surface.paint();
    expect(written).toHaveLength(2);
  });

  test("other colours are a new picture", () => {
    const { written, surface } = rig();
    surface.show((canvas) => void canvas.text(0, 0, "abc"));
    surface.recolor(() => "<new>");
    expect(written[1]).toContain("<new>abc");
  });

  test("knows what its pictures have taken", () => {
    const { surface, tick } = rig();
    surface.show(() => tick(7));
    expect(surface.spentMs).toBe(7);
  });
});
