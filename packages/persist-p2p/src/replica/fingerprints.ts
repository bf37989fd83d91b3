/**
 * Counts and sums of marks, by prefix of the id: how two peers find out where they differ. Kept in memory for each of the 65 536 first two bytes, and made from the log again where that has changed; a longer
 * prefix has so few rows that they are summed when they are asked for.
 */
import { Buffer } from "node:buffer";
import type { Connection } from "@cuitty/persist-sqlite/host";
import type { Fingerprint, Marked } from "../sync/replica.ts";
import type { Identifier } from "./identifying.ts";
import { createPrefixSums, noSum, plus, type Sum, type Summed } from "./prefix-sums.ts";

export interface Fingerprints {
  /** Of all rows whose id starts with the first `nibbles` half bytes of the prefix. */
  fingerprint(prefix: Uint8Array, nibbles: number): Fingerprint;
  /** Of each of the sixteen prefixes that are one half byte longer. */
  parts(prefix: Uint8Array, nibbles: number): readonly Fingerprint[];
  marks(prefix: Uint8Array, nibbles: number, limit: number): readonly Marked[];
  /** One bounded step of what the first question would take. Returns whether there is more. */
  prepare(): boolean;
  /** Rows with these ids are gone: their sums are made again. */
  forget(ids: readonly Uint8Array[]): void;
}

const idBytes = 16;
const bucketNibbles = 4;
/** Where more buckets have changed, all are made anew: each by itself costs what ten rows do together. */
const mostSummedUp = 500;

export function createFingerprints(connection: Connection, identifier: Identifier): Fingerprints {
  const sums = createPrefixSums(bucketNibbles);
  /** What was committed up to here is in the sums. */
  let seen: number | undefined;

  const sumUp = (bucket: number) => {
    const prefix = Buffer.from([bucket >> 8, bucket & 0xff]);
    const marks = readMarks(connection, prefix, bucketNibbles, -1);
    sums.set(bucket, marks.length, sumOfMarks(marks));
  };

  /** How far the sums have been made, and of what was committed up to where; what is committed meanwhile is seen when they are asked for. */
  let building: { readonly after: number; readonly upTo: number } | undefined;

  /** All rows of a page in one text: a hundred thousand pairs of buffers would take most of the time. Returns whether there is more. */
  const buildPage = (): boolean => {
    if (building === undefined) {
      sums.clear();
      identifier.lines();
      building = { after: 0, upTo: lastPlace(connection) };
    }
    identifier.all();
    const { marks, last } = connection
      .statement(
        `select group_concat(hex(substr(id, 1, 2)) || hex(mark), '') as marks, max(line) as last
         from (select line, id, mark from replica_rows where line > ? and mark is not null order by line limit 10000)`,
      )
      .get(building.after) as { marks: string | null; last: number | null };
    if (marks === null || last === null) {
      seen = building.upTo;
      building = undefined;
      return true; // what was committed meanwhile
    }
    const bytes = Buffer.from(marks, "hex");
    for (let at = 0; at < bytes.length; at += 10) {
      sums.add(bytes.readUInt16BE(at), 1, { high: bytes.readUInt32BE(at + 2), low: bytes.readUInt32BE(at + 6) });
    }
    building = { ...building, after: last };
    return true;
  };

  /** One bounded step on the way to sums of all that is committed. Returns whether there is more. */
  const prepare = (): boolean => {
    if (seen === undefined) return buildPage();
    identifier.lines();
    const last = lastPlace(connection);
    if (last === seen) return false;
    // Up to there all have marks then. What another process commits in between may have none, and comes next time.
    identifier.all();
    const changed = connection
      .statement(
        "select distinct substr(id, 1, 2) as start from replica_rows where seq > ? and mark is not null limit ?",
      )
      .all(seen, mostSummedUp + 1) as { start: Uint8Array }[];
    if (changed.length > mostSummedUp) {
      seen = undefined;
      return true;
    }
    for (const { start } of changed) sumUp(bucketOf(start));
    seen = last;
    return false;
  };

  const refresh = () => {
    while (prepare());
  };

  return {
    fingerprint(prefix, nibbles) {
      refresh();
      if (nibbles > bucketNibbles) {
        const marks = readMarks(connection, prefix, nibbles, -1);
        return told({ count: marks.length, ...sumOfMarks(marks) });
      }
      return told(sums.of(bucketOf(prefix) >> (4 * (bucketNibbles - nibbles)), nibbles));
    },

    parts(prefix, nibbles) {
      refresh();
      if (nibbles >= bucketNibbles) return summedUpByPart(readMarks(connection, prefix, nibbles, -1), nibbles);
      const first = (bucketOf(prefix) >> (4 * (bucketNibbles - nibbles))) << 4;
      return Array.from({ length: 16 }, (_, i) => told(sums.of(first | i, nibbles + 1)));
    },

    marks(prefix, nibbles, limit) {
      identifier.all();
      return readMarks(connection, prefix, nibbles, limit);
    },

    prepare,

    forget(ids) {
      building = undefined; // it may have been counted
      if (seen === undefined) return;
      for (const bucket of new Set(ids.map(bucketOf))) sumUp(bucket);
    },
  };
}

function lastPlace(connection: Connection): number {
  const row = connection.statement("select max(seq) as seq from replica_rows").get() as { seq: number | null };
  return row.seq ?? 0;
}

function readMarks(connection: Connection, prefix: Uint8Array, nibbles: number, limit: number): Marked[] {
  const { lower, upper } = boundsOf(prefix, nibbles);
  return connection
    .statement("select id, mark from replica_rows where id >= ? and id <= ? and mark is not null order by id limit ?")
    .all(lower, upper, limit) as Marked[];
}

/** The least and the greatest id with the prefix. */
function boundsOf(prefix: Uint8Array, nibbles: number): { readonly lower: Uint8Array; readonly upper: Uint8Array } {
  const lower = Buffer.alloc(idBytes, 0x00);
  const upper = Buffer.alloc(idBytes, 0xff);
  const whole = nibbles >> 1;
  for (const bound of [lower, upper]) bound.set(prefix.subarray(0, whole));
  if (nibbles % 2 === 1) {
    const half = (prefix[whole] as number) & 0xf0;
    lower[whole] = half;
    upper[whole] = half | 0x0f;
  }
  return { lower, upper };
}

const bucketOf = (id: Uint8Array): number => ((id[0] ?? 0) << 8) | (id[1] ?? 0);

const sumOfMarks = (marks: readonly Marked[]): Sum => marks.reduce((sum, { mark }) => plus(sum, valueIn(mark)), noSum);

function valueIn(mark: Uint8Array): Sum {
  const bytes = Buffer.from(mark.buffer, mark.byteOffset, mark.byteLength);
  return { high: bytes.readUInt32BE(0), low: bytes.readUInt32BE(4) };
}

/** By the half byte that follows the first so many. */
function summedUpByPart(marks: readonly Marked[], nibbles: number): readonly Fingerprint[] {
  const parts = Array.from({ length: 16 }, (): Summed => ({ count: 0, ...noSum }));
  for (const { id, mark } of marks) {
    const byte = id[nibbles >> 1] as number;
    const part = nibbles % 2 === 0 ? byte >> 4 : byte & 0x0f;
    const before = parts[part] as Summed;
    parts[part] = { count: before.count + 1, ...plus(before, valueIn(mark)) };
  }
  return parts.map(told);
}

function told({ count, high, low }: Summed): Fingerprint {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(high, 0);
  bytes.writeUInt32BE(low, 4);
  return { count, sum: bytes };
}
