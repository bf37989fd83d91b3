/**
 * The log: sheets of 1 to 32 events of one append, under the position of the first. Positions and versions have no holes, so that each sheet says where the next
 * one is, and reading needs no listing.
 */
import type { EventPage, EventRange, EventRow, NewEventRow, StreamHead } from "../contract.ts";
import { storedText, textOf } from "../stored-text.ts";
import { corrupt, expectObject, isCount } from "./corrupt.ts";
import { each } from "./each.ts";
import type { Layout } from "./layout.ts";
import { parseEnvelope, type RowEnvelope } from "./row-envelope.ts";
import type { View } from "./view.ts";

export const sheetSize = 32;
/** The most sheets that are fetched together. */
const longestLead = 16;

export interface Sheet {
  readonly stream: string;
  /** Of the first of its events. */
  readonly position: number;
  readonly version: number;
  readonly time: number;
  /** How many of its first events were erased. */
  readonly erased?: number;
  /** The others. */
  readonly events: readonly StoredEvent[];
}

interface StoredEvent {
  readonly id: string;
  readonly type: string;
  readonly tags?: readonly string[];
  /** See stored-text.ts. */
  readonly data: unknown;
  readonly metadata?: unknown;
}

/** Where an event is, by its id. */
export interface EventPlace {
  readonly version: number;
  readonly position: number;
}

/** Of a stream, or of the whole log (`""`). */
export interface Head extends EventPlace {
  /** The version of the first event that was not erased. */
  readonly first: number;
  /** Whether the last write was an erasure. */
  readonly erased: boolean;
  readonly created: number;
  /** Of the last write. In the log's that is the last event. */
  readonly time: number;
}

export async function readHead(view: View, layout: Layout, stream: string): Promise<Head> {
  const place = layout.row("streams", stream);
  const envelope = parseEnvelope(await view.get(place), place) as RowEnvelope | undefined;
  if (envelope === undefined) return { version: 0, position: 0, first: 1, erased: false, created: 0, time: 0 };
  const { first = 1, erased = false, ...end } = parseHead(envelope.value, place);
  return { ...end, first, erased, created: envelope.created, time: envelope.updated };
}

export function parseHead(data: unknown, physicalKey: string): StreamHead {
  return expectObject<StreamHead>(data, physicalKey, (it) => {
    return isCount(it.version) && isCount(it.position) && (it.first === undefined || isCount(it.first));
  });
}

/** `undefined` where there is none. */
export function parsePlace(data: unknown, physicalKey: string): EventPlace | undefined {
  if (data === undefined) return undefined;
  return expectObject<EventPlace>(data, physicalKey, (it) => isCount(it.version) && isCount(it.position));
}

export async function readEvents(view: View, layout: Layout, range: EventRange): Promise<EventPage> {
  const events: EventRow[] = [];
  for await (const event of range.ids === undefined ? walk(view, layout, range) : pick(view, layout, range)) {
    if (events.length === range.limit) return { events, more: true };
    events.push(event);
  }
  return { events, more: false };
}

/** All events of the range, one after another. `limit` says how many the caller may take. */
export async function* walk(
  view: View,
  layout: Layout,
  { stream, from, to, reverse, limit }: EventRange,
): AsyncIterable<EventRow> {
  const head = await readHead(view, layout, stream ?? "");
  const least = Math.max(head.first, from ?? 1);
  const most = Math.min(stream === undefined ? head.position : head.version, to ?? Number.POSITIVE_INFINITY);
  for await (const sheet of walkSheets(view, layout, { stream, least, most, reverse, limit })) {
    const events = eventsOf(layout, sheet);
    for (const event of reverse ? events.reverse() : events) {
      const number = stream === undefined ? event.position : event.version;
      if (number >= least && number <= most) yield event;
    }
  }
}

export interface SheetRange {
  readonly stream: string | undefined;
  /** Both inclusive. */
  readonly least: number;
  readonly most: number;
  readonly reverse: boolean;
  /** Events that the caller may take. */
  readonly limit: number;
}

/** All sheets with events of the range, one after another. */
export async function* walkSheets(
  view: View,
  layout: Layout,
  { stream, least, most, reverse, limit }: SheetRange,
): AsyncIterable<Sheet> {
  let number = reverse ? most : least;
  let left = limit;
  let ahead: ReadonlyMap<number, Sheet> = new Map();
  while (number >= least && number <= most) {
    const sheet = ahead.get(number) ?? (await findSheet(view, layout, stream, number));
    yield sheet;
    const first = stream === undefined ? sheet.position : sheet.version;
    const length = lengthOf(sheet);
    left -= sheet.events.length - Math.max(0, number - first - (sheet.erased ?? 0));
    number = reverse ? first - 1 : first + length;
    if (!reverse && !ahead.has(number))
      ahead = await readAhead(view, layout, stream, number, length, Math.min(most - number, left));
  }
}

