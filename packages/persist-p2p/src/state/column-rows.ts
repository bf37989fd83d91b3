/** How many rows a column of an Automerge document has, without making them: runs are counted, and not written out. */
import { type ByteReader, createByteReader } from "./byte-reader.ts";

/** By the lower three bits of a column's specification. */
const kinds = { delta: 3, boolean: 4, string: 5, raw: 7 };

/** Stops counting past `limit`. Throws a ReplicaRefusal where the column is malformed. */
export function countRows(column: Uint8Array, kind: number, limit: number): number {
  if (kind === kinds.raw) return 0; // the contents of values, whose lengths are in a column of their own
  const reader = createByteReader(column);
  let rows = 0;
  while (reader.left() > 0 && rows <= limit) rows += kind === kinds.boolean ? reader.number() : readRun(reader, kind);
  return rows;
}

/** A positive length and one value that it repeats; a negative one and that many values; or zero and a number of rows that have none. */
function readRun(reader: ByteReader, kind: number): number {
  const length = reader.signed();
  if (length === 0) return reader.number();
  for (let values = length > 0 ? 1 : -length; values > 0; values--) skipValue(reader, kind);
  return Math.abs(length);
}

function skipValue(reader: ByteReader, kind: number): void {
  if (kind === kinds.delta) reader.signed();
  else if (kind === kinds.string) reader.bytes(reader.number());
  else reader.number();
}
