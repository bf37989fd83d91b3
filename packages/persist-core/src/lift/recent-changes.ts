/**
 * What this process changed lately, so that whoever follows the changes is answered without listing everything. Only places are remembered, and only as a hint:
 * what stands there is read again.
 */
import type { Space } from "../contract.ts";
import type { Writes } from "./backend.ts";
import { isCount } from "./corrupt.ts";
import { type Layout, spaces } from "./layout.ts";

export interface ChangedPlace {
  readonly space: Space;
  readonly place: string;
}

export interface RecentChanges {
  /** Before they are committed, and whether or not they will be. */
  note(writes: Writes): void;
  /** Every row that may have changed after that place in commit order; `undefined` where that is not known any more. */
  since(seq: number): ChangedPlace[] | undefined;
}

const most = 1000;

/** `begin`: nothing after it has happened yet. */
export function createRecentChanges(layout: Layout, begin: number): RecentChanges {
  /** By place; the latest last. */
  const changes = new Map<string, { readonly space: Space; readonly seq: number }>();
  let known = begin;

  return {
    note(writes) {
      for (const [place, value] of writes) {
        const space = spaces.find((of) => place.startsWith(layout.rows(of).prefix));
        const seq = (value as { seq?: unknown } | undefined)?.seq;
        if (space === undefined || !isCount(seq) || seq <= known) continue;
        changes.delete(place);
        changes.set(place, { space, seq });
      }
      for (const [place, { seq }] of changes) {
        if (changes.size <= most) break;
        changes.delete(place);
        known = Math.max(known, seq); // a row that is reindexed keeps an old place
      }
    },
    since(seq) {
      if (seq < known) return undefined;
      return [...changes].filter(([, change]) => change.seq > seq).map(([place, { space }]) => ({ space, place }));
    },
  };
}
