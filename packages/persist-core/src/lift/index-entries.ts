/**
 * Index entries: one key for each, or, where the tuple is unique, one for the tuple, so that whether it is taken is one `get`. They are written together with
 * their row, and so are never without it.
 */
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import type { IndexEntry, IndexRange, Row, ScanPage } from "../contract.ts";
import { corrupt, expectObject } from "./corrupt.ts";
import { escapeText } from "./escape.ts";
import type { Layout } from "./layout.ts";
import { liveEnvelope, parseEnvelope, type StoredIndexEntry, toRow } from "./row-envelope.ts";
import { commonPrefix, type NameRange, scanArea } from "./scan.ts";
import type { View } from "./view.ts";

export interface EntryValue {
  /** In hex. */
  readonly tuple: string;
  readonly key: string;
  readonly expires?: number;
}

export function storedIndexEntry({ index, tuple, unique }: IndexEntry): StoredIndexEntry {
  return [index, bytesToHex(tuple), unique];
}

export function entryPlace(layout: Layout, [index, tuple, unique]: StoredIndexEntry, key: string): string {
  return layout.indexEntry(index, unique ? tuple : entryName(tuple, key));
}

export function entryValue([, tuple]: StoredIndexEntry, key: string, expires: number | undefined): EntryValue {
  return { tuple, key, ...(expires === undefined ? {} : { expires }) };
}

/** `undefined` where there is none. */
export function parseEntry(data: unknown, physicalKey: string): EntryValue | undefined {
  if (data === undefined) return undefined;
  return expectObject<EntryValue>(data, physicalKey, ({ tuple, key, expires }) => {
    const isWhole = typeof tuple === "string" && typeof key === "string";
    return isWhole && (expires === undefined || typeof expires === "number");
  });
}

export function isSameEntry(a: EntryValue, b: EntryValue): boolean {
  return a.key === b.key && a.tuple === b.tuple && a.expires === b.expires;
}

export function isEntryLive({ expires }: EntryValue, now: number): boolean {
  return expires === undefined || expires > now;
}

export async function scanIndex(view: View, layout: Layout, range: IndexRange, now: number): Promise<ScanPage> {
  const { items, more } = await scanArea<EntryValue>(
    view,
    layout.index(range.index),
    nameRange(range),
    ({ key, value }) => {
      const entry = parseEntry(value, key) as EntryValue;
      return entryName(entry.tuple, entry.key);
    },
    ({ value }) => (isEntryLive(value as EntryValue, now) ? (value as EntryValue) : undefined),
  );

  const places = items.map(({ key }) => layout.row("records", key));
  const envelopes = await view.getAll(places);
  const rows = items.map(({ key }, i): Row => {
    const place = places[i] as string;
    const envelope = liveEnvelope(parseEnvelope(envelopes[i], place), now);
    if (envelope === undefined) throw corrupt(place, "an index names it, and it is not there");
    return toRow(key, envelope, place, range.keysOnly);
  });
  return { rows, tuples: items.map(({ tuple }) => new Uint8Array(hexToBytes(tuple))), more };
}

/** The range of tuples as a range of names: two hex digits for each byte, so that nothing of the order is lost. */
function nameRange({ lower, upper, after, reverse, limit }: IndexRange): NameRange {
  const least = lower && bytesToHex(lower);
  const end = upper && bytesToHex(upper);
  const from = least === undefined ? undefined : { name: least, inclusive: true };
  const to = end === undefined ? undefined : { name: end, inclusive: false };
  const beyond = after && { name: entryName(bytesToHex(after.tuple), after.key), inclusive: false };
  const common = commonPrefix(lower && latin1(lower), upper && latin1(upper)).length;
  return {
    prefix: least?.slice(0, 2 * common) ?? "",
    // Where a page has ended before, it ended inside of the range.
    lower: reverse ? from : (beyond ?? from),
    upper: reverse ? (beyond ?? to) : to,
    // An entry whose tuple is unique stands before its name, under the tuple alone.
    start: after !== undefined && !reverse ? bytesToHex(after.tuple) : least,
    reverse,
    limit,
  };
}

/** `.` comes before every hex digit, so that a tuple comes before those that it begins. */
function entryName(tuple: string, key: string): string {
  return `${tuple}.${escapeText(key)}`;
}

/** Each byte as the character of its number: text in the same order. */
function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