/** The next sheets, fetched together, on the guess that they are as long as the last one. */
async function readAhead(
  view: View,
  layout: Layout,
  stream: string | undefined,
  number: number,
  length: number,
  wanted: number,
): Promise<Map<number, Sheet>> {
  const sheets = new Map<number, Sheet>();
  const count = Math.min(longestLead, Math.ceil((wanted + 1) / length));
  const guesses = Array.from({ length: Math.max(0, count) }, (_, i) => number + i * length);
  await each(guesses, async (guess) => {
    const sheet = await readSheet(view, layout, stream, guess);
    if (sheet !== undefined) sheets.set(guess, sheet);
  });
  return sheets;
}

/** Those of the ids that are in the stream and in the range, by version. */
async function* pick(view: View, layout: Layout, range: EventRange): AsyncIterable<EventRow> {
  const { stream = "", ids = [], from = 1, to = Number.POSITIVE_INFINITY, reverse } = range;
  const found = [...(await readPlaces(view, layout, stream, ids))].filter(
    ([, { version }]) => version >= from && version <= to,
  );
  for (const [id, place] of found.sort(([, a], [, b]) => (reverse ? b.version - a.version : a.version - b.version))) {
    const sheet = await findSheet(view, layout, stream, place.version);
    yield eventsOf(layout, sheet)[place.version - sheet.version - (sheet.erased ?? 0)] ?? {
      id,
      type: "",
      tags: [],
      data: "",
      stream,
      ...place,
      time: sheet.time,
      erased: true,
    };
  }
}

/** Where those of the ids are that the stream has, by id. */
export async function readPlaces(
  view: View,
  layout: Layout,
  stream: string,
  ids: readonly string[],
): Promise<Map<string, EventPlace>> {
  const keys = ids.map((id) => layout.eventId(stream, id));
  const found = await view.getAll(keys);
  const places = new Map<string, EventPlace>();
  for (const [i, id] of ids.entries()) {
    const place = parsePlace(found[i], keys[i] as string);
    if (place !== undefined) places.set(id, place);
  }
  return places;
}

/** The sheet with this event. It may begin a few numbers before, and nothing says where but trying. */
async function findSheet(view: View, layout: Layout, stream: string | undefined, number: number): Promise<Sheet> {
  for (let first = number; first > 0 && first > number - sheetSize; first--) {
    const sheet = await readSheet(view, layout, stream, first);
    if (sheet !== undefined && number < first + lengthOf(sheet)) return sheet;
  }
  const place = stream === undefined ? layout.events(number) : layout.streamEvents(stream, number);
  throw corrupt(place, "an event that the log counts is missing");
}

/** The sheet that begins with this event. */
async function readSheet(
  view: View,
  layout: Layout,
  stream: string | undefined,
  first: number,
): Promise<Sheet | undefined> {
  const position = stream === undefined ? first : await readPointer(view, layout, stream, first);
  if (position === undefined) return undefined;
  const place = layout.events(position);
  const data = await view.get(place);
  if (data === undefined) return undefined;
  return expectObject<Sheet>(data, place, (it) => {
    const isNumbered = it.position === position && isCount(it.version) && Number.isFinite(it.time);
    if (it.erased !== undefined && !isCount(it.erased)) return false;
    return isNumbered && typeof it.stream === "string" && Array.isArray(it.events) && it.events.every(isEvent);
  });
}

async function readPointer(view: View, layout: Layout, stream: string, version: number): Promise<number | undefined> {
  const place = layout.streamEvents(stream, version);
  const data = await view.get(place);
  if (data === undefined) return undefined;
  return expectObject<{ position: number }>(data, place, (it) => isCount(it.position)).position;
}

function isEvent(event: Partial<StoredEvent> | null): boolean {
  if (typeof event !== "object" || event === null) return false;
  const { id, type, tags = [] } = event;
  return typeof id === "string" && typeof type === "string" && Array.isArray(tags);
}

/** How many numbers the sheet takes. */
export function lengthOf({ erased = 0, events }: Sheet): number {
  return erased + events.length;
}

/** Those that were not erased. */
function eventsOf(layout: Layout, sheet: Sheet): EventRow[] {
  const { stream, position, version, time, erased = 0 } = sheet;
  const place = layout.events(position);
  return sheet.events.map(({ id, type, tags = [], data, metadata }, i) => ({
    id,
    type,
    tags,
    data: textOf(data, place),
    ...(metadata === undefined ? {} : { metadata: textOf(metadata, place) }),
    stream,
    version: version + erased + i,
    position: position + erased + i,
    time,
  }));
}

export function storedEvent({ id, type, tags, data, metadata }: NewEventRow): StoredEvent {
  return {
    id,
    type,
    ...(tags.length === 0 ? {} : { tags }),
    data: storedText(data),
    ...(metadata === undefined ? {} : { metadata: storedText(metadata) }),
  };
}
