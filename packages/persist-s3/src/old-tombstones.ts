/**
 * Tombstones that were met on the way and have done their service: no request that was sent before the deletion can come any more, since no server takes one that was signed more than a quarter of an
 * hour ago. They are removed where DELETE is conditional; elsewhere a removal could take what somebody has just written, so they stay.
 */
import type { Bucket, Patience, TextObject } from "./bucket.ts";
import type { KnownRows } from "./known-rows.ts";

export interface OldTombstones {
  /** This object is a tombstone. */
  note(object: TextObject): void;
  /** Removes some of those that are old enough. Whether there are more. */
  remove(o: Patience): Promise<boolean>;
}

/** Milliseconds since the deletion, with an allowance for clocks. */
const age = 60 * 60 * 1000;
const mostNoted = 1000;
const mostAtOnce = 100;

export function createOldTombstones(bucket: Bucket, known: KnownRows): OldTombstones {
  const etags = new Map<string, string>();
  return {
    note({ key, etag, lastModified }) {
      if (!bucket.enforced.deletes || etags.size >= mostNoted || Date.now() - lastModified < age) return;
      etags.set(key, etag);
    },
    async remove(o) {
      const due = [...etags].slice(0, mostAtOnce);
      await Promise.all(
        due.map(async ([place, etag]) => {
          etags.delete(place);
          known.forget(place);
          await bucket.remove(place, { ...o, ifEtag: etag });
        }),
      );
      return etags.size > 0;
    },
  };
}
