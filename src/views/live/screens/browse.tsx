/** @jsxRuntime classic */
import { Box, render, Text, useInput, useWindowSize } from "ink";
import React, { useRef, useState } from "react";
import { printable } from "../../../kernel/text.ts";
import { MODES } from "../../../scenario/schema.ts";
import { DIAGRAMS } from "../../report/diagram.ts";
import { FAULT } from "../../report/fault.ts";
import { Keyboard } from "../keys.ts";
import { useSuspension } from "../suspension.ts";
import { cutLines, guardTerminal, restoreTerminal } from "../terminal.ts";
import { COLORS, PLAIN, type Theme } from "../theme.ts";

/** A scenario to choose, or a file that is none, and why: it cannot be chosen. */
export type Choice = { readonly name: string; readonly file: string } & (
  | { readonly title: string; readonly why?: never }
  | { readonly why: string; readonly title?: never }
);

/** Shows the scenarios; resolves with the file of the one chosen with Enter, or null when the user quits. */
export async function pickScenario(choices: readonly Choice[], { color }: { readonly color: boolean }): Promise<string | null> {
  let chosen: string | null = null;
  // Before the first picture: what is typed the moment it shows must not pass through the line editor of the terminal.
  if (process.stdin.isTTY) process.stdin.setRawMode(true);
  const unguard = guardTerminal();
  cutLines();
  const instance = render(
    <Picker
      choices={choices}
      theme={color ? COLORS : PLAIN}
      onDone={(file) => {
        chosen = file;
        instance.unmount();
      }}
    />,
    { interactive: true, alternateScreen: true, incrementalRendering: true, exitOnCtrlC: false, patchConsole: false },
  );
  try {
    await instance.waitUntilExit();
  } finally {
    restoreTerminal();
    unguard();
  }
  return chosen;
}

interface PickerProps {
  readonly choices: readonly Choice[];
  readonly theme: Theme;
  readonly onDone: (file: string | null) => void;
}

function Picker({ choices, theme, onDone }: PickerProps) {
  const { columns, rows } = useWindowSize();
  const [at, setAt] = useState(0);
  /** The mode whose diagram is shown, by number; as many as there are: none. */
  const [drawn, setDrawn] = useState<number>(MODES.length);
  const place = useRef(0);
  const shown = useRef<number>(MODES.length);
  const keyboard = useRef(new Keyboard());
  const suspend = useSuspension();
  useInput((input, key) => {
    const typed = keyboard.current.typed(input, key);
    if (typed.length === 0) return;
    const move = (by: number) => {
      place.current = Math.max(0, Math.min(choices.length - 1, place.current + by));
    };
    const show = (number: number) => {
      shown.current = number % (MODES.length + 1);
      setDrawn(shown.current);
    };
    const drawing = shown.current < MODES.length;
    if (drawing && (key.escape || input === "q")) return show(MODES.length);
    if (key.escape || (key.ctrl && input === "c")) return onDone(null);
    if (key.ctrl && input === "z") return suspend();
    if (key.ctrl) return;
    if (input === "e") return show(drawing ? shown.current + 1 : 0);
    if (drawing) return;
    const choose = () => {
      const choice = choices[place.current];
      if (choice?.why === undefined) onDone(choice?.file ?? null);
    };
    if (key.return) return choose();
    if (key.downArrow) move(1);
    if (key.upArrow) move(-1);
    for (const char of typed) {
      if (char === "q") return onDone(null);
      if (char === "\r") return choose();
      if (char === "j") move(1);
      if (char === "k") move(-1);
    }
    setAt(place.current);
  });
  const mode = MODES[drawn];
  if (mode !== undefined) return <Diagram text={DIAGRAMS[mode]} columns={columns} rows={rows} theme={theme} />;
  const room = Math.max(1, rows - 5);
  const first = Math.max(0, Math.min(at - Math.floor(room / 2), choices.length - room));
  const width = Math.min(30, Math.max(4, ...choices.map(({ name }) => Bun.stringWidth(printable(name, 28)))));
  return (
    <Box flexDirection="column" width={columns} height={rows} overflow="hidden">
      <Text bold>lab-tui</Text>
      <Text dimColor={theme.faint} wrap="truncate">
        One stream of work through sync, async and parallel
      </Text>
      <Text> </Text>
      <Box flexDirection="column" height={room} overflow="hidden">
        {choices.slice(first, first + room).map(({ name, title, file, why }, i) => {
          const focused = first + i === at;
          const accent = focused && theme.accent !== undefined ? { color: theme.accent } : {};
          const label = printable(name, 28);
          return (
            <Text key={file} wrap="truncate" bold={focused} {...accent}>
              {`${focused ? "▸" : " "} ${label}${" ".repeat(Math.max(0, width - Bun.stringWidth(label)))}  ${why === undefined ? printable(title, 120) : `${FAULT} ${printable(why, 200)}`}`}
            </Text>
          );
        })}
      </Box>
      <Text dimColor={theme.faint} wrap="truncate">
        {`↑ ↓ choose  Enter run  e modes, drawn  q, Esc quit   ${choices.length === 0 ? "no scenarios found" : `${at + 1} of ${choices.length}`}`}
      </Text>
    </Box>
  );
}

interface DiagramProps {
  readonly text: string;
  readonly columns: number;
  readonly rows: number;
  readonly theme: Theme;
}

function Diagram({ text, columns, rows, theme }: DiagramProps) {
  const lines = text.trimEnd().split("\n");
  return (
    <Box flexDirection="column" width={columns} height={rows} overflow="hidden">
      <Box flexDirection="column" height={Math.max(1, rows - 2)} overflow="hidden">
        {lines.map((line, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the lines of a drawing never change places
          <Text key={i} wrap="truncate" bold={i === 0}>
            {line === "" ? " " : line}
          </Text>
        ))}
      </Box>
      <Text dimColor={theme.faint} wrap="truncate">
        e the next mode q, Esc back
      </Text>
    </Box>
  );
}
