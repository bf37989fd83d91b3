import { join } from "node:path";
import { createStore } from "@cuitty/persist";
import type { ContenderKind } from "../contender.ts";

export const persist: ContenderKind = {
  name: "persist",
  settings: {
    relaxed: 'adapter sqlite, durability: "relaxed" (journal_mode = wal, synchronous = normal)',
    full: 'adapter sqlite, durability: "full" (its default; journal_mode = wal, synchronous = full)',
  },
  async open(folder, durability) {
    const store = await createStore({ name: "bench", path: join(folder, "persist.db"), durability });
    const { kv } = store;
    return {
      get: (key) => kv.get(key),
      set: (key, value) => kv.set(key, value),
      delete: (key) => kv.delete(key),
      list: (prefix) => kv.list({ prefix }).toArray(),
      close: () => store.close(),
    };
  },
};
