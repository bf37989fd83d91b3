import type { Change, Watcher, WatchOptions } from "./changes.ts";
import type { Listing, RangeOptions } from "./listings.ts";
import type { Clear, Condition, Duration, Expiry, OpOptions } from "./operations.ts";

export interface KvEntry<V> {
  readonly key: string;
  readonly value: V;
  /** Opaque; different after each write, and never used twice. */
  readonly version: string;
  readonly expiresAt?: Date;
}

/** Small values by key. */
export interface KvOps<T = unknown> {
  /** `undefined` where there is none; so `null` is a value like any other. */
  get<V extends T = T>(key: string, o?: OpOptions): Promise<V | undefined>;
  /** The value with its version and expiry. */
  getEntry<V = T>(key: string, o?: OpOptions): Promise<KvEntry<V> | undefined>;
  /** In one round trip. Missing keys are not in the Map. */
  getMany<V = T>(keys: readonly string[], o?: OpOptions): Promise<Map<string, V>>;
  has(key: string, o?: OpOptions): Promise<boolean>;
  /** Without `ttl` or `expiresAt` the value no longer expires. */
  set(key: string, value: T, o?: OpOptions & Condition & Expiry): Promise<{ version: string }>;
  /** All or none, in one commit: at most 1 000 values and 8 MiB. */
  setMany(entries: Iterable<readonly [key: string, value: T]>, o?: OpOptions & Expiry): Promise<void>;
  /**
   * Reads, changes and writes as one step: the function may run again when somebody else wrote meanwhile (at most `retries` times, default 50;
   * then `CONFLICT`). Returning `undefined` removes the key. Keeps the expiry
   * unless one is given.
   */
  update<V = T>(
    key: string,
    change: (current: V | undefined) => V | undefined | Promise<V | undefined>,
    o?: OpOptions & Expiry & { retries?: number },
  ): Promise<V | undefined>;
  /** Adds `by` (default 1) to the number at the key; an absent one counts as 0. Keeps the expiry unless one is given. `INVALID_VALUE` where it is not a number. */
  increment(key: string, by?: number, o?: OpOptions & Expiry): Promise<number>;
  /** Sets (`null`: removes) the expiry and nothing else. `false` where there is no such key. */
  touch(key: string, ttl: Duration | null, o?: OpOptions): Promise<boolean>;
  /** `false` where there was none. */
  delete(key: string, o?: OpOptions & Condition): Promise<boolean>;
  /** In key order. */
  list<V = T>(o?: RangeOptions): Listing<KvEntry<V>>;
  /** In key order; never reads a value. */
  keys(o?: RangeOptions): Listing<string>;
  /** How many `list` would give. Never reads a value. */
  count(o?: RangeOptions): Promise<number>;
}

export interface Kv<T = unknown> extends KvOps<T> {
  /** Removes them in commits of at most 1 000, and says how many. */
  clear(what: Clear, o?: OpOptions): Promise<number>;
  /**
   * The keys under `name/`, shown without it. `name` is 1 to 64 of `A-Z a-z 0-9 . _ -`. With `ttl`, what is written for the first time or by `set` lives that long unless the
   * call says otherwise.
   */
  bucket<V = T>(name: string, o?: { ttl?: Duration }): Kv<V>;
  /** What changes at a key, or at all keys with a prefix: the present value after each write, and each deletion. See `WatchOptions`. */
  watch<V = T>(what: string | { prefix: string }, o?: WatchOptions): Watcher<Change<V>>;
}
