/** @jsxRuntime classic */

import { Box, Text } from "ink";
import React from "react";
import { cutTo, printable } from "../../../kernel/text.ts";
import { formatMs, formatShare } from "../../../kernel/units.ts";
import { paramsText } from "../../report/sweep.ts";
import { disturbanceNote, machineLine, progress } from "../figures.ts";
import type { RunView } from "../store.ts";
import type { Theme } from "../theme.ts";
import { bar } from "./cores-panel.tsx";

export interface HeaderProps {
  readonly view: RunView;
  readonly width: number;
  readonly frozen: boolean;
  readonly theme: Theme;
}

/** Scenario, mode i of n, progress with the time left: two lines. */
export function Header({ view, width, frozen, theme }: HeaderProps) {
  const current = view.cases[view.current];
  const mode = current?.outline.mode ?? "";
  const color = theme.modes[mode];
  const { share, leftMs } = progress(view);
  const left = statusText(view, leftMs);
  const notes = [
    frozen ? "frozen" : "",
    disturbanceNote(view),
    view.stopping === "no" ? "" : view.stopping === "now" ? "stopping now" : "stopping, draining",
  ].filter(Boolean);
  const tail = ` ${formatShare(share)} ${left}${notes.length > 0 ? ` · ${notes.join(" · ")}` : ""}`;
  const label = view.cases.length === 0 ? "preparing" : labelOf(view, mode);
  const barWidth = Math.max(4, width - Bun.stringWidth(label) - Bun.stringWidth(tail) - 2);
  const about = cutTo(` ${printable(view.name, 40)} · ${machineLine(view)}`, Math.floor((2 * width) / 3));
  const title = printable(view.title || "lab-tui", Math.max(1, width - Bun.stringWidth(about)));
  return (
    <Box flexDirection="column" width={width} height={2}>
      <Box width={width}>
        <Box flexGrow={1}>
          <Text bold>{title}</Text>
        </Box>
        <Text dimColor={theme.faint}>{about}</Text>
      </Box>
      <Text wrap="truncate">
        <Text bold {...(color === undefined ? {} : { color })}>
          {label}
        </Text>
        <Text> </Text>
        <Text {...(color === undefined ? {} : { color })}>{bar(share, barWidth)}</Text>
        <Text>{tail}</Text>
      </Text>
    </Box>
  );
}

/** What the scenario expects to be seen, as much as a line holds. */
export function Expected({ view, theme }: Pick<HeaderProps, "view" | "theme">) {
  return (
    <Text dimColor={theme.faint} wrap="truncate">
      {`Hypothesis: ${view.hypothesis}`}
    </Text>
  );
}

/** Mode i of n; in a sweep also where in it. */
function labelOf(view: RunView, mode: string): string {
  // The last part of a field's name is enough here.
  const swept = Object.entries(view.cases[view.current]?.outline.params ?? {});
  const params = paramsText(Object.fromEntries(swept.map(([field, value]) => [field.replace(/^.*\./, ""), value])));
  const note = view.note === "" ? "" : ` · ${printable(view.note, 60)}`;
  if (params === "") return `${mode} (mode ${view.current + 1} of ${view.cases.length})${note}`;
  const number = view.phase === "finished" ? view.ran.length : Math.min(view.cases.length, view.ran.length + 1);
  return `${mode} (${number} of ${view.cases.length}) ${printable(params, 60)}${note}`;
}

function statusText(view: RunView, leftMs: number | null): string {
  const current = view.cases[view.current];
  if (view.phase === "finished") return "finished";
  if (current === undefined || current.state === "waiting" || current.state === "preparing") return "warming up";
  if (current.state === "done") return "done";
  if (leftMs !== null) return `${formatMs(leftMs)} left`;
  // A list that has only begun: how fast it goes shows in what is done of it.
  return current.lastMs > 0 ? "draining" : "starting";
}
