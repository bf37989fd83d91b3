/** Cells as bytes, 40 each: 16 of the writer, then count, sum and running result as doubles, which keep their bits. */
import { Buffer } from "node:buffer";
import { ReplicaRefusal } from "../sync/replica.ts";
import { type Cell, maxCells } from "./cells.ts";
import { writerBytes } from "./stamp.ts";

const cellBytes = writerBytes + 3 * 8;
/** Peers that were apart may each have added as many as one may have. */
const maxReceived = 16 * maxCells;

export function packCells(cells: readonly Cell[]): Uint8Array {
  const bytes = new Uint8Array(cells.length * cellBytes);
  const view = new DataView(bytes.buffer);
  for (const [i, { writer, count, sum, running }] of cells.entries()) {
    const at = i * cellBytes;
    bytes.set(writer, at);
    view.setFloat64(at + writerBytes, count);
    view.setFloat64(at + writerBytes + 8, sum);
    view.setFloat64(at + writerBytes + 16, running);
  }
  return bytes;
}

/** Throws a ReplicaRefusal unless there is at least one cell, they ascend by writer, and each has counted. */
export function unpackCells(bytes: Uint8Array): readonly Cell[] {
  const count = bytes.length / cellBytes;
  if (!Number.isInteger(count) || count === 0 || count > maxReceived) throw malformed();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const cells = Array.from({ length: count }, (_, i) => readCell(bytes, view, i * cellBytes));
  for (let i = 1; i < count; i++) {
    const [a, b] = [cells[i - 1] as Cell, cells[i] as Cell];
    if (Buffer.compare(a.writer, b.writer) >= 0) throw malformed();
  }
  return cells;
}

function readCell(bytes: Uint8Array, view: DataView, at: number): Cell {
  const count = view.getFloat64(at + writerBytes);
  if (!Number.isSafeInteger(count) || count < 1) throw malformed();
  return {
    writer: bytes.slice(at, at + writerBytes),
    count,
    sum: view.getFloat64(at + writerBytes + 8),
    running: view.getFloat64(at + writerBytes + 16),
  };
}

function malformed(): ReplicaRefusal {
  return new ReplicaRefusal("The cells of a row are malformed.");
}
