import type { Grammar, Values } from "./grammar.ts";

/** A script for bash 3.2 and later, without the bash-completion package. */
export function bashScript(program: Grammar): string {
  const places = commandsOf(program, "");
  return `# Completion of ${program.name} for bash: source <(${program.name} completion bash)

# What may stand at a place. A command by its path (" runs rm"): its commands and flags. An argument by its number, a flag's value by the flag:
# the kind of value, and its words.
_lab_tui_place() {
  commands="" flags="" values=()
  case "$1" in
${places.flatMap(caseLines).join("\n")}
  esac
}

${SHARED}
complete -F _lab_tui ${program.name}
`;
}

interface Placed {
  readonly at: string;
  readonly command: Grammar;
}

function commandsOf(command: Grammar, at: string): readonly Placed[] {
  return [{ at, command }, ...command.commands.flatMap((one) => commandsOf(one, `${at} ${one.name}`))];
}

function caseLines({ at, command }: Placed): readonly string[] {
  const flags = command.flags.flatMap(({ names }) => names).join(" ");
  const commands = command.commands.map(({ name }) => name).join(" ");
  const own = `    "${at}") commands="${commands}" flags="${flags}" ;;`;
  const args = command.arguments.map((values, i) => {
    const every = command.variadic && i === command.arguments.length - 1;
    return `    "${at} "${every ? "[0-9]*" : i}) values=(${wordsOf(values)}) ;;`;
  });
  const taking = command.flags.flatMap(({ names, value }) =>
    value === null ? [] : [`    ${names.map((name) => `"${at} ${name}"`).join("|")}) values=(${wordsOf(value)}) ;;`],
  );
  return [own, ...args, ...taking];
}

function wordsOf(values: Values): string {
  return "words" in values ? [values.kind, ...values.words].join(" ") : values.kind;
}

const SHARED = `# Names from a list in JSON, one a line.
_lab_tui_names() {
  lab-tui "$2" --json 2>/dev/null | sed -n 's/^    "'"$1"'": "\\(.*\\)",$/\\1/p'
}

# Offers the lines of standard input that go on from what is typed, as they are: nothing of them is expanded.
_lab_tui_offer() {
  local line
  while IFS= read -r line; do
    [[ "$line" == "$typed"* ]] && COMPREPLY+=("$before$line")
  done
}

# readline quotes what is offered beside paths, where it needs to be.
_lab_tui_paths() {
  _lab_tui_offer < <(compgen "$1" -- "$typed")
  compopt -o filenames 2>/dev/null
}

_lab_tui_values() {
  local kind=$1 before=""
  shift
  case "$kind" in
    words) _lab_tui_offer < <(printf '%s\\n' "$@") ;;
    list)
      [[ "$typed" == *,* ]] && before="\${typed%,*}," typed="\${typed##*,}"
      _lab_tui_offer < <(printf '%s\\n' "$@")
      compopt -o nospace 2>/dev/null
      ;;
    scenarios) _lab_tui_offer < <(_lab_tui_names name list); _lab_tui_paths -f ;;
    runs) _lab_tui_offer < <(echo last; _lab_tui_names run runs); _lab_tui_paths -f ;;
    compared) _lab_tui_offer < <(echo last; _lab_tui_names run runs; _lab_tui_names name list); _lab_tui_paths -f ;;
    files) _lab_tui_paths -f ;;
    folders) _lab_tui_paths -d ;;
  esac
}

_lab_tui() {
  local typed="\${COMP_WORDS[COMP_CWORD]//\\\\/}" at="" number=0 flag="" word i commands flags values
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    # bash takes --flag=value apart.
    [[ "$word" == "=" && -n "$flag" ]] && continue
    if [[ -n "$flag" ]]; then flag=""; continue; fi
    _lab_tui_place "$at"
    if [[ "$word" == -* ]]; then
      _lab_tui_place "$at $word"
      ((\${#values[@]} > 0)) && flag="$word"
    elif [[ " $commands " == *" $word "* ]]; then at="$at $word" number=0
    else ((number++)); fi
  done
  if [[ -n "$flag" ]]; then
    [[ "$typed" == "=" ]] && typed=""
    _lab_tui_place "$at $flag"
    _lab_tui_values "\${values[@]}"
    return
  fi
  _lab_tui_place "$at"
  if [[ "$typed" == -* ]]; then
    _lab_tui_offer < <(printf '%s\\n' $flags)
    return
  fi
  [[ -n "$commands" && "$number" == 0 ]] && _lab_tui_offer < <(printf '%s\\n' $commands)
  _lab_tui_place "$at $number"
  _lab_tui_values "\${values[@]:-any}"
}
`;
