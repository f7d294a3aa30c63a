import { z } from "zod";
import { METHODS } from "../http/method.ts";
import * as header from "./header-scalars.ts";
import * as s from "./scalars.ts";

/** Limits of a body: characters within a scenario, bytes of a file. */
const LONGEST_TEXT = 1e6;
export const LARGEST_FILE = 64e6;

const bodySchema = z.strictObject({
  text: s.anyText(LONGEST_TEXT).optional().describe("The body as it is."),
  template: s
    .anyText(LONGEST_TEXT)
    .optional()
    .describe(
      "A body in which {{number}} stands for the item's number from 0, {{key}} for a key of its own (a UUID, the same in all its attempts), {{seed}} for the scenario's seed, {{random}} for a whole number below 2^32 that follows from seed and number, and {{url}} for its address without user and password; {{{{ stands for two braces. In JSON they are escaped as within a text.",
    ),
  file: s.text(4096).optional().describe("A file with the body, at most 64 MB; relative to the scenario file."),
  rows: s
    .text(4096)
    .optional()
    .describe(
      "A file with a JSON value a line (NDJSON), at most 64 MB: the bodies of one item after another, from the beginning again after the last.",
    ),
  type: header
    .fieldValue()
    .optional()
    .describe(
      "Its Content-Type. Default: application/json for what is JSON, text/plain; charset=utf-8 for other text, what the name of a file says.",
    ),
});

/** Content of requests of a `fetch` scenario, and whether they may be repeated. */
export const requestParts = {
  method: s
    .oneOf(...METHODS)
    .default("GET")
    .describe(
      "What is asked for. A redirect with 303 is followed by GET, one with 301 or 302 too where it was POST; else the method stays.",
    ),
  body: z
    .union([s.anyText(LONGEST_TEXT), bodySchema], { error: "must be text, or a map of one of text, template, file and rows" })
    .optional()
    .describe("What is sent with each request: a text, or a map that says where it comes from."),
  headers: header
    .fields()
    .default({})
    .describe(
      "Sent with every request. A name in braces behind a dollar sign stands for what the environment says. What the environment says, Authorization, Cookie and Host go to no other origin that a redirect leads to.",
    ),
  auth: z
    .strictObject({
      bearer: s.fromEnvironment().optional().describe("A bearer token (RFC 6750): the variable that holds it, as `env NAME`."),
      basic: z
        .strictObject({
          user: s.fromEnvironment().describe("The variable that holds the user, as `env NAME`."),
          password: s.fromEnvironment().describe("The variable that holds the password, as `env NAME`."),
        })
        .optional()
        .describe("User and password (RFC 7617)."),
    })
    .optional()
    .describe("Who asks, as the environment says. It is written nowhere, and goes to no other origin that a redirect leads to."),
  cookies: s
    .flag()
    .default(false)
    .describe(
      "What servers set is sent back to them (RFC 6265). One jar for all requests of a thread: one in sync and async, one for each Worker of parallel; empty at first, at most 50 cookies of a domain and 3000 in all.",
    ),
  expect: z
    .strictObject({
      status: header
        .statuses()
        .optional()
        .describe(
          "Statuses that are as they should be: one, a range such as 200-299, or a list of these; default: 2xx. A redirect that is among them is not followed.",
        ),
      bodyContains: s.anyText(65_536).optional().describe("A text that the body holds, once it is unpacked."),
      maxBytes: s
        .size()
        .optional()
        .describe(
          "The most that a body may have, as it crosses the network and unpacked where that is looked at: what goes beyond is not read, and its connection is closed.",
        ),
      header: header.fields(false).optional().describe("Header fields of the answer, and a text that each of them holds."),
    })
    .optional()
    .describe(
      "What an answer has to be for its request to have ended well. What is not is a failure by the name of the first that does not hold: expect.status, expect.header, expect.bytes, expect.body.",
    ),
  idempotent: s
    .flag()
    .default(false)
    .describe("POST and PATCH do no harm when they are sent twice, so they are tried again as the other methods are (RFC 9110, 9.2.2)."),
  idempotencyKey: header
    .fieldName()
    .optional()
    .describe(
      "A header field, such as Idempotency-Key, that tells the server which requests are the same: one key for each item, in all its attempts. They may be sent twice then.",
    ),
};

export type BodySettings = z.output<typeof bodySchema>;
