// To be evaluated before anything else of `lab-tui/flows`: what follows would complain of something that the reader does not know.
if (process.versions.bun === undefined && !("withResolvers" in Promise))
  throw new Error("lab-tui/flows needs Bun 1.4 or later (https://bun.com), or Node 22 or later");
