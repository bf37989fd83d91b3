/** Closing gaps in what a peer sends: rows that it has from others, of which it tells what they are, so that only what is lacking here is sent. */
import type { Gap } from "./ledger.ts";
import { type Given, type Offer, Violation } from "./messages.ts";
import { type Peering, type Program, request, turnOf } from "./peering.ts";
import type { Item } from "./replica.ts";
import { pullMostEvents, store, storeSeparately } from "./storing.ts";
import { fetchRows } from "./wants.ts";

export interface Closing {
  /** Stores what is the rest of all that others had written up to a place of the peer. */
  store(place: number, items: readonly Item[]): Program<boolean>;
  /** What is up to this place cannot be had now. */
  leave(place: number): void;
}

/** `all`: nothing is here, so that it need not be told first what there is. */
export function* closeGaps(p: Peering, gaps: readonly Gap[], all: boolean, o: Closing): Program {
  const to = (gaps.at(-1) as Gap).place;
  for (let after = (gaps[0] as Gap).after; after < to; ) {
    yield* turnOf(p);
    const found = yield* request<"offer" | "given">(p, { kind: "ask", after, to, all }, "offer-or-given");
    if (found.upTo <= after || found.upTo > to) throw new Violation("an answer to no question");
    const isStored = found.kind === "given" ? yield* take(p, found, after, o) : yield* complete(p, found, o);
    if (!isStored) for (const gap of gaps) if (gap.place > after && gap.after < found.upTo) o.leave(gap.place);
    after = found.upTo;
  }
}

function* take(p: Peering, { entries, upTo }: Given, after: number, o: Closing): Program<boolean> {
  let last = after;
  let isAll = true;
  for (const { place, items } of entries) {
    if (place <= last || place > upTo) throw new Violation("places out of order");
    // Behind what was not stored nothing is reached.
    const isStored: boolean = isAll
      ? yield* o.store(place, items)
      : yield* store(p, { items, place: () => undefined, at: place });
    isAll &&= isStored;
    last = place;
  }
  return isAll && (yield* o.store(upTo, []));
}

function* complete(p: Peering, { marks, events, upTo }: Offer, o: Closing): Program<boolean> {
  let rows: readonly Item[] = [];
  let isAll = true;
  let at = 0;
  yield* fetchRows(p, p.shared.replica.lacking(marks), upTo, function* (items, head) {
    if (rows.length > 0) isAll = (yield* storeSeparately(p, rows, at)) && isAll;
    rows = items;
    at = head;
  });
  const pulled = events ? yield* pullMostEvents(p, upTo) : undefined;
  const last = pulled?.items ?? [];
  if (isAll && pulled?.isAll !== false && (yield* o.store(upTo, [...rows, ...last]))) return true;
  yield* storeSeparately(p, [...rows, ...last], Math.max(at, pulled?.at ?? 0));
  return false;
}
