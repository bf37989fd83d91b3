import { createStore, type Store } from "@cuitty/persist";
import { postgres } from "@cuitty/persist-postgres/adapter";
import type { ContenderKind } from "../../contender.ts";

export async function openStore(url: string): Promise<Store> {
  return createStore({ name: "bench", adapter: await postgres({ url }) });
}

export const persist: ContenderKind = {
  name: "persist",
  settings: { full: "adapter postgres, otherwise its defaults (a pool of 10)" },
  async open(url) {
    const store = await openStore(url);
    const { kv, records } = store;
    return {
      get: (key) => kv.get(key),
      set: (key, value) => kv.set(key, value),
      delete: (key) => kv.delete(key),
      list: (prefix) => kv.list({ prefix }).toArray(),
      documents: {
        get: async (key) => (await records.get(key))?.value,
        set: (key, value) => records.put(key, value),
      },
      close: () => store.close(),
    };
  },
};
