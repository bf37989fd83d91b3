/** Locks on all that a commit writes: taken together, or not at all. */
import type { Patience } from "./bucket.ts";
import type { RowWrite } from "./drafting.ts";
import { notApplied } from "./errors.ts";
import type { Parts } from "./parts.ts";
import type { Found } from "./row-objects.ts";
import type { State } from "./state.ts";

/** By place, the ETag of the lock. `undefined` where somebody else was faster. */
export async function lock(
  parts: Parts,
  commit: string,
  writes: ReadonlyMap<string, RowWrite>,
  found: ReadonlyMap<string, Found>,
  o: Patience,
): Promise<Map<string, Locked> | undefined> {
  const { rows, log } = parts;
  const name = { commit, keys: writes.size, slot: log.end.slot };
  const locks = new Map<string, Locked>();
  const settled = await Promise.allSettled(
    Array.from(writes, async ([place, { key, next: pending }]) => {
      const { state, etag } = found.get(place) as Found;
      const answer = await rows.put(place, { key, state, lock: name, pending }, etag, o);
      let lockEtag = answer.outcome === "stored" ? answer.etag : undefined;
      if (answer.outcome === "refused" && answer.doubtful) lockEtag = await rows.findLock(place, commit, o);
      if (lockEtag !== undefined) locks.set(place, { key, etag: lockEtag, pending });
      return lockEtag !== undefined;
    }),
  );
  const failure = settled.find((one) => one.status === "rejected");
  if (failure === undefined && locks.size === writes.size) return locks;
  await unlock(parts, locks, found);
  // Nothing is decided yet, whatever is known of the locks.
  if (failure !== undefined) throw notApplied(failure.reason);
  return undefined;
}

export interface Locked {
  readonly key: string;
  readonly etag: string;
  readonly pending: State;
}

/** How long giving locks back may take, in milliseconds: others wait for no longer. */
const unlockPatience = 5000;

export async function unlock(
  { rows }: Parts,
  locks: ReadonlyMap<string, Locked>,
  found: ReadonlyMap<string, Found>,
): Promise<void> {
  const o = { deadline: performance.now() + unlockPatience };
  await Promise.allSettled(
    Array.from(locks, ([place, { key, etag }]) => rows.unlock(place, { key, state: found.get(place)?.state }, etag, o)),
  );
}
