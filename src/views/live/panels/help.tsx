/** @jsxRuntime classic */

import { Box, Text } from "ink";
import React from "react";
import type { Theme } from "../theme.ts";

const KEYS: readonly (readonly [string, string])[] = [
  ["q", "quit; asks while a run is going on"],
  ["Tab, Shift-Tab, 1–5", "focus a panel"],
  ["Enter, z", "zoom the focused panel; Esc goes back"],
  ["Space", "freeze the picture; the run goes on"],
  ["Ctrl-C", "stop and drain; again: stop at once"],
  ["Ctrl-Z", "suspend the dashboard; the run goes on"],
  ["?", "this help; any key closes it"],
];

/** What the keys do, and how to read the panels. */
export function Help({ theme, height }: { readonly theme: Theme; readonly height: number }) {
  return (
    <Box flexDirection="column" height={height} paddingX={2} overflow="hidden">
      <Text bold>Keys</Text>
      {KEYS.map(([key, what]) => (
        <Text key={key} wrap="truncate">
          <Text {...(theme.accent === undefined ? {} : { color: theme.accent })}>{key.padEnd(22)}</Text>
          {what}
        </Text>
      ))}
      <Text> </Text>
      <Text bold>Panels</Text>
      <Text>All modes share one time axis; the mode that runs is drawn on top: sync ─── async ╌╌╌ parallel ━━━</Text>
      <Text>┄┄┄ is what theory expects. Latency is the 99th percentile of sojourn time: due → state updated.</Text>
      <Text>Cores shows those that the lab may run on. In sync mode queue depth is what is due and not yet taken.</Text>
    </Box>
  );
}
