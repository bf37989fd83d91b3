/** Rows, pages and events out of the state. */
import { compareBytes } from "../bytes-order.ts";
import type {
  ChangedRow,
  ChangePage,
  EventPage,
  EventRange,
  EventRow,
  IndexRange,
  KeyRange,
  Row,
  ScanPage,
  ScanRange,
  Space,
  StreamHead,
} from "../contract.ts";
import { PersistError } from "../errors.ts";
import type { FullRow } from "../full-row.ts";
import { compareKeys } from "../keys.ts";
import { hasEvents, rowVersionOf, streamHead } from "../stream-heads.ts";
import { isLive, liveRow, type State, type Stream } from "./state.ts";

export function readRow(state: State, space: Space, key: string, now: number): Row | undefined {
  if (space !== "streams") return liveRow(state, space, key, now);
  if (key === "") return logRow(state);
  const stream = state.streams.get(key);
  return stream === undefined ? undefined : streamRow(stream);
}

export function scanRows(state: State, space: Space, range: ScanRange, now: number): ScanPage {
  return range.by === "key" ? scanKeys(state, space, range, now) : scanIndex(state, range, now);
}

function scanKeys(state: State, space: Space, range: KeyRange, now: number): ScanPage {
  const rows: Row[] = [];
  for (const row of rowsFrom(state, space, range)) {
    if (isBeyond(row.key, range)) break;
    if (!isWithin(row.key, range) || !isLive(row, now)) continue;
    if (rows.length === range.limit) return { rows, more: true };
    rows.push(range.keysOnly ? { ...row, value: "" } : row);
  }
  return { rows, more: false };
}

function* rowsFrom(state: State, space: Space, range: KeyRange): Iterable<FullRow> {
  const { reverse } = range;
  const from = (reverse ? range.upper : range.lower)?.key;
  if (space === "streams") {
    for (const [, stream] of reverse ? state.streams.descend(from) : state.streams.ascend(from))
      if (hasEvents(headOf(stream))) yield streamRow(stream);
  } else {
    const rows = state.rows[space];
    for (const [, row] of reverse ? rows.descend(from) : rows.ascend(from)) yield row;
  }
}

/** Whether the scan has left the range for good. */
function isBeyond(key: string, range: KeyRange): boolean {
  const last = range.reverse ? range.lower : range.upper;
  if (last === undefined) return false;
  const order = compareKeys(key, last.key);
  return range.reverse ? order < 0 : order > 0;
}

/** Whether neither bound excludes the key. */
function isWithin(key: string, { lower, upper }: KeyRange): boolean {
  return (lower?.inclusive !== false || lower.key !== key) && (upper?.inclusive !== false || upper.key !== key);
}

function scanIndex(state: State, range: IndexRange, now: number): ScanPage {
  const rows: Row[] = [];
  const tuples: Uint8Array[] = [];
  const { index, lower, upper, after, reverse } = range;
  const none = new Uint8Array(0);
  // Ascending, everything starts at the least tuple; descending, at the end of the index, which is the start of the next name.
  const entries = reverse
    ? state.index.descend({
        index: after || upper ? index : `${index}\0`,
        tuple: after?.tuple ?? upper ?? none,
        key: after?.key ?? "",
      })
    : state.index.ascend({ index, tuple: after?.tuple ?? lower ?? none, key: after?.key ?? "" });
  for (const [entry] of entries) {
    if (entry.index !== index) break;
    if (reverse ? lower && compareBytes(entry.tuple, lower) < 0 : upper && compareBytes(entry.tuple, upper) >= 0) break;
    if (after !== undefined && after.key === entry.key && compareBytes(after.tuple, entry.tuple) === 0) continue;
    const row = liveRow(state, "records", entry.key, now);
    if (row === undefined) continue;
    if (rows.length === range.limit) return { rows, tuples, more: true };
    rows.push(range.keysOnly ? { ...row, value: "" } : row);
    tuples.push(entry.tuple);
  }
  return { rows, tuples, more: false };
}

export function readEvents(state: State, range: EventRange): EventPage {
  const stream = range.stream === undefined ? undefined : state.streams.get(range.stream);
  const log = range.stream === undefined ? state.events : (stream?.events ?? []);
  const from = Math.max(range.ids === undefined ? (stream?.first ?? 1) : 1, range.from ?? 1);
  const to = Math.min(log.length, range.to ?? log.length);
  const events: EventRow[] = [];
  for (let n = range.reverse ? to : from; n >= from && n <= to; n += range.reverse ? -1 : 1) {
    const event = log[n - 1] as EventRow;
    if (range.ids === undefined ? event.erased : !range.ids.includes(event.id)) continue;
    if (events.length === range.limit) return { events, more: true };
    events.push(event);
  }
  return { events, more: false };
}

export function readChanges(state: State, since: string | undefined, limit: number, now: number): ChangePage {
  const start = since === undefined ? 0 : parseCursor(state, since);
  const changes: ChangedRow[] = [];
  for (const [place, { space, key, version, time, reason }] of state.changes.ascend(start + 1)) {
    const row = reason === undefined ? readRow(state, space, key, now) : undefined;
    if (reason === undefined && row === undefined) continue; // it has expired, and is reported when it is swept
    if (changes.length === limit) return { changes, cursor: changes.at(-1)?.cursor as string, more: true };
    changes.push({ space, key, row, reason, version, time, cursor: String(place) });
  }
  return { changes, cursor: String(state.place), more: false };
}

function parseCursor(state: State, since: string): number {
  if (!/^\d{1,15}$/.test(since)) {
    throw new PersistError("INVALID_ARGUMENT", "since is not a cursor of this store's changes.");
  }
  const place = Number(since);
  if (place >= state.forgotten && place <= state.place) return place;
  throw new PersistError(
    "CURSOR_EXPIRED",
    place > state.place
      ? "The cursor is of a later state than this store has."
      : "The cursor is older than the deletions that are still known.",
  );
}

export function headOf({ events, first, erased }: Stream): StreamHead {
  const { version, position } = events.at(-1) as EventRow;
  return streamHead(version, position, first, erased);
}

function streamRow(stream: Stream): FullRow {
  return headRow(stream.name, headOf(stream), (stream.events[0] as EventRow).time, stream.updatedAt);
}

function logRow({ events }: State): Row | undefined {
  const last = events.at(-1);
  if (last === undefined) return undefined;
  return headRow("", streamHead(last.position, last.position, 1, false), (events[0] as EventRow).time, last.time);
}

function headRow(key: string, head: StreamHead, createdAt: number, updatedAt: number): FullRow {
  return { key, value: JSON.stringify(head), version: rowVersionOf(head), createdAt, updatedAt };
}
