/** Hits sorted in memory: all are looked at, and no more of them are kept than are wanted. */
import type { Place } from "./order.ts";
import type { Finding, Hit, Reading } from "./reading.ts";

export async function* findSorted(reading: Reading, unsorted: Finding, from: Place | undefined): Finding {
  const { compare, placeOf } = reading.query.order;
  // One more than wanted, to know whether there are more.
  const first = createFirst<Placed>(reading.total + 1, (a, b) => compare(a.place, b.place));
  const seen = new Set<string>();
  for await (const { hits } of unsorted) {
    for (const hit of hits) {
      // What is written while it is looked for may be met in two places.
      if (seen.has(hit.row.key)) continue;
      const place = placeOf(hit.row.key, hit.document);
      if (from !== undefined && compare(place, from) <= 0) continue;
      seen.add(hit.row.key);
      first.add({ hit, place });
    }
  }
  yield { hits: first.inOrder().map(({ hit }) => hit), more: false };
}

interface Placed {
  readonly hit: Hit;
  readonly place: Place;
}

/** The first `count` of what is added. Holds at most twice as many, and a few. */
function createFirst<T>(count: number, compare: (a: T, b: T) => number) {
  let items: T[] = [];
  const cut = () => {
    items.sort(compare);
    if (items.length > count) items = items.slice(0, count);
  };
  return {
    add(item: T) {
      items.push(item);
      if (items.length >= 2 * count + 64) cut();
    },
    inOrder(): readonly T[] {
      cut();
      return items;
    },
  };
}
