/** Index entries for engines that write records on their own: those that merge. */
import type { IndexEntry, Row } from "../contract.ts";
import { catalogKey, collectionOf, createCatalogCache } from "./catalog.ts";
import { entriesOf } from "./entries.ts";

export interface Indexer {
  /** The key in `system` of the row with the definitions of all indexes. */
  readonly catalogKey: string;
  /** All entries of a record, by the definitions as they stand in the store now. `value` is encoded. */
  entries(catalog: Row | undefined, key: string, value: string): readonly IndexEntry[];
}

/** It remembers the definitions for as long as their row is the same: one for each scope. */
export function createIndexer(): Indexer {
  const cache = createCatalogCache({ read: () => [] });
  return {
    catalogKey,
    entries(catalog, key, value) {
      const definitions = cache.note(catalog).collections.get(collectionOf(key) ?? "");
      return definitions === undefined ? [] : entriesOf(definitions, value);
    },
  };
}
