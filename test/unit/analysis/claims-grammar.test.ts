import { expect, test } from "bun:test";
import { template } from "../../support/claims/template.ts";

test("a duration of none is read at the end of a sentence, and 0 of a longer number is no duration", () => {
  const took = template("of the work {work:D}.");
  expect(took("of the work 0.")).toEqual({ work: "0" });
  expect(took("of the work 1.50 ms.")).toEqual({ work: "1.50 ms" });
  for (const other of ["of the work 0.5.", "of the work 05.", "of the work 0 ms less."]) expect(took(other)).toBeNull();
});
