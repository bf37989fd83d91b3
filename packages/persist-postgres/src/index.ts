/**
 * The Postgres adapter of Persist. Importing it makes the adapter known by its name, and loads no driver before a store is opened.
 */
import { registerAdapter } from "@cuitty/persist-core";
import type { PostgresOptions } from "./options.ts";

export type { PostgresOptions } from "./options.ts";

declare module "@cuitty/persist-core" {
  interface AdapterRegistry {
    postgres: PostgresOptions;
  }
}

registerAdapter({
  name: "postgres",
  package: "@cuitty/persist-postgres",
  contract: 1,
  load: async () => (await import("./adapter.ts")).postgres,
});
