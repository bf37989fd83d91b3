/** What has been read of a peer's commits, which are not always completed in their order: how far all of it is here, and what is still to be got. */

import type { Relayed } from "./messages.ts";

/** Commits of the peer of which some came to it from somebody else. */
export interface Gap {
  readonly after: number;
  readonly place: number;
  readonly relayed: readonly Relayed[];
  /** When it was told, by the scheduler's clock. */
  readonly since: number;
}

/** `left`: cannot be had from this peer now, so that nothing behind it is reached. */
interface Entry {
  readonly place: number;
  readonly state: "open" | "done" | "left";
  readonly gap: Gap | undefined;
}

/** More of them are joined. */
const maxEntries = 64;

export interface Ledger {
  /** Everything up to this place is here. */
  reached(): number;
  /** The last place of which anything was told. */
  last(): number;
  /** What `reached` will be after `done`. */
  reachedWith(place: number, andGaps: boolean): number;
  /** A commit that is about to be stored. */
  open(place: number): void;
  gap(place: number, what: Pick<Gap, "relayed" | "since">): void;
  /** The commit at this place is here. `andGaps`: and so is all that others had written up to it. */
  done(place: number, andGaps: boolean): void;
  left(place: number): void;
  /** What is to be closed still. */
  gaps(): readonly Gap[];
  /** What `reached` will be once all gaps are closed. */
  hope(): number;
  isClear(): boolean;
}

export function createLedger(start: number): Ledger {
  let state = { reached: start, entries: [] as readonly Entry[] };

  const last = (): number => state.entries.at(-1)?.place ?? state.reached;
  const set = (entries: readonly Entry[]): void => {
    const few = entries.length > maxEntries ? joined(entries) : entries;
    state = settled(state.reached, few);
  };
  const add = (entry: Entry): void => {
    if (entry.place > last()) set([...state.entries, entry]);
  };
  const withDone = (place: number, andGaps: boolean): readonly Entry[] =>
    state.entries.flatMap((entry) => completed(entry, place, andGaps));

  return {
    reached: () => state.reached,
    last,
    reachedWith: (place, andGaps) => settled(state.reached, withDone(place, andGaps)).reached,
    open: (place) => add({ place, state: "open", gap: undefined }),
    gap: (place, what) => add({ place, state: "open", gap: { after: last(), place, ...what } }),
    done(place, andGaps) {
      add({ place, state: "open", gap: undefined });
      set(withDone(place, andGaps));
    },
    left: (place) => set(state.entries.map((entry) => (entry.place === place ? { ...entry, state: "left" } : entry))),
    gaps: () => state.entries.flatMap((entry) => (isGap(entry) ? entry.gap : [])),
    hope: () =>
      settled(
        state.reached,
        state.entries.map((entry) => (isGap(entry) ? { ...entry, state: "done" } : entry)),
      ).reached,
    isClear: () => state.entries.length === 0,
  };
}

/** Nothing is known to be here entirely, though all that comes from now on is read. */
export function partialLedger(place: number): Ledger {
  const ledger = createLedger(0);
  ledger.open(place);
  ledger.left(place);
  return ledger;
}

const isGap = (entry: Entry): entry is Entry & { gap: Gap } => entry.gap !== undefined && entry.state === "open";

function settled(reached: number, entries: readonly Entry[]): { reached: number; entries: readonly Entry[] } {
  const open = entries.findIndex(({ state }) => state !== "done");
  const done = open < 0 ? entries.length : open;
  return { reached: entries[done - 1]?.place ?? reached, entries: done === 0 ? entries : entries.slice(done) };
}

/** The entry after all up to the place has come: as it was, done, or a gap in two. */
function completed(entry: Entry, place: number, andGaps: boolean): readonly Entry[] {
  const { gap } = entry;
  if (entry.state !== "open") return [entry];
  if (entry.place === place || (andGaps && gap !== undefined && entry.place < place)) {
    return [{ place: entry.place, state: "done", gap: undefined }];
  }
  if (!andGaps || gap === undefined || gap.after >= place) return [entry];
  return [
    { place, state: "done", gap: undefined },
    { ...entry, gap: { ...gap, after: place } },
  ];
}

/** Gaps and what is done between them become one gap each. Of what was left only the first matters. */
function joined(entries: readonly Entry[]): readonly Entry[] {
  const result: Entry[] = [];
  for (const entry of entries) {
    const before = result.at(-1);
    const isPassed = entry.state === "done" || (entry.state === "left" && result.some(({ state }) => state === "left"));
    if (
      before?.gap !== undefined &&
      before.state === "open" &&
      (isPassed || (entry.gap !== undefined && entry.state === "open"))
    ) {
      result.splice(-1, 1, widened(before.gap, entry));
    } else if (isPassed && before?.state === "done") result.splice(-1, 1, { ...entry, state: "done" });
    else if (!isPassed || entry.state === "done") result.push(entry);
  }
  return result;
}

function widened(gap: Gap, { place, gap: next }: Entry): Entry {
  return { place, state: "open", gap: { ...gap, place, relayed: merged([...gap.relayed, ...(next?.relayed ?? [])]) } };
}

/** For each peer its furthest place; none where one is not known. */
function merged(all: readonly Relayed[]): readonly Relayed[] {
  const furthest = new Map<string, number | undefined>();
  for (const { via, viaPlace } of all) {
    const known = furthest.has(via) ? furthest.get(via) : 0;
    furthest.set(via, known === undefined || viaPlace === undefined ? undefined : Math.max(known, viaPlace));
  }
  return [...furthest].map(([via, viaPlace]) => ({ via, viaPlace }));
}
