import type { Flag, Grammar, Values } from "./grammar.ts";

/** A script for fish 3 and later. */
export function fishScript(program: Grammar): string {
  return `# Completion of ${program.name} for fish: ${program.name} completion fish | source

# Names from a list in JSON, one a line.
function __lab_tui_names
    lab-tui $argv[2] --json 2>/dev/null | string match -rg '^    "'$argv[1]'": "(.*)",$'
end

# Words that go on from a list with commas.
function __lab_tui_list
    set -l before (string match -r '^.*,' -- (commandline -ct | string replace -r '^--[^=]*=' ''))
    printf '%s\\n' $before$argv
end

complete -c ${program.name} -f
${linesOf(program, [], program.name).join("\n")}
`;
}

function linesOf(command: Grammar, path: readonly string[], program: string): readonly string[] {
  const own = `complete -c ${program} -n ${quotedWord(conditionOf(command, path))}`;
  return [
    ...command.commands.map(({ name, description }) => `${own} -a ${name} -d ${quotedWord(description)}`),
    ...[...new Set(command.arguments.map(offered))].filter((offer) => offer !== "").map((offer) => `${own} ${offer}`),
    ...command.flags.map((flag) => `${own} ${flagWords(flag)}`),
    ...command.commands.flatMap((one) => linesOf(one, [...path, one.name], program)),
  ];
}

/** True while the command of this path is written, and none of those below it. */
function conditionOf(command: Grammar, path: readonly string[]): string {
  if (path.length === 0) return "__fish_use_subcommand";
  const seen = path.map((name) => `__fish_seen_subcommand_from ${name}`);
  const below = command.commands.map(({ name }) => name);
  return [...seen, ...(below.length > 0 ? [`not __fish_seen_subcommand_from ${below.join(" ")}`] : [])].join("; and ");
}

function flagWords({ names, description, value }: Flag): string {
  const spelt = names.map((name) => (name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  const taken = value === null ? [] : [`-r ${offered(value)}`.trim()];
  return [...spelt, ...taken, `-d ${quotedWord(description)}`].join(" ");
}

/** Options of \`complete\` that offer the values. */
function offered(values: Values): string {
  switch (values.kind) {
    case "words":
      return `-f -a ${quotedWord(values.words.join(" "))}`;
    case "list":
      return `-f -a '(__lab_tui_list ${values.words.join(" ")})'`;
    case "scenarios":
      return "-F -a '(__lab_tui_names name list)'";
    case "runs":
      return "-F -a 'last (__lab_tui_names run runs)'";
    case "compared":
      return "-F -a 'last (__lab_tui_names run runs) (__lab_tui_names name list)'";
    case "files":
      return "-F";
    case "folders":
      return "-f -a '(__fish_complete_directories (commandline -ct))'";
    case "any":
      return "";
  }
  return values satisfies never;
}

function quotedWord(text: string): string {
  return `'${text.replace(/['\\]/g, "\\$&")}'`;
}
