/**
 * The SQLite adapter of Persist. Importing it makes the adapter known by its name, and loads no driver before a store is opened.
 */
import { registerAdapter } from "@cuitty/persist-core";
import type { SqliteOptions } from "./options.ts";

export type { SqliteDatabase, SqliteDriver, SqliteParams, SqliteStatement, SqliteValue } from "./driver.ts";
export type { SqliteOptions } from "./options.ts";

declare module "@cuitty/persist-core" {
  interface AdapterRegistry {
    sqlite: SqliteOptions;
  }
}

registerAdapter({
  name: "sqlite",
  package: "@cuitty/persist-sqlite",
  contract: 1,
  load: async () => (await import("./adapter.ts")).sqlite,
});
