/** What appends and erasures come to, by the state of the log that they would be part of. */
import {
  type Appended,
  type AppendOp,
  type EraseOp,
  type EventRow,
  isExpected,
  streamHead,
} from "@cuitty/persist-core";
import type { Patience } from "./bucket.ts";
import type { LogView } from "./deciding.ts";
import type { EventIds } from "./event-ids.ts";
import type { Batch, Erasure, Head } from "./slots.ts";
import type { Streams } from "./streams.ts";

export type Drafted<T, A> =
  | { readonly outcome: "conflict" }
  /** `draft` left out where there is nothing to write. */
  | { readonly outcome: "drafted"; readonly draft?: T; readonly answer: A };

export interface AppendParts {
  readonly streams: Streams;
  readonly ids: EventIds;
  /** All events behind the position, as far as the view goes but without what is about to be decided. */
  eventsAfter(position: number, o: Patience): AsyncIterable<EventRow>;
}

/** `pending`: batches of the same slot, which `eventsAfter` does not know. */
export async function draftAppend(
  { streams, ids, eventsAfter }: AppendParts,
  op: AppendOp,
  view: LogView,
  pending: readonly EventRow[],
  o: Patience,
): Promise<Drafted<Batch, Appended>> {
  const { stream, events, unless, fresh } = op;
  const head = await streams.head(stream, view.tail, o);
  if (!fresh) {
    const known = await Promise.all(events.map(({ id }) => ids.find(stream, id, view.tail, o)));
    const first = known[0];
    if (known.some((one) => one !== undefined)) {
      const sideBySide = known.every((one, i) => first !== undefined && one?.version === first.version + i);
      const last = known.at(-1);
      if (!sideBySide || last === undefined) return { outcome: "conflict" };
      return { outcome: "drafted", answer: { version: last.version, position: last.position, duplicate: true } };
    }
  }
  if (!isExpected(op.expected, head && toStreamHead(head))) return { outcome: "conflict" };
  if (unless !== undefined) {
    for await (const event of eventsAfter(unless.after, o)) if (unless.matches(event)) return { outcome: "conflict" };
    if (pending.some((event) => event.position > unless.after && unless.matches(event))) return { outcome: "conflict" };
  }
  const version = (head?.version ?? 0) + events.length;
  const position = view.position + events.length;
  const after: Head = {
    version,
    position,
    first: head?.first ?? 1,
    erased: false,
    createdAt: head?.createdAt ?? view.time,
    updatedAt: Math.max(view.time, head?.updatedAt ?? 0),
  };
  return {
    outcome: "drafted",
    draft: { stream, head: after, position: view.position + 1, erased: 0, ...(fresh ? { fresh } : {}), events },
    answer: { version, position, duplicate: false },
  };
}

/** Answers whether there was an event to erase. */
export async function draftErasure(
  { streams }: Pick<AppendParts, "streams">,
  op: EraseOp,
  view: LogView,
  now: number,
  o: Patience,
): Promise<Drafted<Erasure, boolean>> {
  const head = await streams.head(op.stream, view.tail, o);
  if (!isExpected(op.expected, head && toStreamHead(head))) return { outcome: "conflict" };
  const end = Math.min(op.before, (head?.version ?? 0) + 1);
  if (head === undefined || end <= head.first) return { outcome: "drafted", answer: false };
  const after: Head = { ...head, first: end, erased: true, updatedAt: Math.max(now, head.updatedAt) };
  return { outcome: "drafted", draft: { stream: op.stream, head: after }, answer: true };
}

const toStreamHead = ({ version, position, first, erased }: Head) => streamHead(version, position, first, erased);

/** The events of a batch that were not erased, by what is known of the stream now. */
export function eventsOf(batch: Batch, time: number, first: number): EventRow[] {
  const start = batch.head.version - batch.events.length + 1;
  const rows: EventRow[] = [];
  for (const [i, event] of batch.events.entries()) {
    const version = start + i;
    if (i < batch.erased || version < first) continue;
    rows.push({ ...event, stream: batch.stream, version, position: batch.position + i, time });
  }
  return rows;
}
