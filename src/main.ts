#!/usr/bin/env bun
import { main } from "./cli/program.ts";

// React's development build costs three times as much per picture.
process.env["NODE_ENV"] ??= "production";

/** argv → exit code; the only way out of the console process. */
void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
  process.exit(code);
});
