/** What stands in the place of a row: the row, or the trace of its deletion. */
import type { FullRow } from "../full-row.ts";
import { storedText, textOf } from "../stored-text.ts";
import { corrupt, expectObject, isCount } from "./corrupt.ts";
import { escapeText, unescapeText } from "./escape.ts";
import { type Area, cut, isCut, joinSegments, longestName, segments } from "./layout.ts";

interface Trace {
  /** Where the physical key does not hold it. */
  readonly key?: string;
  readonly version: string;
  /** Place in commit order. */
  readonly seq: number;
}

export interface Tombstone extends Trace {
  /** When: milliseconds since the epoch. */
  readonly deleted: number;
  /** Absent where it was deleted. */
  readonly reason?: "expired";
}

export interface RowEnvelope extends Trace {
  /** See stored-text.ts. */
  readonly value: unknown;
  readonly created: number;
  readonly updated: number;
  readonly expires?: number;
  readonly content?: string;
  readonly index?: readonly StoredIndexEntry[];
  /** A place in commit order that nothing else has, since the row was given other entries without being written. */
  readonly mark?: number;
}

/** The tuple in hex. */
export type StoredIndexEntry = readonly [index: string, tuple: string, unique: boolean];

export type Envelope = RowEnvelope | Tombstone;

/** `undefined` where there is nothing. */
export function parseEnvelope(data: unknown, physicalKey: string): Envelope | undefined {
  if (data === undefined) return undefined;
  return expectObject<RowEnvelope & Tombstone>(data, physicalKey, (it) => {
    if (typeof it.version !== "string" || !isCount(it.seq) || !isOptional("string", it.key)) return false;
    if (it.deleted !== undefined) return Number.isFinite(it.deleted) && isOptional("string", it.reason);
    return (
      Number.isFinite(it.created) &&
      Number.isFinite(it.updated) &&
      isOptional("number", it.expires) &&
      isOptional("string", it.content) &&
      isOptional("number", it.mark) &&
      (it.index === undefined || (Array.isArray(it.index) && it.index.every(isIndexEntry)))
    );
  });
}

export function isTombstone(envelope: Envelope): envelope is Tombstone {
  return "deleted" in envelope;
}

/** The envelope where it is a row that has not expired. */
export function liveEnvelope(envelope: Envelope | undefined, now: number): RowEnvelope | undefined {
  if (envelope === undefined || isTombstone(envelope)) return undefined;
  return envelope.expires === undefined || envelope.expires > now ? envelope : undefined;
}

export function toRow(key: string, envelope: RowEnvelope, physicalKey: string, keysOnly = false): FullRow {
  const { value, version, created, updated, expires, content } = envelope;
  return {
    key,
    value: keysOnly ? "" : textOf(value, physicalKey),
    version,
    createdAt: created,
    updatedAt: updated,
    ...(expires === undefined ? {} : { expiresAt: expires }),
    ...(content === undefined ? {} : { content }),
  };
}

export function rowEnvelope(row: FullRow, seq: number, index: readonly StoredIndexEntry[] = []): RowEnvelope {
  const { key, value, version, createdAt, updatedAt, expiresAt, content } = row;
  return {
    ...keyInFull(key),
    value: storedText(value),
    version,
    created: createdAt,
    updated: updatedAt,
    ...(expiresAt === undefined ? {} : { expires: expiresAt }),
    ...(content === undefined ? {} : { content }),
    ...(index.length === 0 ? {} : { index }),
    seq,
  };
}

export function tombstone(key: string, trace: Omit<Tombstone, "key">): Tombstone {
  return { ...keyInFull(key), ...trace };
}

function keyInFull(key: string): { key?: string } {
  return escapeText(key).length > longestName ? { key } : {};
}

/** The row's key, escaped, out of its physical key; where that is cut, out of the envelope. */
export function nameOf(physicalKey: string, { prefix, longest }: Area, data: unknown): string {
  const path = physicalKey.slice(prefix.length);
  const name = joinSegments(path);
  if (!isCut(name)) return name;
  const { key } = expectObject<{ key: string }>(data, physicalKey, (it) => typeof it.key === "string");
  const whole = escapeText(key);
  if (segments(cut(whole, longest)) !== path) throw corrupt(physicalKey, "its key belongs elsewhere");
  return whole;
}

export function keyOf(name: string, physicalKey: string): string {
  const key = unescapeText(name);
  if (key === undefined || key === "") throw corrupt(physicalKey, "its key cannot be read");
  return key;
}

function isOptional(type: "string" | "number", value: unknown): boolean {
  const actual = typeof value;
  return actual === "undefined" || actual === type;
}

function isIndexEntry(entry: unknown): boolean {
  return (
    Array.isArray(entry) &&
    typeof entry[0] === "string" &&
    typeof entry[1] === "string" &&
    typeof entry[2] === "boolean"
  );
}
