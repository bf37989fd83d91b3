/** Storing what a peer has sent: bytes that are missing are fetched and events that come too early are preceded by those before them, and then it is stored. */
import { fetchBlobs } from "./fetching.ts";
import { type Peering, type Program, request, Silence, turnOf } from "./peering.ts";
import type { Ahead, Item } from "./replica.ts";

/** `place`: how far everything of the peer is here then. `at`: a place of the peer's at which it had all of these. */
export interface Storing {
  readonly items: readonly Item[];
  readonly place: () => number | undefined;
  readonly at: number;
}

/** How often a gap or missing bytes may be found anew for the same items. More means that the peer contradicts itself. */
const tries = 4;

/** `false`: bytes are not to be had from this peer now, and nothing was stored; or stamps are ahead of the clock here, and the rest was. */
export function* store(p: Peering, storing: Storing): Program<boolean> {
  return (yield* tryToStore(p, storing)) === "stored";
}

function* tryToStore(p: Peering, { items, place, at }: Storing): Program<"stored" | "without bytes" | Ahead> {
  const { shared } = p;
  for (let attempt = 0; ; ) {
    const { missing, gap, ahead } = shared.replica.apply(items, { peer: p.peer, place: place() });
    if (missing.length === 0 && gap === undefined) {
      if (ahead !== undefined) {
        shared.clockSkew(p, ahead.by);
        return ahead;
      }
      if (items.length > 0) shared.origins.note(p.peer, at, shared.replica.head());
      return "stored";
    }
    attempt += 1;
    if (attempt > tries) throw new Silence("what it sends lacks what must be before it");
    if (gap === true) yield* pullEvents(p);
    else if (!(yield* fetchBlobs(p, missing))) return "without bytes";
  }
}

/** Stores it where nothing is lacking; `false`: something is. */
export function storeAtOnce(p: Peering, { items, place, at }: Storing): boolean {
  const { replica, origins } = p.shared;
  const { missing, gap, ahead } = replica.apply(items, { peer: p.peer, place: place() });
  if (missing.length > 0 || gap !== undefined || ahead !== undefined) return false;
  origins.note(p.peer, at, replica.head());
  return true;
}

/** At once where that goes, and else one by one, so that what lacks bytes does not keep back the others. */
export function* storeSeparately(p: Peering, items: readonly Item[], at: number): Program<boolean> {
  const place = (): undefined => undefined;
  const outcome = yield* tryToStore(p, { items, place, at });
  if (outcome !== "without bytes") return outcome === "stored";
  let isAll = true;
  for (const item of items) {
    const isStored = yield* store(p, { items: [item], place, at });
    isAll &&= isStored;
  }
  return isAll;
}

/** Reads all events that the peer has and this replica has not; `false`: some of them are ahead of the clock here. */
export function* pullEvents(p: Peering): Program<boolean> {
  const { items, at, isAll } = yield* pullMostEvents(p, undefined);
  return (items.length === 0 || (yield* store(p, { items, place: () => undefined, at }))) && isAll;
}

/** The same of those that the peer had at this place, but the last of them are returned, to be stored with something else. */
export function* pullMostEvents(
  p: Peering,
  upTo: number | undefined,
): Program<{ items: readonly Item[]; at: number; isAll: boolean }> {
  const { replica } = p.shared;
  /** Of these authors nothing more can be had now. */
  const early = new Set<string>();
  for (;;) {
    yield* turnOf(p);
    const vector = new Map([...replica.vector(), ...[...early].map((author) => [author, allOfThem] as const)]);
    const { items, more, head: at } = yield* request(p, { kind: "pull", vector, upTo }, "events");
    if (!more || items.length === 0) return { items, at, isAll: early.size === 0 };
    const outcome = yield* tryToStore(p, { items, place: () => undefined, at });
    if (typeof outcome === "object") for (const author of outcome.authors) early.add(author);
  }
}

/** In a vector: nothing is lacking. */
const allOfThem = Number.MAX_SAFE_INTEGER;
