/** What makes one value another, as changes to a document: as few as can be, so that what others change at the same time survives beside them. */
import type { Handle, ObjectId } from "../drivers/automerge.ts";
import { refusal } from "./document-chunk.ts";
import {
  fieldsOf,
  isSameScalar,
  type Json,
  type JsonList,
  type JsonMap,
  shapeOf,
  toText,
  write,
} from "./document-values.ts";
import { alignLists } from "./list-alignment.ts";

/**
 * Changes the value at the place from what it is to `after`: as little of it as can be, or by `"fields"` each field of a map that differs, whole. Throws where the document does not hold `before`.
 */
export function changeValue(
  document: Handle,
  container: () => ObjectId,
  place: string | number,
  before: Json,
  after: Json,
  merge: "deep" | "fields" = "deep",
): void {
  const shape = shapeOf(after);
  if (shape !== shapeOf(before) || shape === "scalar") {
    if (shape !== "scalar" || shapeOf(before) !== "scalar" || !isSameScalar(before, after))
      write(document, container(), place, after);
    return;
  }
  // Found only once something inside differs: most of a value stays as it is.
  const inside = once(() => objectAt(document, container(), place, shape));
  if (shape === "list") changeList(document, inside, before as JsonList, after as JsonList);
  else {
    const change = merge === "deep" ? changeValue : changeWhole;
    changeMap(document, inside, fieldsOf(before as JsonMap), fieldsOf(after as JsonMap), change);
  }
}

/** Gives the place the new value whole, where it differs. */
const changeWhole: typeof changeValue = (document, container, place, before, after) => {
  if (toText(before) !== toText(after)) write(document, container(), place, after);
};

function changeMap(
  document: Handle,
  map: () => ObjectId,
  before: ReadonlyMap<string, Json>,
  after: ReadonlyMap<string, Json>,
  change: typeof changeValue,
): void {
  for (const key of before.keys()) if (!after.has(key)) document.delete(map(), key);
  for (const [key, value] of after) {
    const old = before.get(key);
    if (old === undefined) write(document, map(), key, value);
    else change(document, map, key, old, value);
  }
}

function changeList(document: Handle, list: () => ObjectId, before: JsonList, after: JsonList): void {
  let at = 0;
  for (const { from, to } of alignLists(before, after)) {
    if (to === undefined) {
      document.delete(list(), at);
      continue;
    }
    const value = after[to] as Json;
    if (from === undefined) write(document, list(), at, value, "insert");
    else changeValue(document, list, at, before[from] as Json, value);
    at++;
  }
}

function objectAt(document: Handle, container: ObjectId, place: string | number, shape: "list" | "map"): ObjectId {
  const [type, object] = document.getWithType(container, place) ?? [];
  if (type !== shape) throw refusal("does not hold the value that is beside it");
  return object as ObjectId;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
