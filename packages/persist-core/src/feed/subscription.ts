/**
 * `events.subscribe`: events by position, or by version within a stream. Both are dense and given out in commit order, so the number of the last event is all there is to remember, and catching up is the
 * same as going on.
 */

import type { Watcher } from "../api/changes.ts";
import type { SubscribeOptions } from "../api/events.ts";
import { beginCall } from "../calls.ts";
import type { EventRow } from "../contract.ts";
import { PersistError } from "../errors.ts";
import { createMatcher } from "../event-listing.ts";
import type { LiveGate } from "../gate.ts";
import { checkKey } from "../keys.ts";
import { readHead } from "../reading.ts";
import { createWatcher } from "./watcher.ts";

const operation = "events.subscribe";
const pageSize = 500;

export function subscribe<T>(
  gate: LiveGate,
  o: SubscribeOptions | undefined,
  show: (event: EventRow) => T,
): Watcher<T> {
  beginCall(operation, undefined, o, ["stream", "after", "filter"]); // what is malformed is refused here
  const { stream, after = "end", filter } = o ?? {};
  if (stream !== undefined) checkKey(stream, "stream");
  const matches = filter === undefined ? undefined : createMatcher(operation, filter);
  /** Of the last event that was looked at. */
  let last = parseAfter(after);
  gate.ensureOpen();

  return createWatcher(gate.feed, {
    operation,
    key: stream,
    options: o,
    live: true,
    source: {
      async begin(call) {
        if (last !== undefined) return;
        const head = await readHead(gate, stream ?? "", call);
        last = stream === undefined ? head.position : head.version;
      },
      async read(call) {
        const from = (last as number) + 1;
        const { events, more } = await gate.events({ stream, from, reverse: false, limit: pageSize }, call);
        const end = events.at(-1);
        if (end !== undefined) last = stream === undefined ? end.position : end.version;
        return { items: (matches === undefined ? events : events.filter(matches)).map(show), more };
      },
    },
  });
}

/** `undefined`: the end, which has to be looked up. */
function parseAfter(after: unknown): number | undefined {
  if (after === "end") return undefined;
  if (after === "start") return 0;
  if (Number.isSafeInteger(after) && (after as number) >= 0) return after as number;
  throw new PersistError(
    "INVALID_ARGUMENT",
    `${operation}: after must be "start", "end" or a whole number of at least 0 (it was ${String(after)}).`,
  );
}
