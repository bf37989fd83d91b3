/** What a user asks of an append, checked and encoded. */
import { v7 as uuidv7 } from "uuid";
import type { AppendOptions, NewEvent } from "./api/events.ts";
import { encode } from "./codec.ts";
import type { AppendOp, ExpectedVersion, NewEventRow } from "./contract.ts";
import { PersistError } from "./errors.ts";
import { createMatcher } from "./event-listing.ts";
import { checkKey, maxNameBytes } from "./keys.ts";
import { commitLimits } from "./limits.ts";
import { checkOptionNames } from "./option-names.ts";

export const appendOptionNames = ["expectedVersion", "failIf"] as const;

export function appendOp(
  stream: string,
  events: NewEvent | readonly NewEvent[],
  o: AppendOptions | undefined,
): AppendOp {
  const list = Array.isArray(events) ? (events as readonly NewEvent[]) : [events as NewEvent];
  const rows = parseEvents(list);
  return {
    op: "append",
    stream,
    events: rows,
    ...(list.every(({ id }) => id === undefined) ? { fresh: true } : {}),
    expected: parseExpected("events.append", o),
    unless: parseFailIf(o),
  };
}

/** What is said about the stream. */
export function parseExpected(operation: string, o: Pick<AppendOptions, "expectedVersion"> = {}): ExpectedVersion {
  const { expectedVersion: expected } = o;
  if ("expectedVersion" in o && expected === undefined) {
    throw new PersistError(
      "INVALID_ARGUMENT",
      `${operation}: expectedVersion is given but is undefined. Leave it out, or say "any", where the version does not matter.`,
    );
  }
  if (expected === undefined || expected === "any") return undefined;
  if (expected === "noStream") return 0;
  if (expected === "streamExists") return "exists";
  if (Number.isSafeInteger(expected) && expected >= 0) return expected;
  throw new PersistError(
    "INVALID_ARGUMENT",
    `${operation}: expectedVersion must be a whole number of at least 0, "any", "noStream" or "streamExists".`,
  );
}

function parseFailIf(o: AppendOptions = {}): AppendOp["unless"] {
  if (!("failIf" in o)) return undefined;
  if (o.failIf === undefined) {
    throw new PersistError(
      "INVALID_ARGUMENT",
      "events.append: failIf is given but is undefined. Leave it out to append unconditionally.",
    );
  }
  checkOptionNames("events.append: failIf", o.failIf, ["match", "after"]);
  const { match, after = 0 } = o.failIf;
  checkOptionNames("events.append: failIf.match", match, ["types", "tags", "streamPrefix"]);
  if (!Number.isSafeInteger(after) || after < 0) {
    throw new PersistError(
      "INVALID_ARGUMENT",
      `events.append: failIf.after must be a position, a whole number of at least 0 (it was ${String(after)}).`,
    );
  }
  return { after, matches: createMatcher("events.append: failIf", match) };
}

function parseEvents(events: readonly NewEvent[]): NewEventRow[] {
  if (events.length === 0)
    throw new PersistError("INVALID_ARGUMENT", "events.append: there must be at least one event.");
  if (events.length > commitLimits.commitOps) {
    throw new PersistError(
      "TOO_LARGE",
      `events.append takes at most ${commitLimits.commitOps} events; these are ${events.length}.`,
    );
  }
  const rows = events.map(parseEvent);
  if (new Set(rows.map(({ id }) => id)).size < rows.length) {
    throw new PersistError("INVALID_ARGUMENT", "events.append: two of the events have the same id.");
  }
  return rows;
}

function parseEvent(event: NewEvent): NewEventRow {
  if (typeof event !== "object" || event === null) {
    throw new PersistError("INVALID_ARGUMENT", "events.append: an event is an object with type and data.");
  }
  const { type, data, id = uuidv7(), metadata, tags = [] } = event;
  checkKey(type, "event type", maxNameBytes);
  checkKey(id, "event id", maxNameBytes);
  if (!Array.isArray(tags))
    throw new PersistError("INVALID_ARGUMENT", "events.append: tags must be an array of strings.");
  for (const tag of tags) checkKey(tag, "tag", maxNameBytes);
  if (metadata !== undefined && (typeof metadata !== "object" || metadata === null || Array.isArray(metadata))) {
    throw new PersistError("INVALID_ARGUMENT", "events.append: metadata must be an object.");
  }
  const row = { id, type, tags: [...new Set(tags as readonly string[])], data: encode(data) };
  return metadata === undefined ? row : { ...row, metadata: encode(metadata) };
}
