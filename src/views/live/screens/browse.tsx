/** @jsxRuntime classic */
import { Box, Text, useWindowSize } from "ink";
import React from "react";
import { printable } from "../../../kernel/text.ts";
import { MODES } from "../../../scenario/schema.ts";
import { DIAGRAMS } from "../../report/diagram.ts";
import { FAULT } from "../../report/fault.ts";
import { footerText } from "../actions.ts";
import type { ScreenProps, Session } from "../session.tsx";
import type { InkTheme } from "../theme.ts";
import { useActions } from "../use-actions.ts";
import { BROWSE_ACTIONS, type BrowseIntent, type BrowseState, FIRST_PLACE } from "./browse-actions.ts";

/** A scenario to choose, or an invalid file with the reason, which cannot be chosen. */
export type Choice = { readonly name: string; readonly file: string } & (
  | { readonly title: string; readonly why?: never }
  | { readonly why: string; readonly title?: never }
);

/** Shows the scenarios; resolves with the file of the chosen one, or null when the user quits. */
export async function browse(session: Session, choices: readonly Choice[]): Promise<string | null> {
  const chosen = Promise.withResolvers<string | null>();
  session.show(
    (given) => <Browse choices={choices} onDone={chosen.resolve} {...given} />,
    () => chosen.resolve(null),
  );
  await Promise.race([chosen.promise, session.over]);
  if (session.failure !== null) throw session.failure;
  chosen.resolve(null);
  return chosen.promise;
}

interface BrowseProps extends ScreenProps {
  readonly choices: readonly Choice[];
  /** The file of the chosen scenario; null: the user quits. */
  readonly onDone: (file: string | null) => void;
}

/** The scenarios, one of which is chosen, and the diagrams of the modes. */
function Browse({ choices, keyboard, theme, onDone, onSuspend }: BrowseProps) {
  const { columns, rows } = useWindowSize();
  const context = { count: choices.length, runs: (at: number) => choices[at] !== undefined && choices[at].why === undefined };
  const act = (intent: BrowseIntent, { at }: BrowseState) => {
    if (intent === "suspend") onSuspend();
    else onDone(intent === "choose" ? (choices[at]?.file ?? null) : null);
  };
  const state = useActions(keyboard, BROWSE_ACTIONS, FIRST_PLACE, () => context, act);
  const footer = footerText(BROWSE_ACTIONS, state, context);
  const mode = state.drawn === null ? undefined : MODES[state.drawn];
  if (mode !== undefined) return <Diagram text={DIAGRAMS[mode]} footer={footer} columns={columns} rows={rows} theme={theme} />;
  return (
    <Box flexDirection="column" width={columns} height={rows} overflow="hidden">
      <Text bold>lab-tui</Text>
      <Text dimColor={theme.faint} wrap="truncate">
        One stream of work through sync, async and parallel
      </Text>
      <Text> </Text>
      <Choices choices={choices} at={state.at} room={Math.max(1, rows - 5)} theme={theme} />
      <Text dimColor={theme.faint} wrap="truncate">
        {`${footer}   ${choices.length === 0 ? "no scenarios found" : `${state.at + 1} of ${choices.length}`}`}
      </Text>
    </Box>
  );
}

interface ChoicesProps {
  readonly choices: readonly Choice[];
  readonly at: number;
  /** Lines available. */
  readonly room: number;
  readonly theme: InkTheme;
}

function Choices({ choices, at, room, theme }: ChoicesProps) {
  const first = Math.max(0, Math.min(at - Math.floor(room / 2), choices.length - room));
  const width = Math.min(30, Math.max(4, ...choices.map(({ name }) => Bun.stringWidth(printable(name, 28)))));
  return (
    <Box flexDirection="column" height={room} overflow="hidden">
      {choices.slice(first, first + room).map(({ name, title, file, why }, i) => {
        const focused = first + i === at;
        const accent = focused && theme.accent !== undefined ? { color: theme.accent } : {};
        const label = printable(name, 28);
        const padding = " ".repeat(Math.max(0, width - Bun.stringWidth(label)));
        const about = why === undefined ? printable(title, 120) : `${FAULT} ${printable(why, 200)}`;
        return (
          <Text key={file} wrap="truncate" bold={focused} {...accent}>
            {`${focused ? "▸" : " "} ${label}${padding}  ${about}`}
          </Text>
        );
      })}
    </Box>
  );
}

interface DiagramProps {
  readonly text: string;
  readonly footer: string;
  readonly columns: number;
  readonly rows: number;
  readonly theme: InkTheme;
}

function Diagram({ text, footer, columns, rows, theme }: DiagramProps) {
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
        {footer}
      </Text>
    </Box>
  );
}
