/** Events that could not be handled, as they are put aside. */
import { v7 as uuidv7 } from "uuid";
import { decode, encode } from "../codec.ts";
import type { AppendOp, EventRow } from "../contract.ts";
import { PersistError } from "../errors.ts";

/** The longest message and stack that is kept, in characters. */
const longestText = 4000;

/** A copy of the event, with the reason in its metadata. */
export function deadLetter(
  stream: string,
  event: EventRow,
  about: { consumer: string; attempts: number; error: unknown },
): AppendOp {
  const { type, tags, data } = event;
  const { consumer, attempts, error } = about;
  const place = { stream: event.stream, id: event.id, version: event.version, position: event.position };
  const reason = { deadLetter: { consumer, ...place, attempts, error: describe(error) } };
  return {
    op: "append",
    stream,
    events: [{ id: uuidv7(), type, tags, data, metadata: withReason(event.metadata, reason) }],
  };
}

/** The event's own metadata give way where there is no room for both. */
function withReason(metadata: string | undefined, reason: object): string {
  try {
    return encode({ ...(metadata === undefined ? {} : (decode(metadata) as object)), ...reason });
  } catch (error) {
    if (PersistError.is(error, "TOO_LARGE")) return encode(reason);
    throw error;
  }
}

function describe(error: unknown): object {
  if (!(error instanceof Error)) return { message: cut(String(error)) };
  const { name, message, stack, code } = error as Error & { code?: unknown };
  return {
    name: cut(name),
    message: cut(message),
    ...(typeof code === "string" ? { code: cut(code) } : {}),
    ...(stack === undefined ? {} : { stack: cut(stack) }),
  };
}

/** Also makes text of what only claims to be some. */
function cut(text: string): string {
  return String(text).slice(0, longestText).toWellFormed();
}
