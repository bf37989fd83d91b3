import { decode } from "../codec.ts";
import type { IndexEntry } from "../contract.ts";
import { tupleOf } from "../query/indexes.ts";
import type { IndexDefinition } from "./catalog.ts";

/** What these indexes say of the document, given as it is encoded. */
export function entriesOf(definitions: readonly IndexDefinition[], value: string): IndexEntry[] {
  const document = decode(value);
  const entries: IndexEntry[] = [];
  for (const { id, paths, unique } of definitions) {
    const found = tupleOf(paths, document, unique);
    if (found !== undefined) entries.push({ index: id, tuple: found.tuple, unique });
  }
  return entries;
}
