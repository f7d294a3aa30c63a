import type { Flag, Grammar, Values } from "./grammar.ts";

/** A script for zsh: sourced, or as the file `_lab-tui` of a folder in `fpath`. */
export function zshScript(program: Grammar): string {
  return `#compdef ${program.name}
# Completion of ${program.name} for zsh: source <(${program.name} completion zsh)

# Names from a list in JSON, one a line.
_lab_tui_names() {
  lab-tui "$2" --json 2>/dev/null | sed -n 's/^    "'"$1"'": "\\(.*\\)",$/\\1/p'
}

_lab_tui_scenarios() {
  local -a names=(\${(f)"$(_lab_tui_names name list)"})
  _alternative 'scenarios:scenario:compadd -a names' 'files:scenario file:_files -g "*.(yaml|yml)"'
}

_lab_tui_compared() {
  local -a names=(last \${(f)"$(_lab_tui_names run runs)"} \${(f)"$(_lab_tui_names name list)"})
  _alternative 'arms:run or scenario:compadd -a names' 'files:result or scenario file:_files -g "*.(json|yaml|yml)"'
}

_lab_tui_runs() {
  local -a names=(last \${(f)"$(_lab_tui_names run runs)"})
  _alternative 'runs:run:compadd -a names' 'files:result file:_files -g "*.json"'
}

${functionsOf(program, "_lab_tui").join("\n")}
if [[ "\${funcstack[1]}" == _lab_tui ]]; then _lab_tui "$@"; else compdef _lab_tui ${program.name}; fi
`;
}

function functionsOf(command: Grammar, name: string): readonly string[] {
  const nested = command.commands.map((one) => ({ one, own: `${name}_${one.name}` }));
  return [
    command.commands.length === 0 ? leaf(command, name) : group(command, name, nested),
    ...nested.flatMap(({ one, own }) => functionsOf(one, own)),
  ];
}

function leaf(command: Grammar, name: string): string {
  const places = command.arguments.map((values, i) => {
    const every = command.variadic && i === command.arguments.length - 1;
    return `${every ? "*" : i + 1}:${messageOf(values)}:${actionOf(values)}`;
  });
  return `${name}() {\n  _arguments ${[...command.flags.map(flagSpec), ...places.map(quotedSpec)].join(" \\\n    ")}\n}\n`;
}

function group(command: Grammar, name: string, nested: readonly { readonly one: Grammar; readonly own: string }[]): string {
  const commands = nested.map(({ one }) => quotedSpec(`${one.name}:${one.description.replaceAll(":", "\\:")}`));
  return `${name}() {
  local curcontext="$curcontext" state line
  typeset -A opt_args
  _arguments -C ${[...command.flags.map(flagSpec), "'1: :->command'", "'*:: :->rest'"].join(" \\\n    ")}
  case "$state" in
    command)
      local -a commands=(
        ${commands.join("\n        ")}
      )
      _describe -t commands command commands
      ;;
    rest)
      case "\${line[1]}" in
${nested.map(({ one, own }) => `        ${one.name}) ${own} ;;`).join("\n")}
      esac
      ;;
  esac
}
`;
}

/** One flag with all its spellings, which exclude each other. */
function flagSpec({ names, description, value, repeatable }: Flag): string {
  const told = `[${description.replace(/[[\]\\:]/g, "\\$&")}]`;
  const taken = value === null ? "" : `:${messageOf(value)}:${actionOf(value)}`;
  const spelt = names.map((name) => (value === null ? name : name.startsWith("--") ? `${name}=` : `${name}+`));
  const before = repeatable ? "*" : names.length > 1 ? `(${names.join(" ")})` : "";
  const spelling = spelt.length > 1 ? `{${spelt.join(",")}}` : spelt.join("");
  return `${before === "" ? "" : quotedSpec(before)}${spelling}${quotedSpec(told + taken)}`;
}

function messageOf({ kind }: Values): string {
  return {
    words: "one of",
    list: "list",
    scenarios: "scenario",
    runs: "run",
    compared: "run or scenario",
    files: "file",
    folders: "folder",
    any: "value",
  }[kind];
}

function actionOf(values: Values): string {
  switch (values.kind) {
    case "words":
      return `(${values.words.join(" ")})`;
    case "list":
      return `{_values -s , each ${values.words.join(" ")}}`;
    case "scenarios":
      return "_lab_tui_scenarios";
    case "runs":
      return "_lab_tui_runs";
    case "compared":
      return "_lab_tui_compared";
    case "files":
      return "_files";
    case "folders":
      return "_files -/";
    case "any":
      return " ";
  }
  return values satisfies never;
}

function quotedSpec(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
