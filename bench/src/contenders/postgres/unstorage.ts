import { createDatabase } from "db0";
import postgresql from "db0/connectors/postgresql";
import { createStorage } from "unstorage";
import db0 from "unstorage/drivers/db0";
import type { ContenderKind, Value } from "../../contender.ts";

export const unstorage: ContenderKind = {
  name: "unstorage",
  settings: { full: "its db0 driver over db0's postgresql connector, which has one connection" },
  async open(url) {
    const database = createDatabase(postgresql({ url }));
    const storage = createStorage<Value>({ driver: db0({ database }) });
    return {
      get: (key) => storage.getItem(key),
      set: (key, value) => storage.setItem(key, value),
      delete: (key) => storage.removeItem(key),
      list: async (prefix) => storage.getItems(await storage.getKeys(prefix)),
      async close() {
        await storage.dispose();
        await database.dispose();
      },
    };
  },
};
