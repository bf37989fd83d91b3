/**
 * Where a reader of the feed stands: what it has seen, or, within a batch of several pages, what it had seen before, what it will have seen at the end of the batch, and how far it has come in between.
 * Cursors come back from users, and nothing in them is taken for granted.
 */
import { PersistError } from "@cuitty/persist-core";
import { decodeNumber, decodeSnapshot, encodeNumber, encodeSnapshot, type Snapshot } from "./snapshots.ts";
import { lastXact } from "./xact-ranges.ts";

export interface Cursor {
  /** By which lineage the numbers are. */
  readonly lineage: number;
  /** The last transaction that the reader can have learned of. Beyond that the snapshots depend on what else happens in the cluster. */
  readonly told: bigint;
  readonly seen: Snapshot;
  readonly batch?: Batch | undefined;
}

export interface Batch {
  /** What is seen at its end. */
  readonly target: Snapshot;
  /** Of the last change that was told. */
  readonly place: Place;
}

/** The order within a batch. */
export interface Place {
  readonly xact: bigint;
  readonly n: bigint;
}

/** Core takes no longer ones. Two snapshots of a hundred gaps each are well below. */
const longest = 4096;

const format = "1";

export function encodeCursor(cursor: Cursor): string {
  const { batch } = cursor;
  if (batch === undefined) return encodeParts(cursor);
  return `${encodeParts(cursor, batch.target)}.${encodePlace(batch.place)}`;
}

/** Makes the cursors of many places of one batch, which differ in their ends only. */
export function cursorsWithin(cursor: Cursor, target: Snapshot): (place: Place) => string {
  const beginning = encodeParts(cursor, target);
  return (place) => `${beginning}.${encodePlace(place)}`;
}

function encodeParts({ lineage, told, seen }: Cursor, target?: Snapshot): string {
  const parts = [format, encodeNumber(BigInt(lineage)), encodeNumber(told), encodeSnapshot(seen)];
  if (target !== undefined) parts.push(encodeSnapshot(target));
  return parts.join(".");
}

function encodePlace({ xact, n }: Place): string {
  return `${encodeNumber(xact)}.${encodeNumber(n)}`;
}

/** Throws INVALID_ARGUMENT for what {@link encodeCursor} has not made. */
export function decodeCursor(text: string): Cursor {
  const cursor = text.length <= longest ? decode(text.split(".")) : undefined;
  if (cursor !== undefined) return cursor;
  throw new PersistError(
    "INVALID_ARGUMENT",
    "This is not a cursor of this store's changes. Pass one that a change had, unchanged.",
    { adapter: "postgres" },
  );
}

function decode([version, ...parts]: readonly string[]): Cursor | undefined {
  if (version !== format || (parts.length !== 3 && parts.length !== 6)) return undefined;
  const [lineage, told] = [decodeNumber(parts[0] ?? ""), decodeNumber(parts[1] ?? "")];
  const seen = decodeSnapshot(parts[2] ?? "");
  if (lineage === undefined || lineage > mostLineages || told === undefined || seen === undefined) return undefined;
  const cursor = { lineage: Number(lineage), told, seen };
  if (parts.length === 3) return cursor;
  const batch = decodeBatch(parts.slice(3));
  return batch === undefined ? undefined : { ...cursor, batch };
}

function decodeBatch(parts: readonly string[]): Batch | undefined {
  const target = decodeSnapshot(parts[0] ?? "");
  const [xact, n] = [decodeNumber(parts[1] ?? ""), decodeNumber(parts[2] ?? "")];
  if (target === undefined || xact === undefined || n === undefined || xact === lastXact) return undefined;
  return { target, place: { xact, n } };
}

/** As many as an `integer` counts. */
const mostLineages = 2n ** 31n - 1n;
