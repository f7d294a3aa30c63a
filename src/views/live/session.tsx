/** @jsxRuntime classic */
import { type Instance, render } from "ink";
import React, { Component, Fragment, type ReactNode, useSyncExternalStore } from "react";
import type { Bindings } from "./bindings.ts";
import type { Display } from "./display.ts";
import { Keyboard } from "./keys.ts";
import type { Surface } from "./surface.ts";
import { useSuspension } from "./suspension.ts";
import type { Terminal } from "./terminal.ts";
import type { Appearance, InkTheme } from "./theme.ts";

// The pragma above: which JSX runtime Bun picks depends on a tsconfig.json around the working directory and on NODE_ENV at start-up,
// neither of which an installed package decides. React.createElement is there in all of them.

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

/** One screen at a time on a display, each drawn by the same renderer. It knows none of them. */
export class Session {
  /** The error that broke the drawing; null: none. */
  failure: unknown = null;
  /** Draws from the first screen on: a frame drawn before it would delay it. */
  private instance: Instance | null = null;
  private readonly ended = Promise.withResolvers<void>();
  private readonly listeners = new Set<() => void>();
  private draw: Draw = () => null;
  /** Screens shown so far. */
  private shown = 0;

  constructor(private readonly display: Display) {
    display.stopDrawing = async () => {
      this.instance?.unmount();
      await this.instance?.waitUntilExit().catch(() => {});
    };
  }

  get terminal(): Terminal {
    return this.display.terminal;
  }

  get surface(): Surface {
    return this.display.surface;
  }

  get appearance(): Appearance {
    return this.display.appearance;
  }

  /** The keyboard input has ended. */
  get inputOver(): boolean {
    return this.display.inputOver;
  }

  /** Resolves when drawing has ended: it was left, or it failed. */
  get over(): Promise<void> {
    return this.ended.promise;
  }

  /** Shows a screen from now on. `onInputOver`: called when the keyboard input has ended. */
  show(draw: Draw, onInputOver: () => void): void {
    // The first screen draws over what the display has shown.
    if (this.shown > 0) this.surface.show(null);
    // Each showing begins anew, of the same screen too.
    const key = this.shown++;
    this.draw = (given) => <Fragment key={key}>{draw(given)}</Fragment>;
    this.display.onInputOver = onInputOver;
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
    const { surface, appearance, bindings, terminal, fps } = this.display;
    const keyboard = new Keyboard();
    terminal.onPointed = (pointed) => keyboard.onPointed(pointed);
    const given = { keyboard, surface, appearance, bindings, terminal, onInputOver: this.endInput, onTheme: this.nextTheme };
    const instance = render(
      <Guard onError={this.fail}>
        <Screens subscribe={this.subscribe} snapshot={() => this.draw} terminal={terminal} given={given} />
      </Guard>,
      terminal.drawing(fps),
    );
    instance.waitUntilExit().then(() => this.ended.resolve(), this.fail);
    return instance;
  }

  /** Stops drawing and restores the terminal; idempotent. */
  leave(): Promise<void> {
    return this.display.leave();
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
    this.display.inputOver = true;
    this.display.onInputOver();
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
