/** The five listings by key in one form, so that each promise about listings is checked on each of them. */
import type { Listing, RangeOptions, Store } from "@cuitty/persist-core";

export interface Lister {
  /** `kv.list`. */
  readonly name: string;
  readonly slug: string;
  fill(store: Store, keys: readonly string[]): Promise<void>;
  remove(store: Store, key: string): Promise<boolean>;
  list(store: Store, o?: RangeOptions): Listing<unknown>;
  keyOf(item: unknown): string;
}

const keyOf = (item: unknown) => (item as { key: string }).key;

export const listers: readonly Lister[] = [
  {
    name: "records.list",
    slug: "records-list",
    fill: async (store, keys) => {
      await store.records.putMany(keys.map((key) => [key, { of: key }]));
    },
    remove: (store, key) => store.records.delete(key),
    list: (store, o) => store.records.list(o),
    keyOf,
  },
  {
    name: "kv.list",
    slug: "kv-list",
    fill: (store, keys) => store.kv.setMany(keys.map((key) => [key, key])),
    remove: (store, key) => store.kv.delete(key),
    list: (store, o) => store.kv.list(o),
    keyOf,
  },
  {
    name: "kv.keys",
    slug: "kv-keys",
    fill: (store, keys) => store.kv.setMany(keys.map((key) => [key, key])),
    remove: (store, key) => store.kv.delete(key),
    list: (store, o) => store.kv.keys(o),
    keyOf: (item) => item as string,
  },
  {
    name: "blobs.list",
    slug: "blobs-list",
    fill: async (store, keys) => {
      for (const key of keys) await store.blobs.put(key, key);
    },
    remove: (store, key) => store.blobs.delete(key),
    list: (store, o) => store.blobs.list(o),
    keyOf,
  },
  {
    name: "events.streams",
    slug: "events-streams",
    fill: async (store, keys) => {
      await Promise.all(keys.map((key) => store.events.append(key, { type: "t", data: key })));
    },
    remove: (store, key) => store.events.deleteStream(key),
    list: (store, o) => store.events.streams(o),
    keyOf: (item) => (item as { stream: string }).stream,
  },
];

/** The keys of a listing, read to its end. */
export async function keysOf(lister: Lister, store: Store, o?: RangeOptions): Promise<string[]> {
  return (await lister.list(store, o).toArray()).map(lister.keyOf);
}
