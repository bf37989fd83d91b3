/** Events by version or by position, filtered. */

import type { EventFilter, ReadOptions } from "./api/events.ts";
import type { Listing } from "./api/listings.ts";
import { beginCall } from "./calls.ts";
import type { EventRow } from "./contract.ts";
import { PersistError } from "./errors.ts";
import type { Gate } from "./gate.ts";
import { checkKey, checkPrefix, maxNameBytes } from "./keys.ts";
import { createListing } from "./listing.ts";
import { checkOptionNames } from "./option-names.ts";
import { checkCount } from "./ranges.ts";

const names = ["from", "to", "after", "since", "direction", "limit", "filter", "cursor"];
const batchSize = 500;

export function listEvents<T>(
  gate: Gate,
  operation: string,
  stream: string | undefined,
  o: ReadOptions = {},
  show: (event: EventRow) => T,
): Listing<T> {
  const begin = () => beginCall(operation, stream, o, names);
  begin(); // a malformed option is refused here, and not when the listing is read
  const { direction = "forward", limit, filter, cursor, since } = o;
  const { first, last } = parseBounds(operation, o);
  const reverse = direction === "backward";
  if (!reverse && direction !== "forward") {
    throw new PersistError("INVALID_ARGUMENT", `${operation}: direction must be "forward" or "backward".`);
  }
  if (limit !== undefined) checkCount(operation, "limit", limit);
  const isOrderedByTime = gate.capabilities.order === "total";
  const matches = matcherOf(operation, filter, isOrderedByTime ? undefined : since);
  const numberOf = (event: EventRow) => (stream === undefined ? event.position : event.version);

  /** Times never decrease where there is one order, so that the first event at or after one is found by halving. */
  const firstSince = async (time: number): Promise<number> => {
    const newest = await gate.events({ stream, from: first, to: last, reverse: true, limit: 1 }, begin());
    let low = first;
    let high = newest.events[0] === undefined ? first : numberOf(newest.events[0]) + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const [event] = (await gate.events({ stream, from: middle, to: high - 1, reverse: false, limit: 1 }, begin()))
        .events;
      if (event === undefined || event.time >= time) high = middle;
      else low = numberOf(event) + 1;
    }
    return low;
  };

  let start: number | undefined = since === undefined || !isOrderedByTime ? first : undefined;
  const identity = [operation, stream, first, last, reverse, since?.getTime(), filter];
  return createListing({
    operation,
    query: () => identity,
    limit,
    cursor,
    batchSize,
    checkPlace: (after) => checkCount(operation, "cursor", Number(after)),
    reader: () => async (after, count) => {
      start ??= await firstSince((since as Date).getTime());
      const from = reverse || after === undefined ? start : Number(after) + 1;
      const to = reverse && after !== undefined ? Number(after) - 1 : last;
      // With a filter, most of what is read may be left out, so more is read than is wanted.
      const size = matches === undefined ? Math.min(count, batchSize) : batchSize;
      const page = await gate.events({ stream, from, to, reverse, limit: size }, begin());
      const wanted = matches === undefined ? page.events : page.events.filter(matches);
      const events = wanted.slice(0, count);
      const ended = !page.more && events.length === wanted.length;
      const place = events.length < wanted.length ? events.at(-1) : page.events.at(-1);
      return { items: events.map(show), after: ended || place === undefined ? undefined : String(numberOf(place)) };
    },
  });
}

function matcherOf(operation: string, filter: EventFilter | undefined, since: Date | undefined) {
  const passes = filter === undefined ? undefined : createMatcher(operation, filter);
  if (since === undefined) return passes;
  const time = since.getTime();
  return (event: EventRow) => event.time >= time && (passes === undefined || passes(event));
}

/** The least and the greatest number, inclusive. */
function parseBounds(
  operation: string,
  { from, to, after, since }: ReadOptions,
): { first: number; last: number | undefined } {
  for (const [name, number] of Object.entries({ from, to, after })) {
    if (number === undefined || (Number.isSafeInteger(number) && number >= 0)) continue;
    throw new PersistError(
      "INVALID_ARGUMENT",
      `${operation}: ${name} must be a whole number of at least 0 (it was ${String(number)}).`,
    );
  }
  if (since !== undefined && (!(since instanceof Date) || Number.isNaN(since.getTime()))) {
    throw new PersistError("INVALID_ARGUMENT", `${operation}: since must be a valid Date.`);
  }
  return { first: Math.max(1, from ?? 1, (after ?? 0) + 1), last: to };
}

/** Whether an event passes the filter. */
export function createMatcher(operation: string, filter: EventFilter): (event: EventRow) => boolean {
  checkOptionNames(`${operation}: filter`, filter, ["types", "tags", "streamPrefix"]);
  const { types, tags, streamPrefix = "" } = filter;
  checkPrefix(streamPrefix, "streamPrefix");
  for (const [name, list] of Object.entries({ types, tags })) {
    if (list !== undefined && !Array.isArray(list)) {
      throw new PersistError("INVALID_ARGUMENT", `${operation}: ${name} must be an array of strings.`);
    }
    for (const item of list ?? []) checkKey(item, name, maxNameBytes);
  }
  return (event) =>
    event.stream.startsWith(streamPrefix) &&
    (types === undefined || types.includes(event.type)) &&
    (tags === undefined || tags.every((tag) => event.tags.includes(tag)));
}
