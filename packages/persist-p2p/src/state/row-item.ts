/**
 * A row as peers send it: a CBOR array, whose fields are listed at {@link Fields}. What comes is checked to the last field, so that whatever is stored can be read.
 */
import { Buffer } from "node:buffer";
import { checkKey, checkName, commitLimits, decode, encode, maxDepth } from "@cuitty/persist-core";
import { fromCbor, toCbor } from "../drivers/cbor.ts";
import { ReplicaRefusal } from "../sync/replica.ts";
import { packCells, unpackCells } from "./cell-bytes.ts";
import { valueOfCells } from "./cells.ts";
import { checkDocument } from "./document-chunk.ts";
import { packHead, unpackHead } from "./row-head.ts";
import type { RowState } from "./row-state.ts";
import { type Stamp, stampBytes } from "./stamp.ts";

/** What is replicated. A row's place in this list is what is sent of its space. */
const spaces = ["records", "kv", "blobs"] as const;

export type ReplicatedSpace = (typeof spaces)[number];

export interface ReplicatedRow {
  /** `""` for the store itself. */
  readonly namespace: string;
  readonly space: ReplicatedSpace;
  readonly key: string;
  readonly state: RowState;
}

/** Texts are bytes, so that they come as they are. Where there are cells, the value is what they make. The last four are left out where all of them are null. */
type Fields = readonly [
  head: Uint8Array,
  space: number,
  namespace: string,
  key: Uint8Array,
  version: string,
  value: Uint8Array | null,
  document?: Uint8Array | null,
  cells?: Uint8Array | null,
  base?: Uint8Array | null,
  expiry?: Stamp | null,
];

const plainFields = 6;
const allFields = 10;
const maxBodyBytes = 4 * 1024 * 1024;
/** A number's. */
const maxBaseBytes = 64;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const versionPattern = /^[\x20-\x7e]{0,128}$/;

export function encodeRow({ namespace, space, key, state }: ReplicatedRow): Uint8Array {
  const { value, version, document, cells, base, expiry } = state;
  const plain: Fields = [
    packHead(state),
    spaces.indexOf(space),
    namespace,
    Buffer.from(key),
    version,
    value === undefined || cells !== undefined ? null : Buffer.from(value),
  ];
  if (document === undefined && cells === undefined && expiry === undefined) return toCbor(plain);
  return toCbor([
    ...plain,
    document ?? null,
    cells === undefined ? null : packCells(cells),
    base === undefined ? null : Buffer.from(base),
    expiry?.stamp ?? null,
  ]);
}

/** Throws a ReplicaRefusal for anything that {@link encodeRow} does not make of a row that may be stored. */
export function decodeRow(bytes: Uint8Array): ReplicatedRow {
  try {
    return readRow(bytes);
  } catch (cause) {
    throw cause instanceof ReplicaRefusal ? cause : refusal("is malformed", cause);
  }
}

function readRow(bytes: Uint8Array): ReplicatedRow {
  if (bytes.length > maxBodyBytes) throw refusal("is too large");
  const fields = fromCbor(bytes);
  if (!Array.isArray(fields) || (fields.length !== plainFields && fields.length !== allFields))
    throw refusal("does not have the fields of a row");
  const [head, space, namespace, keyBytes, version, value] = fields as unknown[];
  const spaceName = typeof space === "number" ? spaces[space] : undefined;
  if (spaceName === undefined) throw refusal("is in a space that is not replicated");
  if (namespace !== "") checkName(namespace, "namespace");
  const key = textOf(keyBytes, commitLimits.keyBytes);
  checkKey(key);
  if (typeof version !== "string" || !versionPattern.test(version)) throw refusal("has a malformed version");
  const plain = { ...unpackHead(bytesOf(head)), version, value: readValue(value) };
  const state = fields.length === plainFields ? plain : readAdditions(plain, spaceName, fields as unknown[]);
  return { namespace: namespace as string, space: spaceName, key, state };
}

function readAdditions(plain: RowState, space: ReplicatedSpace, fields: readonly unknown[]): RowState {
  const [document, cells, base, expiry] = fields.slice(plainFields);
  let state = plain;
  if (document !== null) {
    if (space !== "records" || plain.value === undefined) throw refusal("has a document where there can be none");
    state = { ...state, document: bytesOf(document) };
    checkDocument(state.document as Uint8Array);
  }
  if (cells !== null) {
    if (space !== "kv" || plain.value !== undefined) throw refusal("has cells where there can be none");
    state = { ...state, ...readSum(bytesOf(cells), base) };
  } else if (base !== null) throw refusal("has a base without cells");
  if (expiry !== null) {
    if (state.value === undefined) throw refusal("has an expiry where there is no value");
    const stamp = bytesOf(expiry);
    if (stamp.length !== stampBytes) throw refusal("has a malformed stamp");
    state = { ...state, expiry: { stamp, at: plain.expiresAt } };
  } else if (state === plain) throw refusal("has more fields than it needs");
  return state;
}

function readSum(packed: Uint8Array, base: unknown): Pick<RowState, "value" | "cells" | "base"> {
  const cells = unpackCells(packed);
  const start = base === null ? undefined : textOf(base, maxBaseBytes);
  const value = valueOfCells(start, cells);
  if (value === undefined) throw refusal("adds to what is no number");
  return { value, cells, base: start };
}

function readValue(field: unknown): string | undefined {
  if (field === null) return undefined;
  const text = textOf(field, commitLimits.valueBytes);
  const value = decode(text);
  // Deeper than what can be written here, it could be read, but never be updated.
  if (text.length > 2 * maxDepth && nesting(text) > maxDepth) encode(value);
  return text;
}

/** How deep the brackets of a JSON text go. */
function nesting(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 0x22) i = endOfString(text, i);
    else if (unit === 0x7b || unit === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (unit === 0x7d || unit === 0x5d) depth--;
  }
  return deepest;
}

function endOfString(text: string, start: number): number {
  let end = start + 1;
  for (let unit = text.charCodeAt(end); unit !== 0x22; unit = text.charCodeAt(end)) end += unit === 0x5c ? 2 : 1;
  return end;
}

function textOf(field: unknown, maxBytes: number): string {
  const bytes = bytesOf(field);
  if (bytes.length > maxBytes) throw refusal("has a text that is too large");
  return utf8.decode(bytes);
}

function bytesOf(field: unknown): Uint8Array {
  if (!(field instanceof Uint8Array)) throw refusal("has a field of the wrong type");
  return field;
}

function refusal(problem: string, cause?: unknown): ReplicaRefusal {
  return new ReplicaRefusal(`A row ${problem}.`, { cause });
}
