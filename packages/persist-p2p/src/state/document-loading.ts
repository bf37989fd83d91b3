/** Documents in memory: never one that was not measured, and never longer than it is used. */
import { Buffer } from "node:buffer";
import { createDocument, type Handle } from "../drivers/automerge.ts";
import { ReplicaRefusal } from "../sync/replica.ts";
import { checkDocument, headsOf, refusal } from "./document-chunk.ts";
import { type Json, read, valueAt, valueName } from "./document-values.ts";

/** The object that holds the value. */
export const root = "/";

/** The caller frees it. Changes are made as the actor. Throws a ReplicaRefusal where the document is too large or damaged. */
export function load(document: Uint8Array, actor = "00"): Handle {
  checkDocument(document);
  const handle = createDocument(actor);
  try {
    handle.loadIncremental(document);
    const heads = handle.getHeads().sort();
    if (heads.join() !== headsOf(document).join()) throw refusal("does not have the heads that it says");
    return handle;
  } catch (cause) {
    handle.free();
    throw cause instanceof ReplicaRefusal ? cause : refusal("cannot be loaded", cause);
  }
}

export function using<T>(handle: Handle, use: (handle: Handle) => T): T {
  try {
    return use(handle);
  } finally {
    handle.free();
  }
}

/** Throws a ReplicaRefusal for what no document of ours holds. */
export function readRoot(handle: Handle): Json {
  return read(handle, valueAt(handle, root, valueName));
}

export function toActor(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}
