/** Events, by position or by version. Every read sees what had been appended when it began. */
import type { EventPage, EventRange, EventRow } from "@cuitty/persist-core";
import { eventsOf } from "./appends.ts";
import type { Bucket, Patience } from "./bucket.ts";
import type { EventIds } from "./event-ids.ts";
import type { Layout } from "./layout.ts";
import type { Log } from "./log.ts";
import type { SlotName, SlotObjects } from "./slot-objects.ts";
import { firstVersionOf, type Slot } from "./slots.ts";
import { pagesFrom, readPage } from "./stream-pages.ts";
import type { Streams } from "./streams.ts";

export interface EventParts {
  readonly bucket: Bucket;
  readonly layout: Layout;
  readonly log: Log;
  readonly slots: SlotObjects;
  readonly streams: Streams;
  readonly ids: EventIds;
}

/** Slots that are read at once. */
const slotsAtOnce = 64;

export async function readEvents(parts: EventParts, range: EventRange, o: Patience): Promise<EventPage> {
  await parts.log.refresh(o);
  if (range.stream === undefined) return readLog(parts, range, o);
  if (range.ids !== undefined) return readByIds(parts, range.stream, range.ids, range, o);
  return readStream(parts, range.stream, range, o);
}

/** Whatever stands behind the position, as far as the log is known. */
export async function* eventsAfter(parts: EventParts, position: number, o: Patience): AsyncIterable<EventRow> {
  for (let from = position + 1; ; ) {
    const { events, more } = await readLog(parts, { from, reverse: false, limit: 1000 }, o);
    yield* events;
    const last = events.at(-1);
    if (!more || last === undefined) return;
    from = last.position + 1;
  }
}

async function readLog(parts: EventParts, range: EventRange, o: Patience): Promise<EventPage> {
  const { log } = parts;
  const from = Math.max(1, range.from ?? 1);
  const to = Math.min(log.end.position, range.to ?? log.end.position);
  if (from > to) return { events: [], more: false };
  const events: EventRow[] = [];
  for await (const slot of slotsBetween(parts, from, to, range.reverse, o)) {
    const rows = slot.batches.flatMap((batch) => eventsOf(batch, slot.time, log.firstOf(batch.stream)));
    for (const row of range.reverse ? rows.reverse() : rows) {
      if (row.position < from || row.position > to) continue;
      if (events.length === range.limit) return { events, more: true };
      events.push(row);
    }
  }
  return { events, more: false };
}

/** Those that have the positions, and perhaps some around. */
async function* slotsBetween(
  { log, slots }: EventParts,
  from: number,
  to: number,
  reverse: boolean,
  o: Patience,
): AsyncIterable<Slot> {
  const { tail, end } = log;
  const recent = tail.slots.filter(({ before, position }) => before < to && position >= from && position > before);
  const oldest = tail.slots[0];
  // What is in the tail is at hand.
  const needsOlder = oldest === undefined || from <= oldest.before;
  if (!needsOlder) {
    yield* reverse ? recent.reverse() : recent;
    return;
  }
  const edge = { slot: oldest === undefined ? end.slot : oldest.number - 1, position: oldest?.before ?? end.position };
  const first = await slots.withPosition(from, edge, o);
  const last = await slots.withPosition(Math.min(to, edge.position), edge, o);
  if (reverse) yield* recent.reverse();
  const count = Math.ceil((last - first + 1) / slotsAtOnce);
  for (let i = 0; i < count; i++) {
    const start = first + (reverse ? count - 1 - i : i) * slotsAtOnce;
    const { names } = await slots.namesAfter(start - 1, Math.min(slotsAtOnce, last - start + 1), o);
    const page = await Promise.all(names.map((name) => slots.read(name, o)));
    yield* reverse ? page.reverse() : page;
  }
  if (!reverse) yield* recent;
}

async function readStream(parts: EventParts, stream: string, range: EventRange, o: Patience): Promise<EventPage> {
  const head = await parts.streams.head(stream, parts.log.tail, o);
  if (head === undefined) return { events: [], more: false };
  const from = Math.max(head.first, range.from ?? 1);
  const to = Math.min(head.version, range.to ?? head.version);
  // Versions are dense from the first one on, so a page is a span of them.
  const low = range.reverse ? Math.max(from, to - range.limit + 1) : from;
  const high = range.reverse ? to : Math.min(to, from + range.limit - 1);
  if (low > high) return { events: [], more: false };

  const names = await namesWithVersions(parts, stream, low, high, o);
  const found = await Promise.all(names.map((name) => parts.slots.readAt(name, o)));
  const events = found
    .flatMap((slot) =>
      slot.batches
        .filter((batch) => batch.stream === stream)
        .flatMap((batch) => eventsOf(batch, slot.time, head.first)),
    )
    .filter(({ version }) => version >= low && version <= high)
    .sort((a, b) => a.version - b.version);
  if (range.reverse) events.reverse();
  return { events, more: range.reverse ? low > from : high < to };
}

/** The slots that have these versions of the stream: those in the tail, and those that are entered. */
async function namesWithVersions(
  { bucket, layout, log }: EventParts,
  stream: string,
  low: number,
  high: number,
  o: Patience,
): Promise<readonly Pick<SlotName, "number" | "before">[]> {
  const names = new Map<number, number>();
  let earliest = high + 1;
  for (const slot of log.tail.slots) {
    for (const batch of slot.batches) {
      if (batch.stream !== stream) continue;
      const first = firstVersionOf(batch);
      earliest = Math.min(earliest, first);
      if (first <= high && batch.head.version >= low) names.set(slot.number, slot.before);
    }
  }
  if (earliest <= low) return toNames(names);
  for await (const page of pagesFrom(bucket, layout, stream, low, o)) {
    if (page.first > high) break;
    for (const { first, last, number, before } of await readPage(bucket, page.place, o)) {
      if (first <= high && last >= low) names.set(number, before);
    }
  }
  return toNames(names);
}

const toNames = (names: ReadonlyMap<number, number>) => Array.from(names, ([number, before]) => ({ number, before }));

async function readByIds(
  { log, slots, streams, ids }: EventParts,
  stream: string,
  wanted: readonly string[],
  { from = 1, to = Number.POSITIVE_INFINITY, reverse, limit }: EventRange,
  o: Patience,
): Promise<EventPage> {
  const head = await streams.head(stream, log.tail, o);
  if (head === undefined) return { events: [], more: false };
  const found = await Promise.all(
    [...new Set(wanted)].map(async (id): Promise<EventRow | undefined> => {
      const place = await ids.find(stream, id, log.tail, o);
      if (place === undefined || place.version < from || place.version > to) return undefined;
      const slot = await slots.find(place.slot, o);
      const { version, position } = place;
      const live = slot?.batches
        .filter((batch) => batch.stream === stream)
        .flatMap((batch) => eventsOf(batch, slot.time, head.first))
        .find((event) => event.version === version);
      const time = slot?.time ?? 0;
      return live ?? { id, type: "", tags: [], data: "", stream, version, position, time, erased: true };
    }),
  );
  const events = found.filter((event) => event !== undefined).sort((a, b) => a.version - b.version);
  if (reverse) events.reverse();
  return { events: events.slice(0, limit), more: events.length > limit };
}
