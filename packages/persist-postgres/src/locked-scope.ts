import { xactOf } from "./lineage.ts";

/**
 * For the FROM of a statement that is a commit by itself: takes the lock of the scope, which is a parameter, and has the number of this transaction as `xact`. The lock is taken before anything is
 * written, since nothing comes before this line.
 */
export const lockedScope = (s: string, lock: number, scope: string): string =>
  `(select pg_advisory_xact_lock_shared(${lock}, ${scope}), ${xactOf("l", s)} as xact from ${s}.lineage l offset 0)`;
