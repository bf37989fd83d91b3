/** Taking away what nobody can see any more, in small steps. */
import { deletionsKeptFor } from "../retention.ts";
import { forgetContents } from "./bytes.ts";
import { removeRow } from "./commit.ts";
import { nameOf, type State } from "./state.ts";

/** The most of each kind that one step takes. */
const step = 200;

/** Between two sweeps that commits occasion, in milliseconds. */
const interval = 60_000;

/** With every commit, so that no timer is needed and an idle store does nothing. */
export function sweepNowAndThen(state: State, now: number): void {
  state.nextSweep ??= now + interval;
  if (now < state.nextSweep || sweepState(state, now).more) return;
  state.nextSweep = now + interval;
}

/** One step. `changed`: the feed of changes tells something new. */
export function sweepState(state: State, now: number): { readonly changed: boolean; readonly more: boolean } {
  const expired = removeExpired(state, now);
  const forgotten = forgetDeletions(state, now - deletionsKeptFor);
  forgetContents(state, now);
  return { changed: expired > 0, more: expired === step || forgotten === step };
}

function removeExpired(state: State, now: number): number {
  let count = 0;
  for (const [{ at, space, key }] of state.expiries.ascend()) {
    if (at > now || count === step) break;
    const version = state.rows[space].get(key)?.version as string; // only rows that are there are listed
    removeRow(state, space, key, version, now);
    count++;
  }
  return count;
}

/** Forgets the oldest deletions, and remembers how far: a cursor from before can no longer be served. */
function forgetDeletions(state: State, before: number): number {
  let count = 0;
  for (const [place, { space, key, time }] of state.deletions.ascend()) {
    if (time > before || count === step) break;
    state.deletions.delete(place);
    state.changes.delete(place);
    state.places.delete(nameOf(space, key));
    state.forgotten = place;
    count++;
  }
  return count;
}
