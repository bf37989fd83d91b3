/**
 * Counts and sums of marks, by prefix of the id: how two peers find out where they differ. Kept in memory for each of the 65 536 first two bytes, and made from the log again where that has changed; a longer
 * prefix has so few rows that they are summed when they are asked for.
 */
import { Buffer } from "node:buffer";
import type { Connection } from "@cuitty/persist-sqlite/host";
import type { Fingerprint, Marked } from "../sync/replica.ts";
import type { Identifier } from "./identifying.ts";
import { createPrefixSums } from "./prefix-sums.ts";

export interface Fingerprints {
  /** Of all rows whose id starts with the first `nibbles` half bytes of the prefix. */
  fingerprint(prefix: Uint8Array, nibbles: number): Fingerprint;
  marks(prefix: Uint8Array, nibbles: number, limit: number): readonly Marked[];
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

  /** All rows of a page in one text: a hundred thousand pairs of buffers would take most of the time. */
  const build = () => {
    sums.clear();
    for (let after = 0; ; ) {
      const { marks, last } = connection
        .statement(
          `select group_concat(hex(substr(id, 1, 2)) || hex(mark), '') as marks, max(line) as last
           from (select line, id, mark from replica_rows where line > ? order by line limit 10000)`,
        )
        .get(after) as { marks: string | null; last: number | null };
      if (marks === null || last === null) return;
      const bytes = Buffer.from(marks, "hex");
      for (let at = 0; at < bytes.length; at += 10) {
        sums.add(bytes.readUInt16BE(at), 1, bytes.readBigUInt64BE(at + 2));
      }
      after = last;
    }
  };

  const refresh = () => {
    identifier.all();
    const last = lastPlace(connection);
    if (seen === undefined) build();
    else if (last !== seen) {
      const changed = connection
        .statement("select distinct substr(id, 1, 2) as start from replica_rows where seq > ? limit ?")
        .all(seen, mostSummedUp + 1) as { start: Uint8Array }[];
      if (changed.length > mostSummedUp) build();
      else for (const { start } of changed) sumUp(bucketOf(start));
    }
    seen = last;
  };

  return {
    fingerprint(prefix, nibbles) {
      refresh();
      if (nibbles > bucketNibbles) {
        const marks = readMarks(connection, prefix, nibbles, -1);
        return { count: marks.length, sum: sumBytes(sumOfMarks(marks)) };
      }
      const { count, sum } = sums.of(bucketOf(prefix) >> (4 * (bucketNibbles - nibbles)), nibbles);
      return { count, sum: sumBytes(sum) };
    },

    marks(prefix, nibbles, limit) {
      identifier.all();
      return readMarks(connection, prefix, nibbles, limit);
    },

    forget(ids) {
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
    .statement("select id, mark from replica_rows where id >= ? and id <= ? order by id limit ?")
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

const sumOfMarks = (marks: readonly Marked[]): bigint => marks.reduce((sum, { mark }) => sum + markValue(mark), 0n);

function markValue(mark: Uint8Array): bigint {
  return Buffer.from(mark.buffer, mark.byteOffset, mark.byteLength).readBigUInt64BE();
}

function sumBytes(sum: bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt.asUintN(64, sum));
  return bytes;
}
