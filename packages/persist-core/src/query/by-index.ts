/** Hits by an index. */
import type { IndexRange, ScanPage } from "../contract.ts";
import type { Place } from "./order.ts";
import type { IndexOrder, IndexPlan } from "./plan.ts";
import { type Finding, type Hit, hitsOf, type Reading } from "./reading.ts";
import { isEmptyRange, isInRange, stretchOf, type TupleRange } from "./tuple-range.ts";
import { endOfOrder } from "./tuples.ts";

type After = NonNullable<IndexRange["after"]>;

/** Reads pages of the index: of as many entries as are wanted, then of more and more, since who goes on has found few hits among them. */
function createPages(reading: Reading, { index, isNarrow }: IndexPlan) {
  const { batchSize } = reading.query.range;
  const isBounded = !isNarrow && reading.query.where !== undefined;
  let least = 1;
  return async (
    range: TupleRange,
    after: After | undefined,
    reverse: boolean,
    isSorting = false,
  ): Promise<ScanPage> => {
    const limit = isSorting ? batchSize : Math.min(batchSize, Math.max(reading.wanted, least));
    least = limit * 2;
    const part: IndexRange = { by: "index", index: index.id, ...range, after, reverse, limit, keysOnly: false };
    return isBounded || isSorting ? reading.scanAtMost(part) : reading.scan(part);
  };
}

/** In no order: all hits of all ranges. `isSorting`: somebody has to collect them all. */
export async function* findAnyOrder(reading: Reading, plan: IndexPlan, isSorting: boolean): Finding {
  const read = createPages(reading, plan);
  for (const [i, range] of plan.ranges.entries()) {
    let after: After | undefined;
    do {
      const page = await read(range, after, false, isSorting);
      after = page.more ? lastOf(page) : undefined;
      yield { hits: hitsOf(reading, page.rows), more: after !== undefined || i + 1 < plan.ranges.length };
    } while (after !== undefined);
  }
}

/**
 * In the order of the query, which the index gives. Where it gives a beginning of it only (values that are shortened, or ties that go the other way than the scan), a
 * stretch of entries is put in order for itself.
 */
export async function* findInOrder(
  reading: Reading,
  plan: IndexPlan & { readonly order: IndexOrder },
  from: Place | undefined,
): Finding {
  const read = createPages(reading, plan);
  const { fixed, descending, tupleAt } = plan.order;
  const { compare, reverse } = reading.query.order;
  const isExact = (tuple: Uint8Array) => endOfOrder(tuple, fixed) === undefined;
  const isStretched = (tuple: Uint8Array) => descending !== reverse || !isExact(tuple);

  let [range] = plan.ranges;
  let after: After | undefined;

  /** One stretch, by requests of its own. */
  async function* findStretch(tuple: Uint8Array, beyond: Place | undefined): Finding {
    const stretch = stretchOf(tuple, fixed);
    if (isExact(tuple)) {
      let last = beyond === undefined ? undefined : { tuple, key: beyond.key };
      do {
        const page = await read(stretch, last, reverse);
        last = page.more ? lastOf(page) : undefined;
        yield { hits: hitsOf(reading, page.rows), more: true };
      } while (last !== undefined);
      return;
    }
    const all: Hit[] = [];
    let last: After | undefined;
    do {
      const page = await read(stretch, last, false, true);
      last = page.more ? lastOf(page) : undefined;
      all.push(...hitsOf(reading, page.rows));
    } while (last !== undefined);
    const hits = all.filter(({ place }) => beyond === undefined || compare(place, beyond) > 0);
    yield { hits: hits.sort((a, b) => compare(a.place, b.place)), more: true };
  }

  const leaveStretch = (tuple: Uint8Array) => {
    const stretch = stretchOf(tuple, fixed);
    after = undefined;
    if (range !== undefined) {
      range = descending ? { ...range, upper: stretch.lower } : { ...range, lower: stretch.upper };
    }
  };

  if (from !== undefined) {
    const tuple = tupleAt(from);
    if (isStretched(tuple)) {
      yield* findStretch(tuple, from);
      leaveStretch(tuple);
    } else after = { tuple, key: from.key };
  }

  while (range !== undefined && !isEmptyRange(range)) {
    const page: ScanPage = await read(range, after, descending);
    const { rows, tuples = [], more } = page;
    const hits: Hit[] = [];
    let cut: Uint8Array | undefined;
    for (let i = 0; i < rows.length && cut === undefined; ) {
      const tuple = tuples[i] as Uint8Array;
      let end = i + 1;
      if (isStretched(tuple)) {
        const stretch = stretchOf(tuple, fixed);
        while (end < rows.length && isInRange(tuples[end] as Uint8Array, stretch)) end++;
        if (end === rows.length && more) cut = tuple; // its stretch may go on in the next page
      }
      if (cut !== undefined) break;
      const found = hitsOf(reading, rows.slice(i, end));
      hits.push(...found.sort((a, b) => compare(a.place, b.place)));
      i = end;
    }
    yield { hits, more };
    if (!more) return;
    if (cut === undefined) after = lastOf(page);
    else {
      yield* findStretch(cut, undefined);
      leaveStretch(cut);
    }
  }
}

function lastOf({ rows, tuples }: ScanPage): After | undefined {
  const tuple = tuples?.at(-1);
  const key = rows.at(-1)?.key;
  return tuple === undefined || key === undefined ? undefined : { tuple, key };
}
