import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Duration } from "./operations.ts";

/** Whatever it was then: `any`. */
type Old = ReturnType<typeof JSON.parse>;

/** What a collection is, beside its name. */
export interface CollectionOptions<S extends StandardSchemaV1> {
  /**
   * Any Standard Schema: of zod, valibot, arktype and others. It is run before anything is written, and what it gives back is what is stored; what it refuses is
   * `VALIDATION`, with the paths of its issues.
   */
  schema?: S;
  /**
   * By name (1 to 64 of `A-Z a-z 0-9 . _ -`). `on` is a path such as `"address.city"`, or one to four of them. `unique`: another record with the same values at all of them
   * is `CONFLICT`; a record with nothing at any of them is not concerned.
   *
   * Definitions are kept in the store, and every writer keeps the indexes, also one that knows nothing of the collection. What is there already is indexed in the
   * background: until that is done, queries go without. A definition that is left out later stays; one that is changed is built anew.
   */
  indexes?: Record<string, { on: string | readonly string[]; unique?: boolean }>;
  /** Of the form that documents have now. Default 1. What was written without one counts as 1. */
  schemaVersion?: number;
  /**
   * `migrate[n]` makes version n out of the one before, for each n from 2 to `schemaVersion`. It runs when an older document is read, in memory, and must not be async;
   * the next write stores the present form. Queries go by documents as they are stored.
   */
  migrate?: Record<number, (old: Old) => unknown>;
  /**
   * On replicated backends: how concurrent updates meet. Default `"deep"`: those of different fields at any depth, and of different items of lists, both stand. `"fields"`: those of different
   * fields of the document itself do; of two that change the same field, with whatever is in it, one stands whole.
   */
  merge?: "deep" | "fields";
  /** How long a document lives that is put without `ttl` or `expiresAt`. Default: for ever. */
  ttl?: Duration;
}
