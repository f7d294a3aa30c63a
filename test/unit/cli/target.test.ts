import { expect, test } from "bun:test";
import { targetKind } from "../../../src/cli/target.ts";

test.each([
  ["-", "stdout"],
  ["/dev/stdout", "stdout"],
  ["/dev/fd/1", "stdout"],
  ["/proc/self/fd/1", "stdout"],
  [`/proc/${process.pid}/fd/1`, "stdout"],
  ["/dev/null", "stream"],
  ["/nowhere/at/all", "file"],
  [import.meta.path, "file"],
] as const)("%s is written as a %s", (path, kind) => {
  expect(targetKind(path)).toBe(kind);
});
