/**
 * Which items of a list became which of another.
 *
 * Equal beginnings and ends stay. Between them, items that occur once in both and in the same order stay where the rest is large. What is left is aligned at the least
 * cost: an item that is removed or inserted costs one, one that was edited less the more of it is as it was.
 */
import { fieldsOf, type Json, type JsonMap, shapeOf } from "./document-values.ts";

/** `from` alone: the item is removed; `to` alone: inserted; both: it stays at its place, edited or not. */
export interface Step {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** How many pairs of items are compared with one another. */
const maxPairs = 10_000;

/** From front to back: both lists' indexes ascend, and each occurs once. */
export function alignLists(before: readonly Json[], after: readonly Json[]): readonly Step[] {
  const a = before.map((item) => JSON.stringify(item));
  const b = after.map((item) => JSON.stringify(item));
  const steps: Step[] = [];

  const stay = (from: number, to: number, count: number) => {
    for (let i = 0; i < count; i++) steps.push({ from: from + i, to: to + i });
  };
  const align = (gap: Gap) => {
    let { from, fromEnd, to, toEnd } = gap;
    const start = from;
    while (from < fromEnd && to < toEnd && a[from] === b[to]) {
      from++;
      to++;
    }
    stay(start, to - (from - start), from - start);
    const end = fromEnd;
    while (fromEnd > from && toEnd > to && a[fromEnd - 1] === b[toEnd - 1]) {
      fromEnd--;
      toEnd--;
    }
    fill({ from, fromEnd, to, toEnd });
    stay(fromEnd, toEnd, end - fromEnd);
  };
  const fill = (gap: Gap) => {
    const pairs = (gap.fromEnd - gap.from) * (gap.toEnd - gap.to);
    if (pairs <= maxPairs) {
      steps.push(...alignByCost(gap, (from, to) => editCost(before[from], after[to], a[from] === b[to])));
      return;
    }
    const anchors = findAnchors(gap, a, b);
    if (anchors.length === 0) {
      steps.push(...alignByPlace(gap));
      return;
    }
    let { from, to } = gap;
    for (const anchor of anchors) {
      align({ from, fromEnd: anchor.from, to, toEnd: anchor.to });
      stay(anchor.from, anchor.to, 1);
      from = anchor.from + 1;
      to = anchor.to + 1;
    }
    align({ from, fromEnd: gap.fromEnd, to, toEnd: gap.toEnd });
  };

  align({ from: 0, fromEnd: a.length, to: 0, toEnd: b.length });
  return steps;
}

/** Items of both lists that are to be aligned with one another. */
interface Gap {
  readonly from: number;
  readonly fromEnd: number;
  readonly to: number;
  readonly toEnd: number;
}

/** Above 2 it is cheaper to remove the one and to insert the other. */
function editCost(before: Json | undefined, after: Json | undefined, isSame: boolean): number {
  if (isSame) return 0;
  const shape = shapeOf(before as Json);
  if (shape !== shapeOf(after as Json)) return 3;
  return shape === "map" ? 1.5 * shareChanged(before as JsonMap, after as JsonMap) : 1.5;
}

function shareChanged(before: JsonMap, after: JsonMap): number {
  const old = fieldsOf(before);
  const fields = fieldsOf(after);
  let same = 0;
  for (const [key, value] of fields) {
    if (old.has(key) && JSON.stringify(old.get(key)) === JSON.stringify(value)) same++;
  }
  return 1 - same / Math.max(old.size, fields.size, 1);
}

function alignByCost({ from, fromEnd, to, toEnd }: Gap, cost: (from: number, to: number) => number): Step[] {
  const rows = fromEnd - from;
  const columns = toEnd - to;
  const width = columns + 1;
  const least = new Float64Array((rows + 1) * width);
  const at = (i: number, j: number) => least[i * width + j] as number;
  const costs = new Float64Array(rows * columns);
  // From the ends, so that the steps can be read from the front.
  for (let i = rows; i >= 0; i--) {
    for (let j = columns; j >= 0; j--) {
      let best = i === rows && j === columns ? 0 : Number.POSITIVE_INFINITY;
      if (i < rows) best = Math.min(best, at(i + 1, j) + 1);
      if (j < columns) best = Math.min(best, at(i, j + 1) + 1);
      if (i < rows && j < columns) {
        const edit = cost(from + i, to + j);
        costs[i * columns + j] = edit;
        best = Math.min(best, at(i + 1, j + 1) + edit);
      }
      least[i * width + j] = best;
    }
  }
  const steps: Step[] = [];
  for (let i = 0, j = 0; i < rows || j < columns; ) {
    if (i < rows && j < columns && at(i, j) === at(i + 1, j + 1) + (costs[i * columns + j] as number)) {
      steps.push({ from: from + i++, to: to + j++ });
    } else if (i < rows && at(i, j) === at(i + 1, j) + 1) steps.push({ from: from + i++ });
    else steps.push({ to: to + j++ });
  }
  return steps;
}

/** Where there is too much to compare and nothing stays: item by item. */
function alignByPlace({ from, fromEnd, to, toEnd }: Gap): Step[] {
  const count = Math.max(fromEnd - from, toEnd - to);
  return Array.from({ length: count }, (_, i) => ({
    from: from + i < fromEnd ? from + i : undefined,
    to: to + i < toEnd ? to + i : undefined,
  }));
}

/** The longest ascending row of items that occur once in both. */
function findAnchors(gap: Gap, a: readonly string[], b: readonly string[]): readonly { from: number; to: number }[] {
  const inA = onlyOnes(a, gap.from, gap.fromEnd);
  const inB = onlyOnes(b, gap.to, gap.toEnd);
  const shared: { from: number; to: number }[] = [];
  for (const [text, from] of inA) {
    const to = inB.get(text);
    if (to !== undefined) shared.push({ from, to });
  }
  return longestAscending(shared.sort((x, y) => x.from - y.from));
}

function onlyOnes(texts: readonly string[], start: number, end: number): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  const repeated = new Set<string>();
  for (let i = start; i < end; i++) {
    const text = texts[i] as string;
    if (places.has(text)) repeated.add(text);
    places.set(text, i);
  }
  for (const text of repeated) places.delete(text);
  return places;
}

/** By `to`, of pairs that ascend by `from`: patience sorting. */
function longestAscending(pairs: readonly { from: number; to: number }[]): readonly { from: number; to: number }[] {
  interface Link {
    readonly pair: { from: number; to: number };
    readonly previous: Link | undefined;
  }
  const ends: Link[] = [];
  for (const pair of pairs) {
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ends[middle] as Link).pair.to < pair.to) low = middle + 1;
      else high = middle;
    }
    ends[low] = { pair, previous: ends[low - 1] };
  }
  const row: { from: number; to: number }[] = [];
  for (let link = ends.at(-1); link !== undefined; link = link.previous) row.push(link.pair);
  return row.reverse();
}
