/** What lost: where two have changed one and the same place at the same time, a document keeps both until the next change of that place. */
import type { Handle, ObjectId, TypedValue } from "../drivers/automerge.ts";
import { load, readRoot, root, using } from "./document-loading.ts";
import {
  type Json,
  type JsonList,
  type JsonMap,
  keyInText,
  read,
  toText,
  valueAt,
  valueName,
} from "./document-values.ts";

/** More than these, nobody looks at. */
const maxConflicts = 100;

/**
 * For each value that lost in the present document: the text of the whole value as it would be with that one in its place. At most 100. Throws a ReplicaRefusal where
 * the document is damaged.
 */
export function conflictsOf(document: Uint8Array): readonly string[] {
  return using(load(document), (handle) => {
    const whole: JsonMap = { [valueName]: readRoot(handle) };
    const present = toText(whole[valueName] as Json);
    const texts = new Set<string>();
    for (const { container, place, loser } of losersIn(handle, root, whole)) {
      const winner = container[place] as Json;
      container[place] = loser;
      texts.add(toText(whole[valueName] as Json));
      container[place] = winner;
      if (texts.size > maxConflicts) break;
    }
    texts.delete(present); // of those who wrote the same, none has lost
    return [...texts].slice(0, maxConflicts);
  });
}

interface Loser {
  readonly container: Record<string | number, Json>;
  readonly place: string | number;
  readonly loser: Json;
}

function* losersIn(handle: Handle, object: ObjectId, value: JsonMap | JsonList): Generator<Loser> {
  const container = value as Record<string | number, Json>;
  const places = Array.isArray(value) ? value.keys() : handle.keys(object);
  for (const key of places) {
    const place = typeof key === "number" ? key : keyInText(key, Object.keys(value).length);
    // In the order of the changes, the one that won last.
    const losers = handle.getAll(object, key).slice(0, -1);
    for (const loser of losers) yield { container, place, loser: read(handle, loser as unknown as TypedValue) };
    const [type, inside] = valueAt(handle, object, key);
    if (type === "map" || type === "list") yield* losersIn(handle, inside, container[place] as JsonMap | JsonList);
  }
}
