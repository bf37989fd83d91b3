/**
 * Persist: one store, four facades, any backend. Everything of core, with SQLite as the default.
 */

// Registers SQLite. Light: the driver is loaded when a store is opened.
import "@cuitty/persist-sqlite";

export * from "@cuitty/persist-core";
export type { SqliteOptions } from "@cuitty/persist-sqlite";
export type { P2pOptions, PostgresOptions, S3Options } from "./first-party-options.ts";
