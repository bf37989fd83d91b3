/** Sets of transaction numbers, as ranges. */

/** Both inclusive. */
export type Range = readonly [from: bigint, to: bigint];

/** Ascending, with at least one number between two of them. */
export type Ranges = readonly Range[];

/** The greatest number that a row can have. */
export const lastXact: bigint = 2n ** 63n - 1n;

/** What is in one of them, or in both. */
export function union(some: Ranges, others: Ranges): Ranges {
  const ranges: Range[] = [];
  for (const [from, to] of [...some, ...others].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const last = ranges.at(-1);
    if (last === undefined || from > last[1] + 1n) ranges.push([from, to]);
    else if (to > last[1]) ranges[ranges.length - 1] = [last[0], to];
  }
  return ranges;
}

/** What is in the first and not in the second. */
export function subtract(all: Ranges, without: Ranges): Ranges {
  const ranges: Range[] = [];
  for (const [from, to] of all) {
    let start = from;
    for (const [first, last] of without) {
      if (last < start) continue;
      if (first > to) break;
      if (first > start) ranges.push([start, first - 1n]);
      start = last + 1n;
    }
    if (start <= to) ranges.push([start, to]);
  }
  return ranges;
}

/** What is in it up to a number, inclusive. */
export function upTo(ranges: Ranges, last: bigint): Ranges {
  return subtract(ranges, [[last + 1n, lastXact]]);
}

export function includes(ranges: Ranges, xact: bigint): boolean {
  return ranges.some(([from, to]) => from <= xact && xact <= to);
}

/** At most so many ranges, by adding the shortest of what lies between them. */
export function widen(ranges: Ranges, most: number): Ranges {
  const excess = ranges.length - most;
  if (excess <= 0) return ranges;
  const between = subtract([[0n, lastXact]], ranges).filter(([from, to]) => from !== 0n && to !== lastXact);
  const shortest = between.sort((a, b) => (a[1] - a[0] < b[1] - b[0] ? -1 : 1)).slice(0, excess);
  return union(ranges, shortest);
}
