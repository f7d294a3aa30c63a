import { RedisError } from "../../../kernel/redis/error.ts";
import { printable } from "../../../kernel/text.ts";
import { QueueError } from "../store.ts";

/** What is said when Redis does not know of messages that it had acknowledged. */
export function lossOf(queue: string, first: number, last: number): QueueError {
  const which = first === last ? `message ${first}` : `messages ${first} to ${last}`;
  return new QueueError(
    "damaged",
    `Redis has lost ${which} of the queue ${printable(queue, 100)}, which it had acknowledged: see appendfsync`,
  );
}

/** Translates an error of Redis into a `QueueError`; returns any other as it is. `queue`: its name, for messages. */
export function redisQueueError(error: unknown, queue: string): unknown {
  if (!(error instanceof RedisError)) return error;
  const { problem, code, message } = error;
  const shown = `the queue ${printable(queue, 100)} in Redis`;
  // The second word of what a script of ours says.
  const said = printable(/ (\S+)$/.exec(message)?.[1] ?? "", 40);
  switch (code) {
    case "REMOVED":
    case "REPLACED":
      return new QueueError("replaced", `${shown} was ${code.toLowerCase()} while it was open; stop and start the queue`);
    case "FOREIGN":
      return new QueueError("foreign", `the key of ${shown} holds something else; it was left as it is`);
    case "WRONGTYPE":
      return new QueueError("foreign", `a key of ${shown} holds something else; it was left as it is`);
    case "LAYOUT":
      return new QueueError("version", `${shown} is laid out as version ${said}, this library knows another; it was left as it is`);
    case "ORDER":
      return new QueueError("invalid", `${shown} keeps order "${said}" and cannot be opened with another`);
    case "AGING":
      return new QueueError("invalid", `${shown} keeps agingMs ${said} (0: none) and cannot be opened with another`);
  }
  if (problem === "closed") return new QueueError("closed", `${shown} is closed`);
  if (problem === "address") return new QueueError("invalid", message);
  if (problem === "full") return new QueueError("memory full", `${message}; what it holds is kept`);
  if (problem === "unreachable" || problem === "interrupted") return new QueueError(problem, message);
  return new QueueError("unusable", message);
}
