/** What the memory engine holds for one scope. */
import { compareBytes } from "../bytes-order.ts";
import type { EventRow, IndexEntry, Space } from "../contract.ts";
import type { FullRow } from "../full-row.ts";
import { compareKeys } from "../keys.ts";
import { createSortedMap, type SortedMap } from "../sorted-map.ts";

export type RowSpace = Exclude<Space, "streams">;

/** A row with its place in commit order and what hangs on it. */
export interface StoredRow extends FullRow {
  readonly place: number;
  readonly index: readonly IndexEntry[];
}

export interface IndexKey {
  readonly index: string;
  readonly tuple: Uint8Array;
  readonly key: string;
}

export interface Stream {
  readonly name: string;
  /** Event number n is at n - 1, also where it was erased. */
  readonly events: EventRow[];
  /** Version by id. */
  readonly ids: Map<string, number>;
  /** The version of the first event that was not erased. */
  first: number;
  /** Whether the last write was an erasure. */
  erased: boolean;
  updatedAt: number;
  place: number;
}

/** The latest change of a key. Its state is looked up when it is read. */
export interface Touched {
  readonly space: Space;
  readonly key: string;
  readonly version: string;
  readonly time: number;
  /** Of a deletion. */
  readonly reason?: "deleted" | "expired" | undefined;
}

/** When a row expires. */
export interface Expiry {
  readonly at: number;
  readonly space: RowSpace;
  readonly key: string;
}

export interface State {
  readonly rows: Readonly<Record<RowSpace, SortedMap<string, StoredRow>>>;
  /** Of `records`, by index, tuple and key. */
  readonly index: SortedMap<IndexKey, null>;
  readonly streams: SortedMap<string, Stream>;
  /** The log: position p is at p - 1. */
  readonly events: EventRow[];
  /** Every key ever changed, by the place of its latest change. */
  readonly changes: SortedMap<number, Touched>;
  /** Those of the changes that are deletions. */
  readonly deletions: SortedMap<number, Touched>;
  /** The place of the latest change of each row, tombstones included. */
  readonly places: Map<string, number>;
  /** The place of the latest change of all. */
  place: number;
  /** Deletions up to this place may be forgotten. */
  forgotten: number;
  /** Of all rows that expire, the earliest first. */
  readonly expiries: SortedMap<Expiry, null>;
  /** When a commit occasions the next sweep; `undefined` before the first. */
  nextSweep: number | undefined;
  /** Contents of blobs by token. */
  readonly contents: Map<string, Uint8Array[]>;
  /** Tokens of contents that no blob names yet, and of those that none names any more, and when they go: in that order. */
  readonly staged: Map<string, number>;
  readonly released: Map<string, number>;
  contentCount: number;
  readonly listeners: Set<() => void>;
}

export function createState(): State {
  return {
    rows: {
      records: createSortedMap(compareKeys),
      kv: createSortedMap(compareKeys),
      blobs: createSortedMap(compareKeys),
      system: createSortedMap(compareKeys),
    },
    index: createSortedMap(compareIndexKeys),
    streams: createSortedMap(compareKeys),
    events: [],
    changes: createSortedMap((a, b) => a - b),
    deletions: createSortedMap((a, b) => a - b),
    places: new Map(),
    place: 0,
    forgotten: 0,
    expiries: createSortedMap(compareExpiries),
    nextSweep: undefined,
    contents: new Map(),
    staged: new Map(),
    released: new Map(),
    contentCount: 0,
    listeners: new Set(),
  };
}

/** Of a row, in `places`. */
export function nameOf(space: Space, key: string): string {
  return `${space}/${key}`;
}

/** The row, unless there is none or it has expired. */
export function liveRow(state: State, space: RowSpace, key: string, now: number): StoredRow | undefined {
  const row = state.rows[space].get(key);
  return row !== undefined && isLive(row, now) ? row : undefined;
}

export function isLive(row: Pick<FullRow, "expiresAt">, now: number): boolean {
  return row.expiresAt === undefined || row.expiresAt > now;
}

function compareExpiries(a: Expiry, b: Expiry): number {
  return a.at - b.at || compareKeys(a.space, b.space) || compareKeys(a.key, b.key);
}

function compareIndexKeys(a: IndexKey, b: IndexKey): number {
  return compareKeys(a.index, b.index) || compareBytes(a.tuple, b.tuple) || compareKeys(a.key, b.key);
}
