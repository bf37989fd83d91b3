import { join } from "node:path";
import KeyvSqlite from "@keyv/sqlite";
import Keyv from "keyv";
import type { ContenderKind } from "../contender.ts";

/** Has no listing by prefix: its iterator goes through everything. */
export const keyv: ContenderKind = {
  name: "keyv",
  settings: {
    relaxed: "@keyv/sqlite over better-sqlite3, wal: true, synchronous = normal",
    full: "@keyv/sqlite over better-sqlite3, wal: true, synchronous = full",
  },
  async open(folder, durability) {
    const store = new KeyvSqlite({ uri: `sqlite://${join(folder, "keyv.db")}`, wal: true, driver: "better-sqlite3" });
    // After a comment, because its query() takes all that begins with PRAGMA for a query with rows.
    await store.query(`/**/ pragma synchronous = ${durability === "full" ? "full" : "normal"}`);
    const keyv = new Keyv({ store });
    return {
      get: (key) => keyv.get(key),
      set: (key, value) => keyv.set(key, value),
      delete: (key) => keyv.delete(key),
      close: () => keyv.disconnect(),
    };
  },
};
