import { EXIT } from "../../kernel/exit.ts";
import { formatProblem, InvalidScenario, UserError } from "../../kernel/problem.ts";
import type { Choice } from "../../views/live/choices.ts";
import type { BrowseHost } from "../../views/live/screens/browse.tsx";
import type { FormValues } from "../../views/live/screens/browse-actions.ts";
import type { Session } from "../../views/live/session.tsx";
import { appearanceOf, framesOf } from "../appearance-flags.ts";
import type { RunFlags } from "../flags.ts";
import type { StopSignal, StopSignals } from "../signals.ts";
import { hasColors, isInteractive, wantsSentences } from "../terminal.ts";
import { scenarioLines } from "./list.ts";

/** `lab-tui` alone: on a terminal the console, from whose list of scenarios one goes to runs and past runs and back; else its lines and a hint. */
export async function openConsole(signals: StopSignals): Promise<number> {
  if (!isInteractive() || wantsSentences()) {
    process.stdout.write(`${scenarioLines()}\nlab-tui run NAME runs one; lab-tui --help shows the rest.\n`);
    return EXIT.done;
  }
  const { Display } = await import("../../views/live/display.ts");
  const appearance = appearanceOf({});
  const display = new Display({ color: hasColors(process.stdout), fps: framesOf({}), ...appearance });
  try {
    // The list is there before what takes longest to load.
    const { firstList } = await import("../../views/live/screens/browse-drawing.ts");
    const { listScenarios } = await import("../../scenario/find.ts");
    const choices = () => Object.values(listScenarios()).flat();
    const found = choices();
    display.open(firstList(found, appearance.bindings ?? {}, display.appearance.look));
    const { Session } = await import("../../views/live/session.tsx");
    return await new Console(new Session(display), signals).loop(found, choices);
  } finally {
    await display.leave();
  }
}

/** The console's way from screen to screen. */
class Console {
  private stoppedBy: StopSignal | null = null;
  private readonly stopped = Promise.withResolvers<void>();

  constructor(
    private readonly session: Session,
    private readonly signals: StopSignals,
  ) {}

  /** Resolves with the exit code when the user has left. `found`: the scenarios at its start; `choices` finds them anew. */
  async loop(found: readonly Choice[], choices: BrowseHost["choices"]): Promise<number> {
    const { browse, emptyMemory } = await import("../../views/live/screens/browse.tsx");
    const host = await browseHost(choices);
    const memory = emptyMemory();
    let listed = found;
    for (;;) {
      this.signals.handle((signal) => {
        this.stoppedBy ??= signal;
        this.stopped.resolve();
      });
      const outcome = await Promise.race([browse(this.session, host, memory, listed), this.stopped.promise]);
      if (this.stoppedBy !== null) return this.stoppedBy === "SIGTERM" ? EXIT.terminated : EXIT.interrupted;
      if (outcome === undefined || outcome.kind === "quit") return EXIT.done;
      if (outcome.kind === "history") {
        memory.notice = await this.history();
        memory.since = null;
      } else {
        const ran = await this.run(outcome.file, outcome.values);
        memory.since = null;
        if (typeof ran === "string") memory.notice = ran;
        else if (ran === EXIT.interrupted || ran === EXIT.terminated || this.session.inputOver) return ran;
      }
      // Files may have changed meanwhile.
      listed = choices();
    }
  }

  /** The exit code of a run, or why there was none. */
  private async run(file: string, values: FormValues | null): Promise<number | string> {
    const { run } = await import("./run.ts");
    try {
      return await run([file], values === null ? {} : flagsOf(values), this.signals, { session: this.session });
    } catch (error) {
      return whyNot(error);
    }
  }

  /** Past runs; what is to be said of them afterwards. */
  private async history(): Promise<string> {
    const { showHistory } = await import("../console/history.ts");
    try {
      return await showHistory(this.session, this.signals);
    } catch (error) {
      return whyNot(error);
    }
  }
}

function whyNot(error: unknown): string {
  if (error instanceof InvalidScenario && error.problems[0] !== undefined) return formatProblem(error.problems[0]);
  if (error instanceof UserError) return error.message.split("\n")[0] ?? "";
  throw error;
}

function flagsOf(values: FormValues): RunFlags {
  const given = Object.entries(values).filter(([, text]) => text.trim() !== "");
  return Object.fromEntries(given.map(([name, text]) => [name, text.trim()]));
}

async function browseHost(choices: BrowseHost["choices"]): Promise<BrowseHost> {
  const { scenarioName } = await import("../../scenario/find.ts");
  const { edit, newFile, ownFile } = await import("../console/editing.ts");
  const { lastRunOf, Previews } = await import("../console/previews.ts");
  const { openStore } = await import("../keep.ts");
  const previews = new Previews([process.execPath, Bun.main]);
  return {
    choices,
    preview: (choice, done) => previews.of(choice, done),
    last(choice) {
      try {
        const store = openStore();
        try {
          return lastRunOf(store, choice);
        } finally {
          store.close();
        }
      } catch {
        // Problems with past runs are shown on their own screen.
        return null;
      }
    },
    async edit(choice) {
      const file = choice === null ? newFile() : ownFile(choice.file);
      return { name: scenarioName(file), problem: await edit(file) };
    },
  };
}
