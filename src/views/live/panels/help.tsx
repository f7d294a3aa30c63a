/** @jsxRuntime classic */

import { Box, Text } from "ink";
import React from "react";
import { helpRows } from "../actions.ts";
import { RUN_ACTIONS } from "../screens/run-actions.ts";
import type { Theme } from "../theme.ts";

/** Lines from which on there is room between the parts. */
const ROOMY = 20;

/** What the keys do, and how to read the panels. */
export function Help({ theme, height }: { readonly theme: Theme; readonly height: number }) {
  return (
    <Box flexDirection="column" height={height} paddingX={2} overflow="hidden">
      <Text bold>Keys</Text>
      {helpRows(RUN_ACTIONS).map(([key, what]) => (
        <Text key={key} wrap="truncate">
          <Text {...(theme.accent === undefined ? {} : { color: theme.accent })}>{key.padEnd(22)}</Text>
          {what}
        </Text>
      ))}
      {height < ROOMY ? null : <Text> </Text>}
      <Text bold>Panels</Text>
      <Text>All modes share one time axis; the mode that runs is drawn on top: sync ─── async ╌╌╌ parallel ━━━</Text>
      <Text>┄┄┄ is what theory expects. Latency is the 99th percentile of sojourn time: due → state updated.</Text>
      <Text>Cores shows those that the lab may run on. In sync mode queue depth is what is due and not yet taken.</Text>
    </Box>
  );
}
