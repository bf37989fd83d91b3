/**
 * Automerge, by the handle under its own JavaScript: values are written and read with their types, so that a number is what it was, and nothing is made of a
 * document but what is asked for. A handle's memory is not the garbage collector's: each must be freed.
 */
import { free, getBackend, init } from "@automerge/automerge";

export type Handle = ReturnType<typeof getBackend>;
/** `"/"` is the root. */
export type ObjectId = string;
export type TypedValue = NonNullable<ReturnType<Handle["getWithType"]>>;
export type Datatype = NonNullable<Parameters<Handle["put"]>[3]>;
export type Scalar = Parameters<Handle["put"]>[2];

/** An empty document, changed by the actor (hex). */
export function createDocument(actor: string): Handle {
  return make(actor);
}

// Automerge's own functions make much more than a handle. Its class is not exported, so it is taken from a document.
const make = ((): ((actor: string) => Handle) => {
  const document = init();
  const handles = getBackend(document).constructor as unknown as Record<"new", (actor: string) => Handle>;
  free(document);
  return (actor) => handles.new(actor);
})();
