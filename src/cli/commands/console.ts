import type { StopSignals } from "../signals.ts";
import { hasColors, isInteractive } from "../terminal.ts";
import { scenarioLines } from "./list.ts";

/** `lab-tui` alone: the scenario list on a terminal, where Enter runs one; otherwise its lines and a hint. */
export async function openConsole(signals: StopSignals): Promise<number> {
  if (!isInteractive()) {
    process.stdout.write(`${scenarioLines()}\nlab-tui run NAME runs one; lab-tui --help shows the rest.\n`);
    return 0;
  }
  const { Session } = await import("../../views/live/session.tsx");
  const { browse } = await import("../../views/live/screens/browse.tsx");
  const { listScenarios } = await import("../../scenario/find.ts");
  const { listed, unreadable } = listScenarios();
  const choices = [...listed, ...unreadable].sort((a, b) => (a.name < b.name ? -1 : 1));
  const session = new Session({ color: hasColors(process.stdout) });
  try {
    const chosen = await browse(session, choices);
    if (chosen === null) return 0;
    const { run } = await import("./run.ts");
    return await run([chosen], {}, signals, { session });
  } finally {
    await session.leave();
  }
}
