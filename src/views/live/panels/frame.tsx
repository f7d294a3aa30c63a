/** @jsxRuntime classic */
import { Box, Text } from "ink";
import React, { type ReactNode } from "react";
import type { Theme } from "../theme.ts";

export interface FrameProps {
  readonly title: string;
  /** Figure at the right of the title. */
  readonly headline: string;
  readonly width: number;
  readonly height: number;
  readonly focused: boolean;
  readonly theme: Theme;
  readonly children: ReactNode;
}

/** A panel's border with title and figure in its upper edge. The inside is width − 2 by height − 2. */
export function Frame({ title, headline, width, height, focused, theme, children }: FrameProps) {
  const inner = Math.max(0, width - 2);
  const room = Math.max(0, inner - 2 - Bun.stringWidth(title) - 2);
  const figure = headline !== "" && Bun.stringWidth(headline) + 3 <= room ? ` ${headline} ` : "";
  const line = "─".repeat(Math.max(0, room - Bun.stringWidth(figure)));
  const color = focused ? theme.accent : undefined;
  const border = color === undefined ? {} : { color };
  return (
    <Box flexDirection="column" width={width} height={height} overflow="hidden">
      <Text wrap="truncate">
        <Text {...border} dimColor={!focused && theme.faint}>
          {focused ? "┏━" : "╭─"}
        </Text>
        <Text bold {...border}>{` ${title} `}</Text>
        <Text {...border} dimColor={!focused && theme.faint}>
          {line}
        </Text>
        <Text>{figure}</Text>
        <Text {...border} dimColor={!focused && theme.faint}>
          {focused ? "━┓" : "─╮"}
        </Text>
      </Text>
      <Box flexDirection="column" height={Math.max(0, height - 2)} paddingX={1} overflow="hidden">
        {children}
      </Box>
      <Text {...border} dimColor={!focused && theme.faint} wrap="truncate">
        {focused ? `┗${"━".repeat(inner)}┛` : `╰${"─".repeat(inner)}╯`}
      </Text>
    </Box>
  );
}
