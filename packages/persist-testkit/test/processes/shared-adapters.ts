// Adapters by which several processes work on one place, by name, so that a process can be told which.
import type { PersistAdapter } from "@cuitty/persist-core";
import { postgres } from "@cuitty/persist-postgres/adapter";
import { s3 } from "@cuitty/persist-s3/adapter";
import { sqlite } from "@cuitty/persist-sqlite/adapter";

export const sharedAdapters = {
  sqlite: (path: string) => sqlite({ path, durability: "relaxed" }),
  postgres: (url: string) => postgres({ url }),
  /** The location is the options, as JSON. */
  s3: (options: string) => s3(JSON.parse(options)),
} satisfies Record<string, (location: string) => Promise<PersistAdapter>>;

export type SharedAdapter = keyof typeof sharedAdapters;
