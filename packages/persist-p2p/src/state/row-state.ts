/**
 * The replicated state of a row: a base, and what was added to it. Two states of one row make one, in whatever order and however often they meet.
 *
 * The later base wins whole, with all that was added to it. What was added to one and the same base is merged: documents by Automerge, cells writer by writer, and of
 * what was said of the expiry the later.
 */
import { createHash, hash } from "node:crypto";
import { type Cell, mergeCells, valueOfCells } from "./cells.ts";
import { headsOf, mergeDocuments } from "./document.ts";
import type { Join, Relation } from "./join.ts";
import { rowIdBytes } from "./row-id.ts";
import { compareStamps, type Stamp, stampBytes } from "./stamp.ts";

export interface RowState {
  /** Of the base. Updates and increments leave it as it is. */
  readonly stamp: Stamp;
  /** Encoded; `undefined`: a tombstone. */
  readonly value: string | undefined;
  readonly version: string;
  /** Milliseconds since the epoch: what holds at present, so it is {@link Expiry.at} where there is an `expiry`. */
  readonly expiresAt?: number | undefined;
  readonly createdAt: number;
  /** Never less than in the states that this one came from. */
  readonly updatedAt: number;
  /** In `records`: the Automerge document, where there was an update since the base. */
  readonly document?: Uint8Array | undefined;
  /** In `kv`: ascending by writer, at least one, where there was an increment since the base. */
  readonly cells?: readonly Cell[] | undefined;
  /** The text that the cells are added to; `undefined`: there was none. */
  readonly base?: string | undefined;
  /** What was said of the expiry after the base was written. */
  readonly expiry?: Expiry | undefined;
}

export interface Expiry {
  readonly stamp: Stamp;
  /** Milliseconds since the epoch; `undefined`: it does not expire. */
  readonly at: number | undefined;
}

export const markBytes = 8;

/** What two states of one row make. Returns `a` itself where `b` adds nothing to it, and `b` itself where `a` adds nothing. */
export function mergeStates(a: RowState, b: RowState): RowState {
  const order = compareStamps(a.stamp, b.stamp);
  if (order !== 0) return order > 0 ? a : b;
  const document = joinPresent(a.document, b.document, joinDocuments);
  const cells = joinPresent(a.cells, b.cells, mergeCells);
  const expiry = joinPresent(a.expiry, b.expiry, joinExpiries);
  const relation = together([document.relation, cells.relation, expiry.relation]);
  if (relation !== "merged") return relation === "second" ? b : a;

  const base = a.cells === undefined ? b.base : a.base;
  const dominant = document.relation === "second" ? b : a;
  return {
    stamp: a.stamp,
    value: cells.is === undefined ? (document.value ?? dominant.value) : valueOfCells(base, cells.is),
    version: mergedVersion(document.is, cells.is, expiry.is),
    expiresAt: expiry.is === undefined ? a.expiresAt : expiry.is.at,
    // Where there was no base, each peer that added to nothing has a time of its own.
    createdAt: Math.min(a.createdAt, b.createdAt),
    updatedAt: Math.max(a.updatedAt, b.updatedAt),
    document: document.is,
    cells: cells.is,
    base,
    expiry: expiry.is,
  };
}

/** 8 bytes: states of one row with equal marks are equal. */
export function markOf(
  id: Uint8Array,
  { stamp, document, cells, expiry }: Pick<RowState, "stamp" | "document" | "cells" | "expiry">,
): Uint8Array {
  scratch.set(id);
  scratch.set(stamp, rowIdBytes);
  const isPlain = document === undefined && cells === undefined && expiry === undefined;
  const digest = isPlain
    ? hash("sha256", scratch, "buffer")
    : additions(createHash("sha256").update(scratch), document, cells, expiry).digest();
  return new Uint8Array(digest.buffer, digest.byteOffset, markBytes);
}

const scratch = new Uint8Array(rowIdBytes + stampBytes);

/** Of a part that one of the two may lack. */
function joinPresent<T, J extends Join<T>>(
  a: T | undefined,
  b: T | undefined,
  join: (a: T, b: T) => J,
): J | (Join<T | undefined> & { readonly value?: undefined }) {
  if (a !== undefined && b !== undefined) return join(a, b);
  if (a !== undefined) return { relation: "first", is: a };
  return { relation: b === undefined ? "equal" : "second", is: b };
}

function joinDocuments(a: Uint8Array, b: Uint8Array): Join<Uint8Array> & { readonly value?: string | undefined } {
  const merged = mergeDocuments(a, b);
  if (merged.relation === "merged") return { relation: "merged", is: merged.document, value: merged.value };
  return { relation: merged.relation, is: merged.relation === "second" ? b : a };
}

function joinExpiries(a: Expiry, b: Expiry): Join<Expiry> {
  const order = compareStamps(a.stamp, b.stamp);
  if (order < 0) return { relation: "second", is: b };
  return { relation: order > 0 ? "first" : "equal", is: a };
}

/** How two states stand to each other, by how their parts do. */
function together(parts: readonly Relation[]): Relation {
  const differing = new Set(parts.filter((relation) => relation !== "equal"));
  const [only] = differing;
  return differing.size > 1 ? "merged" : (only ?? "equal");
}

/** Every peer that makes the same of what it was sent gives it the same version. */
function mergedVersion(
  document: Uint8Array | undefined,
  cells: readonly Cell[] | undefined,
  expiry: Expiry | undefined,
) {
  const digest = additions(createHash("sha256"), document, cells, expiry).digest();
  return `m${digest.subarray(0, 12).toString("hex")}`;
}

/** Each part with its name and its length before it, so that no two run together. */
function additions(
  digest: ReturnType<typeof createHash>,
  document: Uint8Array | undefined,
  cells: readonly Cell[] | undefined,
  expiry: Expiry | undefined,
): ReturnType<typeof createHash> {
  if (document !== undefined) {
    const heads = headsOf(document);
    digest.update(`heads ${heads.length} ${heads.join(" ")}\n`);
  }
  if (cells !== undefined) {
    digest.update(`cells ${cells.length}\n`);
    for (const { writer, count } of cells) digest.update(writer).update(` ${count}\n`);
  }
  if (expiry !== undefined) digest.update("expiry ").update(expiry.stamp);
  return digest;
}
