/**
 * When which row may be taken away: one that expires, or the trace of a deletion. Found out by listing everything once, and kept up to date from then on by what is committed, so that
 * a sweep costs nothing where nothing is due. Only the most urgent are remembered; once they are gone, everything is listed again.
 *
 * Of each place the earliest time that was ever noted is kept, as a hint: what stands there is read again before it goes.
 */
import type { Space } from "../contract.ts";
import { compareKeys } from "../keys.ts";
import { deletionsKeptFor } from "../retention.ts";
import { createSortedMap } from "../sorted-map.ts";
import type { Backend, Writes } from "./backend.ts";
import { type Layout, spaces } from "./layout.ts";
import { type Envelope, isTombstone, parseEnvelope } from "./row-envelope.ts";

export interface StaleRow {
  readonly space: RowSpace;
  readonly place: string;
}

export type RowSpace = Exclude<Space, "streams">;

export interface StaleRows {
  /** Whether all that is due now is remembered. */
  isKnown(now: number): boolean;
  /** Lists everything. Where it is stopped, or fails, nothing is known. */
  learn(isStopped: () => boolean): Promise<void>;
  /** At most so many that may go, the earliest first. */
  due(now: number, limit: number): StaleRow[];
  /** Takes note of what a commit makes of rows, before it does. */
  note(writes: Writes): void;
  /** What stands in the place was read: this is when it may go, if ever. */
  correct(row: StaleRow, due: number | undefined): void;
}

const most = 10_000;
const listPage = 1000;

interface Due {
  readonly at: number;
  readonly place: string;
}

export function createStaleRows(backend: Backend, layout: Layout): StaleRows {
  const rows = createSortedMap<Due, RowSpace>((a, b) => a.at - b.at || compareKeys(a.place, b.place));
  const times = new Map<string, number>();
  /** All that is due before it is remembered. */
  let horizon = Number.NEGATIVE_INFINITY;

  const forget = (place: string) => {
    const at = times.get(place);
    if (at === undefined) return;
    times.delete(place);
    rows.delete({ at, place });
  };

  const remember = ({ space, place }: StaleRow, at: number | undefined) => {
    if (at === undefined || at >= horizon || at >= (times.get(place) ?? Number.POSITIVE_INFINITY)) return;
    forget(place);
    times.set(place, at);
    rows.set({ at, place }, space);
    if (rows.size <= most) return;
    for (const [last] of rows.descend()) {
      forget(last.place);
      horizon = last.at;
      return;
    }
  };

  /** Whether it came to the end. */
  const listAll = async (isStopped: () => boolean) => {
    for (const space of rowSpaces) {
      for await (const { key: place, value } of backend.list(layout.rows(space).prefix, undefined, listPage)) {
        if (isStopped()) return false;
        remember({ space, place }, dueOf(parseEnvelope(value, place)));
      }
    }
    return true;
  };

  return {
    isKnown: (now) => now < horizon,
    async learn(isStopped) {
      horizon = Number.POSITIVE_INFINITY; // from now on commits are noted
      let isComplete = false;
      try {
        isComplete = await listAll(isStopped);
      } finally {
        if (!isComplete) horizon = Number.NEGATIVE_INFINITY;
      }
    },
    due(now, limit) {
      const found: StaleRow[] = [];
      for (const [{ at, place }, space] of rows.ascend()) {
        if (at > now || found.length === limit) break;
        found.push({ space, place });
      }
      return found;
    },
    note(writes) {
      if (horizon === Number.NEGATIVE_INFINITY) return;
      for (const [place, value] of writes) {
        const space = rowSpaces.find((of) => place.startsWith(layout.rows(of).prefix));
        if (space !== undefined) remember({ space, place }, dueOf(parseEnvelope(value, place)));
      }
    },
    correct(row, due) {
      forget(row.place);
      remember(row, due);
    },
  };
}

/** When what stands there may be taken away, if ever. */
export function dueOf(envelope: Envelope | undefined): number | undefined {
  if (envelope === undefined) return undefined;
  return isTombstone(envelope) ? envelope.deleted + deletionsKeptFor : envelope.expires;
}

const rowSpaces = spaces.filter((space) => space !== "streams");
