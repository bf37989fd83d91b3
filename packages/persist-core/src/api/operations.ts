/** What operations of all four facades take. */

export type Facade = "records" | "kv" | "blobs" | "events";

/** A number is milliseconds; a string carries its unit: `"250ms"`, `"30s"`, `"15m"`, `"12h"`, `"7d"`. */
export type Duration = number | `${number}${"ms" | "s" | "m" | "h" | "d"}`;

export interface OpOptions {
  /** Gives the operation up. Aborted before anything was sent: nothing happens. A write aborted later may have happened: `outcome: "unknown"`. */
  signal?: AbortSignal | undefined;
  /** How long the operation may take in all, retries included; with the bytes of a blob: how long without any progress. Default 30 s. Then `TIMEOUT`. */
  timeout?: Duration | undefined;
}

/**
 * Not met: `CONFLICT`, and nothing is written. A condition that is present but `undefined` is refused with `INVALID_ARGUMENT`: it never turns into an unconditional
 * write.
 */
export interface Condition {
  /** Only if the entry is there with this version (of a blob: this etag). */
  ifMatch?: string;
  /** Only if there is no entry. */
  ifNoneMatch?: "*";
}

/** From when on the entry is gone: at once and for every operation, whenever its space is freed. At most one of the two. */
export interface Expiry {
  /** From now; more than 0. */
  ttl?: Duration | undefined;
  expiresAt?: Date | undefined;
}

/** What to remove: said in full, because a bare `clear()` has emptied too many stores. */
export type Clear = { prefix: string } | { all: true };
