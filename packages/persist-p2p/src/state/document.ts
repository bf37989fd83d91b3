/**
 * A record that was updated, as an Automerge document: concurrent updates of different fields and items survive beside one another.
 *
 * Its first change, the genesis, is made of the base and is the same to the byte on every peer, so that all who update one base share it. Documents are loaded, changed,
 * saved and freed, and never kept.
 */
import { Buffer } from "node:buffer";
import { commitLimits } from "@cuitty/persist-core";
import { createDocument, type Handle } from "../drivers/automerge.ts";
import { ReplicaRefusal } from "../sync/replica.ts";
import { changeValue } from "./document-changes.ts";
import { checkDocument, headsOf, maxDocumentBytes, maxOperations, refusal } from "./document-chunk.ts";
import { load, readRoot, root, toActor, using } from "./document-loading.ts";
import { countValues, type Json, toText, valueName, write } from "./document-values.ts";
import type { Stamp } from "./stamp.ts";

export { conflictsOf } from "./document-conflicts.ts";
export { headsOf };

/** Changes carry no time: nobody reads it, and the genesis must be the same everywhere. */
const noTime = 0;
/** A document may be so many times as long as its value, and this much more, before its history is given up. */
const growth = { times: 4, bytes: 4096 };
/** Each change of the history takes some microseconds whenever the document is loaded. */
const maxChanges = 500;

export type MergedDocument =
  | { readonly relation: "equal" | "first" | "second" }
  | { readonly relation: "merged"; readonly document: Uint8Array; readonly value: string };

/**
 * The document after an update of the value from `before.value` to `next`, by this writer. `"rebase"`: it would be too long, or has come too far; the value is to be written
 * as a new base.
 *
 * @param before.stamp Of the base.
 * @param before.value The text that the document holds; the base's own where there is no document yet.
 * @param o.merge `"fields"`: what is changed inside of a field of the document replaces the field. Default: as little as can be is changed.
 * @param o.writer 16 bytes: the actor of the change. No other process has it, and this one goes on from what it stored, so that no two changes of an actor share a number.
 */
export function updateDocument(
  before: { readonly document?: Uint8Array | undefined; readonly stamp: Stamp; readonly value: string },
  next: string,
  { writer, merge = "deep" }: { readonly writer: Uint8Array; readonly merge?: "deep" | "fields" | undefined },
): { readonly document: Uint8Array } | "rebase" {
  const bytes = Buffer.byteLength(next);
  if (Math.max(bytes, Buffer.byteLength(before.value)) > maxDocumentBytes) return "rebase";
  const [value, nextValue] = [JSON.parse(before.value) as Json, JSON.parse(next) as Json];
  if (Math.max(countValues(value), countValues(nextValue)) > maxOperations / 2) return "rebase";
  const document = changed(before, value, nextValue, merge, toActor(writer));
  if (document === undefined || document.length > growth.times * bytes + growth.bytes) return "rebase";
  return isFit(document) ? { document } : "rebase";
}

/** What the documents of two states of one base make. A document that cannot be loaded adds nothing to one that can. Throws a ReplicaRefusal where neither can. */
export function mergeDocuments(a: Uint8Array, b: Uint8Array): MergedDocument {
  const headsA = headsOf(a);
  const headsB = headsOf(b);
  if (headsA.join() === headsB.join()) return { relation: "equal" };
  const first = tryLoad(a);
  try {
    if (first !== undefined && knows(first, headsB)) return { relation: "first" };
    const second = tryLoad(b);
    try {
      if (second === undefined && first === undefined) throw refusal("cannot be loaded");
      if (second === undefined) return { relation: "first" };
      if (first === undefined || knows(second, headsA)) return { relation: "second" };
      const otherwise = isGreater(first, second) ? "first" : "second";
      return joined(first, second) ?? { relation: otherwise };
    } finally {
      second?.free();
    }
  } finally {
    first?.free();
  }
}

/** The text of the document's value, with its keys in byte order. Throws a ReplicaRefusal where the document is damaged. */
export function valueOfDocument(document: Uint8Array): string {
  return using(load(document), (handle) => toText(readRoot(handle)));
}

function changed(
  before: { readonly document?: Uint8Array | undefined; readonly stamp: Stamp },
  value: Json,
  next: Json,
  merge: "deep" | "fields",
  actor: string,
): Uint8Array | undefined {
  let handle: Handle | undefined;
  try {
    handle = before.document === undefined ? genesis(before.stamp, value, actor) : load(before.document, actor);
    if (handle.stats().numChanges > maxChanges) return undefined;
    changeValue(handle, () => root, valueName, value, next, merge);
    // A change even where none can be seen (keys in another order): the heads must tell one text from another.
    if (handle.commit(undefined, noTime) === null) handle.emptyChange(undefined, noTime);
    return handle.save();
  } catch {
    return undefined; // damaged, or not what is beside it: a new base mends it
  } finally {
    handle?.free();
  }
}

/** By an actor of its own, the base's stamp. */
function genesis(stamp: Stamp, value: Json, actor: string): Handle {
  return using(createDocument(toActor(stamp)), (handle) => {
    write(handle, root, valueName, value);
    handle.commit(undefined, noTime);
    return handle.clone(actor);
  });
}

/** `undefined`: what they make would be too large, or they contradict one another. */
function joined(first: Handle, second: Handle): MergedDocument | undefined {
  try {
    first.merge(second);
    const value = toText(readRoot(first));
    const document = first.save();
    return isFit(document) && Buffer.byteLength(value) <= commitLimits.valueBytes
      ? { relation: "merged", document, value }
      : undefined;
  } catch {
    return undefined;
  }
}

/** Where two cannot be merged: the one that came further, which whatever is merged from it does as well. */
function isGreater(first: Handle, second: Handle): boolean {
  const further = first.stats().numChanges - second.stats().numChanges;
  return further === 0 ? first.getHeads().sort().join() > second.getHeads().sort().join() : further > 0;
}

function knows(handle: Handle, heads: readonly string[]): boolean {
  return heads.every((head) => handle.getChangeByHash(head) !== null);
}

function tryLoad(document: Uint8Array): Handle | undefined {
  try {
    return load(document);
  } catch (error) {
    if (error instanceof ReplicaRefusal) return undefined;
    throw error;
  }
}

function isFit(document: Uint8Array): boolean {
  try {
    checkDocument(document);
    return true;
  } catch {
    return false;
  }
}
