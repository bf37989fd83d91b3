import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Change, Watcher, WatchOptions } from "./changes.ts";
import type { CollectionOptions } from "./collections.ts";
import type { Listing } from "./listings.ts";
import type { Clear, Condition, Expiry, OpOptions } from "./operations.ts";
import type { Plan, Query } from "./queries.ts";

/** A document with what the store knows about it. `value` is a fresh copy: changing it changes nothing stored. */
export interface RecordEntry<T> {
  readonly key: string;
  readonly value: T;
  /** Opaque; different after each write, and never used twice. */
  readonly version: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly expiresAt?: Date;
}

/** Documents by key, each with a version. */
export interface RecordOps<T = unknown, I = T> {
  /** `undefined` where there is none. */
  get<V extends T = T>(key: string, o?: OpOptions): Promise<RecordEntry<V> | undefined>;
  /** In one round trip. Missing keys are not in the Map. */
  getMany<V extends T = T>(keys: readonly string[], o?: OpOptions): Promise<Map<string, RecordEntry<V>>>;
  has(key: string, o?: OpOptions): Promise<boolean>;
  /** Makes the document or replaces it whole; without `ttl` or `expiresAt` it no longer expires. */
  put(key: string, value: I, o?: OpOptions & Condition & Expiry): Promise<RecordEntry<T>>;
  /** Stores the document under a new UUIDv7, which sorts by time. */
  add(value: I, o?: OpOptions & Expiry): Promise<RecordEntry<T>>;
  /** `CONFLICT` where the key is taken. */
  insert(key: string, value: I, o?: OpOptions & Expiry): Promise<RecordEntry<T>>;
  /** All or none, in one commit: at most 1 000 documents and 8 MiB. */
  putMany(entries: Iterable<readonly [key: string, value: I]>, o?: OpOptions): Promise<RecordEntry<T>[]>;
  /**
   * Changes a document that is there; else `NOT_FOUND`. A patch replaces top-level fields, and removes those given as `undefined`; a function gets the present
   * value and returns the next, and may run again when somebody else wrote meanwhile
   * (at most `retries` times, default 50; then `CONFLICT`). Keeps the expiry.
   */
  update(
    key: string,
    change: { [K in keyof I]?: I[K] | undefined } | ((current: T) => I | Promise<I>),
    o?: OpOptions & { ifMatch?: string; retries?: number },
  ): Promise<RecordEntry<T>>;
  /** `false` where there was none. */
  delete(key: string, o?: OpOptions & Condition): Promise<boolean>;
  /** Those that match, in key order or as `orderBy` says. In a transaction a query goes by key, never by an index. */
  list<V extends T = T>(query?: Query<NoInfer<V>>): Listing<RecordEntry<V>>;
  /** How many `list` would give. Without `where` no value is read. */
  count(query?: Query<T>): Promise<number>;
}

export interface Records<T = unknown, I = T> extends RecordOps<T, I> {
  /**
   * The records under `name/`, shown without it, with a schema, indexes and migrations of their own. `name` is 1 to 64 of `A-Z a-z 0-9 . _ -`. Nothing is read or
   * written before it is used, but for the declaration of its indexes, which begins at once.
   *
   * @throws {PersistError} `MIGRATION` where a step of `migrate` is missing.
   */
  collection<V = T>(name: string, o?: Omit<CollectionOptions<never>, "schema">): Records<V>;
  collection<S extends StandardSchemaV1>(
    name: string,
    o: CollectionOptions<S> & { schema: S },
  ): Records<StandardSchemaV1.InferOutput<S>, StandardSchemaV1.InferInput<S>>;
  /** Runs the query to its end, keeps nothing of it, and says how it was run. */
  explain(query: Query<T>): Promise<Plan>;
  /** Removes them in commits of at most 1 000, and says how many. */
  clear(what: Clear, o?: OpOptions): Promise<number>;
  /** What lost a concurrent write on a replicated backend. Elsewhere always empty. */
  conflicts(key: string, o?: OpOptions): Promise<readonly RecordEntry<T>[]>;
  /** What changes at a key, at all keys with a prefix, or (default) at all keys: the present document after each write, and each deletion. See `WatchOptions`. */
  watch<V = T>(what?: string | { prefix: string }, o?: WatchOptions): Watcher<Change<RecordEntry<V>>>;
}
