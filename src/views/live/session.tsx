/** @jsxRuntime classic */
import { type Instance, render } from "ink";
import React, { Component, Fragment, type ReactNode, useSyncExternalStore } from "react";
import type { Bindings } from "./bindings.ts";
import { Keyboard } from "./keys.ts";
import { Surface } from "./surface.ts";
import { useSuspension } from "./suspension.ts";
import { Terminal } from "./terminal.ts";
import { Appearance, type AppearanceOptions, type InkTheme } from "./theme.ts";

// The pragma above: which JSX runtime Bun picks depends on a tsconfig.json around the working directory and on NODE_ENV at start-up,
// neither of which an installed package decides. React.createElement is there in all of them.

/** Frames per second after keys, however few frames of the run there are. */
const KEYS_FPS = 10;
/** The same where no run is measured meanwhile. */
const LIST_FPS = 30;

export interface SessionOptions extends AppearanceOptions {
  /** Most frames per second while something runs; absent: nothing runs yet. */
  readonly fps?: number;
  /** Is given all that is written to the terminal. */
  readonly tap?: (bytes: string) => void;
  /** Keys that the user has given to actions. */
  readonly bindings?: Bindings;
}

/** Properties of every screen. */
export interface ScreenProps {
  readonly keyboard: Keyboard;
  readonly theme: InkTheme;
  readonly appearance: Appearance;
  readonly bindings: Bindings;
  /** Cells drawn without Ink. */
  readonly surface: Surface;
  readonly terminal: Terminal;
  readonly onTheme: () => void;
  readonly onSuspend: () => void;
  /** The keyboard input has ended. */
  readonly onInputOver: () => void;
}

type Draw = (props: ScreenProps) => ReactNode;

/** The terminal from its first frame to its last: one screen at a time, each drawn by the same renderer. It knows none of them. */
export class Session {
  readonly terminal: Terminal;
  readonly surface: Surface;
  readonly appearance: Appearance;
  /** The keyboard input has ended. */
  inputOver = false;
  /** The error that broke the drawing; null: none. */
  failure: unknown = null;
  /** Draws from the first screen on: a frame drawn before it would delay it. */
  private instance: Instance | null = null;
  private readonly fps: number;
  private readonly bindings: Bindings;
  private readonly ended = Promise.withResolvers<void>();
  private readonly listeners = new Set<() => void>();
  private draw: Draw = () => null;
  /** Screens shown so far. */
  private shown = 0;
  private onInputOver = () => {};

  constructor({ fps = LIST_FPS, tap, bindings = {}, ...appearance }: SessionOptions) {
    this.bindings = bindings;
    this.terminal = new Terminal(tap);
    this.appearance = new Appearance(appearance);
    this.fps = Math.max(KEYS_FPS, fps);
    this.surface = new Surface(this.terminal, this.appearance.codes());
    this.terminal.onForeign = () => this.surface.disturbed();
    this.terminal.take(this.endInput);
  }

  /** Resolves when drawing has ended: it was left, or it failed. */
  get over(): Promise<void> {
    return this.ended.promise;
  }

  /** Shows a screen from now on. `onInputOver`: called when the keyboard input has ended. */
  show(draw: Draw, onInputOver: () => void): void {
    this.surface.show(null);
    // Each showing begins anew, of the same screen too.
    const key = this.shown++;
    this.draw = (given) => <Fragment key={key}>{draw(given)}</Fragment>;
    this.onInputOver = onInputOver;
    this.instance ??= this.begin();
    for (const listener of this.listeners) listener();
  }

  /** Shows a screen until it decides something; `otherwise` is taken where the keyboard ends. Throws what broke the drawing. */
  async ask<T>(draw: (given: ScreenProps, decide: (outcome: T) => void) => ReactNode, otherwise: T): Promise<T> {
    const decided = Promise.withResolvers<T>();
    this.show(
      (given) => draw(given, decided.resolve),
      () => decided.resolve(otherwise),
    );
    await Promise.race([decided.promise, this.over]);
    if (this.failure !== null) throw this.failure;
    decided.resolve(otherwise);
    return decided.promise;
  }

  private begin(): Instance {
    const { surface, appearance, bindings, terminal, endInput: onInputOver, nextTheme: onTheme } = this;
    const keyboard = new Keyboard();
    terminal.onPointed = (pointed) => keyboard.onPointed(pointed);
    const given = { keyboard, surface, appearance, bindings, terminal, onInputOver, onTheme };
    const instance = render(
      <Guard onError={this.fail}>
        <Screens subscribe={this.subscribe} snapshot={() => this.draw} terminal={this.terminal} given={given} />
      </Guard>,
      this.terminal.drawing(this.fps),
    );
    instance.waitUntilExit().then(() => this.ended.resolve(), this.fail);
    return instance;
  }

  /** Stops drawing and restores the terminal; idempotent. */
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
    // React is still processing the failure.
    setImmediate(() => this.leave().finally(() => this.ended.resolve()));
  };
}

interface ScreensProps {
  readonly subscribe: (listener: () => void) => () => void;
  readonly snapshot: () => Draw;
  readonly terminal: Terminal;
  readonly given: Omit<ScreenProps, "onSuspend" | "theme">;
}

/** The current screen. */
function Screens({ subscribe, snapshot, terminal, given }: ScreensProps) {
  const draw = useSyncExternalStore(subscribe, snapshot);
  const onSuspend = useSuspension(terminal);
  return draw({ ...given, theme: given.appearance.ink, onSuspend });
}

interface GuardProps {
  readonly onError: (error: unknown) => void;
  readonly children: ReactNode;
}

/** Catches errors of a view, so that they end the drawing and not the run. */
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
