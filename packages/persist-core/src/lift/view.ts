/**
 * What one call sees: what the adapter holds, under the writes that are committed but not all in place yet, and under those that a commit has collected so far.
 */
import type { Backend, Entry, Writes } from "./backend.ts";
import { each } from "./each.ts";
import { ensureWanted, type Patience } from "./patience.ts";

export interface Listed {
  readonly prefix: string;
  /** Only entries after it are wanted; others may come too. */
  readonly after?: string | undefined;
  /** How many the caller expects to look at. */
  readonly page: number;
  /** Whether the caller wants neither this entry nor any after it. Only asked where entries come in order. */
  isBeyond?(key: string): boolean;
}

export interface View {
  get(key: string): Promise<unknown>;
  /** In the order of the keys. */
  getAll(keys: readonly string[]): Promise<unknown[]>;
  /** Fetches them together, so that later `get`s find them here. */
  prefetch(keys: Iterable<string>): Promise<void>;
  list(listed: Listed): AsyncIterable<Entry>;
  /** The same with more writes on top, which may go on being collected. */
  under(writes: Writes): View;
}

export function createView(backend: Backend, writes: readonly Writes[], patience: Patience): View {
  return viewOf(backend, writes, patience, new Map());
}

function viewOf(backend: Backend, layers: readonly Writes[], patience: Patience, fetched: Map<string, unknown>): View {
  const topmost = (key: string) => layers.findLast((writes) => writes.has(key));

  const fetch = async (key: string) => {
    ensureWanted(patience);
    return backend.get(key);
  };

  const get = async (key: string): Promise<unknown> => {
    const layer = topmost(key);
    if (layer !== undefined) return layer.get(key);
    return fetched.has(key) ? fetched.get(key) : fetch(key);
  };

  return {
    get,
    async getAll(keys) {
      const values = new Map<string, unknown>();
      await each(new Set(keys), async (key) => values.set(key, await get(key)));
      return keys.map((key) => values.get(key));
    },
    prefetch(keys) {
      return each(new Set(keys), async (key) => {
        if (!fetched.has(key)) fetched.set(key, await fetch(key));
      });
    },
    async *list({ prefix, after, page, isBeyond }) {
      ensureWanted(patience);
      for (const writes of layers) {
        for (const [key, value] of writes) {
          if (value !== undefined && key.startsWith(prefix) && topmost(key) === writes) yield { key, value };
        }
      }
      for await (const entry of backend.list(prefix, after, page)) {
        if (backend.isOrdered && isBeyond?.(entry.key) === true) return;
        if (topmost(entry.key) === undefined) yield entry;
        ensureWanted(patience);
      }
    },
    under: (writes) => viewOf(backend, [...layers, writes], patience, fetched),
  };
}
