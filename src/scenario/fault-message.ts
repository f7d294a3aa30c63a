import type { Path } from "../kernel/plain-value.ts";
import { printable } from "../kernel/text.ts";
import { isConfidential, shown } from "./confidential.ts";
import { MAX_NESTING, type YamlFault } from "./yaml-file.ts";

/** The message for a fault: the field, the rule and the written text, unless that is confidential. */
export function faultMessage(fault: YamlFault): string {
  switch (fault.kind) {
    case "binary":
      return "file: must be YAML text, got a binary file";
    case "nesting":
      return `file: must not nest deeper than ${MAX_NESTING} levels, got more`;
    case "syntax":
      return syntaxMessage(fault);
    case "second-document":
      return "file: must hold one scenario, got another document";
    case "repeated-key":
      return `${dotted(fault.path)}: must be given once, got another: ${shown(fault.path, fault.value)}`;
    case "merge-key":
      return `${dotted(fault.path)}: is a merge key, which YAML 1.2 does not have; write its fields out, got ${printable(fault.merged, 41)}`;
    case "unresolved-alias":
      return `file: must define an anchor before its alias, got *${printable(fault.alias, 40)}`;
    case "local-tag":
      return `file: must have no tags of other programs, got ${printable(fault.tag, 40)}`;
    case "endless-aliases":
      return `file: must not expand aliases without end, got ${printable(fault.why)}`;
    case "unreadable":
      return `file: must be valid YAML, got ${printable(fault.why)}`;
    default:
      return fault satisfies never;
  }
}

function syntaxMessage({ rule, line, rest }: Extract<YamlFault, { kind: "syntax" }>): string {
  if (isConfidential(line.split(/[^\w-]+/))) return "file: must be valid YAML, got what is not shown here";
  const broken = printable(rule.replace(/\s*\n[\s\S]*/, "").replace(/\.$/, ""), 160);
  const got = rest.trim();
  return `file: must be valid YAML (${broken}), got ${got === "" ? "the end of a line" : `"${printable(got, 40)}"`}`;
}

function dotted(path: Path): string {
  return path.length === 0 ? "key" : path.map((part) => printable(String(part), 60)).join(".");
}
