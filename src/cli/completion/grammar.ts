import type { Argument, Command, Option } from "commander";
import { MODES } from "../../scenario/modes.ts";

/** What may stand in a place of the command line. */
export type Values =
  /** One of the words; `list`: several of them, with commas. */
  | { readonly kind: "words" | "list"; readonly words: readonly string[] }
  /** Looked up when they are asked for, or paths; `any`: anything. */
  | { readonly kind: "scenarios" | "runs" | "compared" | "files" | "folders" | "any" };

export interface Flag {
  /** Its spellings, the short one first. */
  readonly names: readonly string[];
  readonly description: string;
  /** null: it takes none. */
  readonly value: Values | null;
  readonly repeatable: boolean;
}

/** A command as its declaration tells it. */
export interface Grammar {
  readonly name: string;
  readonly description: string;
  readonly flags: readonly Flag[];
  readonly arguments: readonly Values[];
  /** The last argument may be given more than once. */
  readonly variadic: boolean;
  readonly commands: readonly Grammar[];
}

/** Values by the placeholder that stands for them in the help. */
const BY_PLACEHOLDER: Readonly<Record<string, Values>> = {
  scenario: { kind: "scenarios" },
  run: { kind: "runs" },
  a: { kind: "compared" },
  b: { kind: "compared" },
  file: { kind: "files" },
  path: { kind: "files" },
  dir: { kind: "folders" },
  mode: { kind: "words", words: MODES },
  modes: { kind: "list", words: MODES },
};

/** The grammar of a command and its subcommands, from their declarations. */
export function grammarOf(command: Command): Grammar {
  const help = command.createHelp();
  const commands = help.visibleCommands(command);
  const names: Values = { kind: "words", words: commands.map((one) => one.name()) };
  return {
    name: command.name(),
    description: command.description(),
    flags: help.visibleOptions(command).map(flagOf),
    arguments: command.registeredArguments.map(argumentValues),
    variadic: command.registeredArguments.at(-1)?.variadic === true,
    commands: commands.map((one) => (one.name() === "help" ? { ...grammarOf(one), arguments: [names] } : grammarOf(one))),
  };
}

function flagOf(option: Option): Flag {
  const names = [option.short, option.long].filter((name) => name !== undefined);
  const takes = option.required || option.optional;
  const placeholder = /[<[]([^>\]]*?)(?:\.\.\.)?[>\]]/.exec(option.flags)?.[1] ?? "";
  return {
    names,
    description: option.description,
    value: takes ? valuesOf(option.argChoices, placeholder) : null,
    // Choices are kept by a parser of their own.
    repeatable: option.variadic || (option.parseArg !== undefined && option.argChoices === undefined),
  };
}

function argumentValues(argument: Argument): Values {
  return valuesOf(argument.argChoices, argument.name());
}

function valuesOf(choices: readonly string[] | undefined, placeholder: string): Values {
  return choices === undefined ? (BY_PLACEHOLDER[placeholder] ?? { kind: "any" }) : { kind: "words", words: choices };
}
