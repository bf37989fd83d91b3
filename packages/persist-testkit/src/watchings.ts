/** The three watches by key in one form, so that each promise about them is checked on each. */
import type { Change, Store, Watcher, WatchOptions } from "@cuitty/persist-core";

export interface Watching {
  readonly name: string;
  readonly slug: string;
  write(store: Store, key: string): Promise<unknown>;
  remove(store: Store, key: string): Promise<boolean>;
  watch(store: Store, what: string | { prefix: string }, o?: WatchOptions): Watcher<Change<unknown>>;
}

export const watchings: readonly Watching[] = [
  {
    name: "records.watch",
    slug: "records",
    write: (s, key) => s.records.put(key, { of: key }),
    remove: (s, key) => s.records.delete(key),
    watch: (s, what, o) => s.records.watch(what, o),
  },
  {
    name: "kv.watch",
    slug: "kv",
    write: (s, key) => s.kv.set(key, key),
    remove: (s, key) => s.kv.delete(key),
    watch: (s, what, o) => s.kv.watch(what, o),
  },
  {
    name: "blobs.watch",
    slug: "blobs",
    write: (s, key) => s.blobs.put(key, key),
    remove: (s, key) => s.blobs.delete(key),
    watch: (s, what, o) => s.blobs.watch(what, o),
  },
];

/** `put a`, `delete a`, `expired a`, `append s`. */
export function brief(changes: readonly Change<unknown>[]): string[] {
  return changes.map((change) => {
    if (change.type === "put") return `put ${change.key}`;
    if (change.type === "delete") return `${change.reason} ${change.key}`;
    return `${change.type} ${change.stream}`;
  });
}
