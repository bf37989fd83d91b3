/**
 * A saved Automerge document, read without Automerge: its heads, and how large it would be in memory.
 *
 * Columns are deflated and run-length encoded, so that a few bytes can stand for millions of operations. What peers send is measured before it is loaded.
 *
 * One chunk: `85 6f 4a 83`, four bytes of the SHA-256 of the rest, type 0, length; actors; heads; the columns of changes and of operations, each with what it is
 * and its length; their contents. Numbers are LEB128. Source: automerge.org/automerge-binary-format-spec
 */
import { Buffer } from "node:buffer";
import { hash } from "node:crypto";
import { inflateRawSync } from "node:zlib";
import { ReplicaRefusal } from "../sync/replica.ts";
import { type ByteReader, createByteReader } from "./byte-reader.ts";
import { countRows } from "./column-rows.ts";

/** Of one document as it is saved. */
export const maxDocumentBytes: number = 256 * 1024;
/** Of all its columns, inflated. */
export const maxInflatedBytes: number = 4 * 1024 * 1024;
/** Operations in the whole history. Each takes some microseconds to load or to make. */
export const maxOperations = 20_000;

const magic = Buffer.from([0x85, 0x6f, 0x4a, 0x83]);
const documentType = 0;
const headBytes = 32;
const deflated = 8;

/** The hashes of the changes that no other change came after, ascending, in hex. Throws a ReplicaRefusal where the beginning is malformed. */
export function headsOf(document: Uint8Array): readonly string[] {
  return readHeads(openChunk(document));
}

/** Throws a ReplicaRefusal where Automerge should not be given the document: it is too large, larger than it looks, or damaged. */
export function checkDocument(document: Uint8Array): void {
  if (document.length > maxDocumentBytes) throw refusal(`is ${document.length} bytes long`);
  const reader = openChunk(document);
  const sum = hash("sha256", document.subarray(8), "buffer").subarray(0, 4);
  if (!sum.equals(document.subarray(4, 8))) throw refusal("does not have the checksum that it says");
  readHeads(reader);
  const columns = [...readColumns(reader), ...readColumns(reader)];
  let room = maxInflatedBytes;
  for (const { specification, length } of columns) {
    const content = (specification & deflated) === 0 ? reader.bytes(length) : inflate(reader.bytes(length), room);
    room -= content.length;
    if (room < 0) throw refusal("is too large when inflated");
    if (countRows(content, specification & 7, maxOperations) > maxOperations) throw refusal("has too many operations");
  }
}

export function refusal(problem: string, cause?: unknown): ReplicaRefusal {
  return new ReplicaRefusal(`A document ${problem}.`, { cause });
}

/** Behind the header, at the actors. */
function openChunk(document: Uint8Array): ByteReader {
  if (document.length < 10 || !magic.equals(document.subarray(0, 4))) throw refusal("is not one of Automerge");
  const reader = createByteReader(document, 8);
  if (reader.byte() !== documentType) throw refusal("is not a whole one");
  if (reader.number() !== reader.left()) throw refusal("does not have the length that it says");
  return reader;
}

/** Behind the actors, whom nobody asks for. */
function readHeads(reader: ByteReader): readonly string[] {
  for (let actors = reader.number(); actors > 0; actors--) reader.bytes(reader.number());
  const count = reader.number();
  if (count === 0 || count * headBytes > reader.left()) throw refusal("has no heads, or more than it has room for");
  const heads = Array.from({ length: count }, () => Buffer.from(reader.bytes(headBytes)).toString("hex"));
  return heads.sort();
}

function readColumns(reader: ByteReader): readonly { readonly specification: number; readonly length: number }[] {
  const count = reader.number();
  if (count > 64) throw refusal("has columns that nobody knows");
  return Array.from({ length: count }, () => ({ specification: reader.number(), length: reader.number() }));
}

function inflate(content: Uint8Array, room: number): Uint8Array {
  try {
    return inflateRawSync(content, { maxOutputLength: Math.max(1, room) });
  } catch (cause) {
    throw refusal("is too large when inflated, or cannot be inflated", cause);
  }
}
