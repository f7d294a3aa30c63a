import type { Command } from "commander";
import { bashScript } from "../completion/bash.ts";
import { fishScript } from "../completion/fish.ts";
import { type Grammar, grammarOf } from "../completion/grammar.ts";
import { zshScript } from "../completion/zsh.ts";

const SCRIPTS: Readonly<Record<string, (program: Grammar) => string>> = { bash: bashScript, zsh: zshScript, fish: fishScript };

/** `lab-tui completion SHELL`: prints the script. */
export function printCompletion(program: Command, shell: string): void {
  process.stdout.write(SCRIPTS[shell]?.(grammarOf(program)) ?? "");
}
