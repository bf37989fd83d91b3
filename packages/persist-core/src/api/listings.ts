import type { OpOptions } from "./operations.ts";

/** Which keys, in which order. Keys are ordered by their unsigned UTF-8 bytes, on every backend. Bounds combine: all of them hold. */
export interface RangeOptions extends OpOptions {
  /** Keys that start with exactly these characters; none of them is special. */
  prefix?: string | undefined;
  /** The least key, inclusive. */
  start?: string | undefined;
  /** Keys greater than this one. */
  startAfter?: string | undefined;
  /** Keys less than this one. */
  end?: string | undefined;
  /** Greatest first. */
  reverse?: boolean | undefined;
  /** The most entries in all. */
  limit?: number | undefined;
  /** Goes on where a page of the same query ended. A cursor of another query is refused with `INVALID_ARGUMENT`. */
  cursor?: string | undefined;
  /** Entries per request to the backend; bounds memory. Default 500, at most 1 000. */
  batchSize?: number | undefined;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Where the next page starts. Absent: the end. */
  readonly cursor?: string;
}

/**
 * Lazy: nothing is read before it is iterated. Holds no connection, statement or lock between pages, and no more than a page in memory. Each key appears at most
 * once; a key that is there throughout appears exactly once; a snapshot is not promised.
 */
export interface Listing<T> extends AsyncIterable<T> {
  /** The one page at the query's `cursor`, of `limit` entries (default 100). Stateless: the cursor survives restarts and works in other processes. */
  page(): Promise<Page<T>>;
  /** All of it. Throws `TOO_LARGE` above `max` entries (default 10 000). */
  toArray(options?: { max?: number }): Promise<T[]>;
}
