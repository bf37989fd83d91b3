/**
 * The S3 adapter of Persist. Importing it makes the adapter known by its name, and loads no driver before a store is opened.
 */
import { registerAdapter } from "@cuitty/persist-core";
import type { S3Options } from "./options.ts";

export type { S3Options } from "./options.ts";

declare module "@cuitty/persist-core" {
  interface AdapterRegistry {
    s3: S3Options;
  }
}

registerAdapter({
  name: "s3",
  package: "@cuitty/persist-s3",
  contract: 1,
  load: async () => (await import("./adapter.ts")).s3,
});
