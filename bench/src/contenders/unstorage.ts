import { createDatabase } from "db0";
import sqlite from "db0/connectors/better-sqlite3";
import { createStorage } from "unstorage";
import db0 from "unstorage/drivers/db0";
import type { ContenderKind, Value } from "../contender.ts";

export const unstorage: ContenderKind = {
  name: "unstorage",
  settings: {
    relaxed: "db0's better-sqlite3 connector, journal_mode = wal, synchronous = normal",
    full: "db0's better-sqlite3 connector, journal_mode = wal, synchronous = full",
  },
  async open(folder, durability) {
    const database = createDatabase(sqlite({ cwd: folder, path: "unstorage.db" }));
    await database.exec("pragma journal_mode = wal");
    await database.exec(`pragma synchronous = ${durability === "full" ? "full" : "normal"}`);
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
