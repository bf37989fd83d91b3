/** Hits by an index. */
import type { IndexRange, Row, ScanPage } from "../contract.ts";
import { valuesAt } from "./indexes.ts";
import type { Place } from "./order.ts";
import type { IndexOrder, IndexPlan } from "./plan.ts";
import { type Finding, type Hit, hitsOf, type Reading } from "./reading.ts";
import { isEmptyRange, isInRange, stretchOf, type TupleRange } from "./tuple-range.ts";
import { encodeTuple, endOfOrder, mayBeShortened } from "./tuples.ts";

type After = NonNullable<IndexRange["after"]>;

/** Where a row stands in the index. The tuple is made of the document, which costs less than having the engine hand out that of each row. */
function entryOf(reading: Reading, { index }: IndexPlan, row: Row): After {
  return { tuple: encodeTuple(valuesAt(index, reading.documentOf(row))).tuple, key: row.key };
}

/** Where a page ends. */
function endOf(reading: Reading, plan: IndexPlan, { rows }: ScanPage): After | undefined {
  const row = rows.at(-1);
  return row && entryOf(reading, plan, row);
}

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
    const part: IndexRange = {
      by: "index",
      index: index.id,
      ...range,
      after,
      reverse,
      limit,
      keysOnly: false,
      rowsOnly: true,
    };
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
      after = page.more ? endOf(reading, plan, page) : undefined;
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
  const { compare, placeOf, valuesOf, reverse } = reading.query.order;
  /** Those beyond the place, put in order. */
  const inOrder = (hits: readonly Hit[], beyond: Place | undefined): Hit[] =>
    hits
      .map((hit) => ({ hit, place: placeOf(hit.row.key, hit.document) }))
      .filter(({ place }) => beyond === undefined || compare(place, beyond) > 0)
      .sort((a, b) => compare(a.place, b.place))
      .map(({ hit }) => hit);
  const isExact = (tuple: Uint8Array) => endOfOrder(tuple, fixed) === undefined;
  const turnsTies = descending !== reverse;
  /** The tuple of what has these values, where the index does not give the order; `undefined` where it does. */
  const stretchedTuple = (values: readonly unknown[], tupleThere: () => Uint8Array): Uint8Array | undefined => {
    if (!turnsTies && !values.some(mayBeShortened)) return undefined;
    const tuple = tupleThere();
    return turnsTies || !isExact(tuple) ? tuple : undefined;
  };
  const tupleOf = (document: unknown) => encodeTuple(valuesAt(plan.index, document)).tuple;

  let [range] = plan.ranges;
  let after: After | undefined;

  /** One stretch, by requests of its own. */
  async function* findStretch(tuple: Uint8Array, beyond: Place | undefined): Finding {
    const stretch = stretchOf(tuple, fixed);
    if (isExact(tuple)) {
      let last = beyond === undefined ? undefined : { tuple, key: beyond.key };
      do {
        const page = await read(stretch, last, reverse);
        last = page.more ? endOf(reading, plan, page) : undefined;
        yield { hits: hitsOf(reading, page.rows), more: true };
      } while (last !== undefined);
      return;
    }
    const all: Hit[] = [];
    let last: After | undefined;
    do {
      const page = await read(stretch, last, false, true);
      last = page.more ? endOf(reading, plan, page) : undefined;
      all.push(...hitsOf(reading, page.rows));
    } while (last !== undefined);
    yield { hits: inOrder(all, beyond), more: true };
  }

  const leaveStretch = (tuple: Uint8Array) => {
    const stretch = stretchOf(tuple, fixed);
    after = undefined;
    if (range !== undefined) {
      range = descending ? { ...range, upper: stretch.lower } : { ...range, lower: stretch.upper };
    }
  };

  if (from !== undefined) {
    const tuple = stretchedTuple(from.values, () => tupleAt(from));
    if (tuple !== undefined) {
      yield* findStretch(tuple, from);
      leaveStretch(tuple);
    } else after = { tuple: tupleAt(from), key: from.key };
  }

  while (range !== undefined && !isEmptyRange(range)) {
    const page: ScanPage = await read(range, after, descending);
    const { rows, more } = page;
    const looked = rows.map((row): Hit => ({ row, document: reading.documentOf(row) }));
    const isHit = ({ row, document }: Hit) => reading.matches(row, document);
    const hits: Hit[] = [];
    let cut: Uint8Array | undefined;
    for (let i = 0; i < looked.length && cut === undefined; ) {
      const one = looked[i] as Hit;
      const tuple = stretchedTuple(valuesOf(one.document), () => tupleOf(one.document));
      if (tuple === undefined) {
        if (isHit(one)) hits.push(one);
        i++;
        continue;
      }
      const stretch = stretchOf(tuple, fixed);
      let end = i + 1;
      while (end < looked.length && isInRange(tupleOf((looked[end] as Hit).document), stretch)) end++;
      if (end === looked.length && more)
        cut = tuple; // its stretch may go on in the next page
      else hits.push(...inOrder(looked.slice(i, end).filter(isHit), undefined));
      i = end;
    }
    yield { hits, more };
    if (!more) return;
    if (cut === undefined) after = endOf(reading, plan, page);
    else {
      yield* findStretch(cut, undefined);
      leaveStretch(cut);
    }
  }
}
