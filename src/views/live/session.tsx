/** @jsxRuntime classic */
import { type Instance, render } from "ink";
import React, { Component, type ReactNode, useSyncExternalStore } from "react";
import { Keyboard } from "./keys.ts";
import { Surface } from "./surface.ts";
import { useSuspension } from "./suspension.ts";
import { Terminal } from "./terminal.ts";
import { Appearance, type AppearanceOptions, type InkTheme } from "./theme.ts";

// The pragma above: which JSX runtime Bun picks depends on a tsconfig.json around the working directory and on NODE_ENV at
// start-up, neither of which an installed package decides. React.createElement is there in all of them.

/** What a key changes is drawn as often as this, per second, however few pictures of the run there are. */
const KEYS_FPS = 10;
/** The same where no run is measured meanwhile. */
const LIST_FPS = 30;

export interface SessionOptions extends AppearanceOptions {
  /** Pictures per second at most while something runs; none given: nothing does yet. */
  readonly fps?: number;
  /** Is given all that is written to the terminal. */
  readonly tap?: (bytes: string) => void;
}

/** What every screen is given. */
export interface ScreenProps {
  readonly keyboard: Keyboard;
  readonly theme: InkTheme;
  readonly appearance: Appearance;
  /** Cells that are drawn without Ink. */
  readonly surface: Surface;
  readonly onTheme: () => void;
  readonly onSuspend: () => void;
  /** The keyboard is at its end. */
  readonly onInputOver: () => void;
}

type Draw = (props: ScreenProps) => ReactNode;

/** The terminal from its first picture to its last: one screen at a time, each drawn by the same renderer. It knows none of them. */
export class Session {
  readonly terminal: Terminal;
  readonly surface: Surface;
  readonly appearance: Appearance;
  /** The keyboard is at its end. */
  inputOver = false;
  /** What broke the drawing; null: nothing. */
  failure: unknown = null;
  /** Draws from the first screen on: what is drawn before it would hold that up by a picture's time. */
  private instance: Instance | null = null;
  private readonly fps: number;
  private readonly ended = Promise.withResolvers<void>();
  private readonly listeners = new Set<() => void>();
  private draw: Draw = () => null;
  private onInputOver = () => {};

  constructor({ fps = LIST_FPS, tap, ...appearance }: SessionOptions) {
    this.terminal = new Terminal(tap);
    this.appearance = new Appearance(appearance);
    this.fps = Math.max(KEYS_FPS, fps);
    this.surface = new Surface(this.terminal, this.appearance.codes());
    this.terminal.onForeign = () => this.surface.disturbed();
    this.terminal.take(this.endInput);
  }

  /** Resolves when nothing is drawn any more: it was left, or it broke. */
  get over(): Promise<void> {
    return this.ended.promise;
  }

  /** From now on this screen is drawn. `onInputOver`: the keyboard is at its end. */
  show(draw: Draw, onInputOver: () => void): void {
    this.surface.show(null);
    this.draw = draw;
    this.onInputOver = onInputOver;
    this.instance ??= this.begin();
    for (const listener of this.listeners) listener();
  }

  private begin(): Instance {
    const { surface, appearance, endInput: onInputOver, nextTheme: onTheme } = this;
    const given = { keyboard: new Keyboard(), surface, appearance, onInputOver, onTheme };
    const instance = render(
      <Guard onError={this.fail}>
        <Screens subscribe={this.subscribe} snapshot={() => this.draw} terminal={this.terminal} given={given} />
      </Guard>,
      this.terminal.drawing(this.fps),
    );
    instance.waitUntilExit().then(() => this.ended.resolve(), this.fail);
    return instance;
  }

  /** Draws nothing any more and gives the terminal back; once it has, nothing happens. */
  leave(): Promise<void> {
    this.surface.end();
    return this.terminal.leave(async () => {
      this.instance?.unmount();
      await this.instance?.waitUntilExit().catch(() => {});
    });
  }

  private readonly nextTheme = () => {
    this.appearance.next();
    this.surface.recolor(this.appearance.codes());
    for (const listener of this.listeners) listener();
  };

  private readonly subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private readonly endInput = () => {
    this.inputOver = true;
    this.onInputOver();
  };

  private readonly fail = (error: unknown) => {
    if (this.failure !== null) return;
    this.failure = error ?? "unknown";
    // React is still at work on what failed.
    setImmediate(() => this.leave().finally(() => this.ended.resolve()));
  };
}

interface ScreensProps {
  readonly subscribe: (listener: () => void) => () => void;
  readonly snapshot: () => Draw;
  readonly terminal: Terminal;
  readonly given: Omit<ScreenProps, "onSuspend" | "theme">;
}

/** The screen that is shown. */
function Screens({ subscribe, snapshot, terminal, given }: ScreensProps) {
  const draw = useSyncExternalStore(subscribe, snapshot);
  const onSuspend = useSuspension(terminal);
  return draw({ ...given, theme: given.appearance.ink, onSuspend });
}

interface GuardProps {
  readonly onError: (error: unknown) => void;
  readonly children: ReactNode;
}

/** Catches what a view throws, so that it costs the picture and not the run. */
class Guard extends Component<GuardProps, { readonly failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override componentDidCatch(error: unknown): void {
    this.props.onError(error);
  }

  override render(): ReactNode {
    return this.state.failed ? null : this.props.children;
  }
}
