/** Which rows a query looks at. Every plan gives the same answer, since `where` is asked again of each of them. */
import type { ReadyIndex } from "./indexes.ts";
import { parsedPaths } from "./indexes.ts";
import type { Order, Place } from "./order.ts";
import { isSamePath, type Path } from "./paths.ts";
import { componentRange, isEmptyRange, rangeWithin, type TupleRange } from "./tuple-range.ts";
import { encodeTuple } from "./tuples.ts";
import type { Test } from "./where.ts";

export interface IndexPlan {
  readonly index: ReadyIndex;
  /** Disjoint. */
  readonly ranges: readonly TupleRange[];
  /** Whether `where` leaves out a part of the index. */
  readonly isNarrow: boolean;
  /** How the only range gives the order of the query; `undefined`: its entries have to be sorted. */
  readonly order: IndexOrder | undefined;
}

export interface IndexOrder {
  /** Bytes at the beginning of the tuples that are the same in all matches. */
  readonly fixed: number;
  readonly descending: boolean;
  /** Where an entry of this place stands. */
  tupleAt(place: Place): Uint8Array;
}

/** More would cost more requests than reading what lies between. */
const maxRanges = 100;

/** The values that the tests leave to a path, by `eq`, `in` or not being there; `undefined`: any. */
export function valuesLeft(tests: readonly Test[], path: Path): readonly unknown[] | undefined {
  let least: readonly unknown[] | undefined;
  for (const test of testsAt(tests, path)) {
    const values = valuesOf(test);
    if (values !== undefined && (least === undefined || values.length < least.length)) least = values;
  }
  return least;
}

/** Whether all matches have one and the same value there. */
export function isFixed(tests: readonly Test[], path: Path): boolean {
  const values = valuesLeft(tests, path);
  return values !== undefined && values.length <= 1;
}

/** The index to go by, or `undefined` where none helps. */
export function chooseIndex(
  tests: readonly Test[],
  order: Order,
  indexes: readonly ReadyIndex[],
): IndexPlan | undefined {
  let best: { plan: IndexPlan; rank: readonly number[] } | undefined;
  for (const index of indexes) {
    const found = planBy(index, tests, order);
    if (found !== undefined && (best === undefined || isGreater(found.rank, best.rank))) best = found;
  }
  return best?.plan;
}

function planBy(index: ReadyIndex, tests: readonly Test[], order: Order) {
  const paths = parsedPaths(index.paths);
  // A unique index lacks the documents that have nothing at any of its paths.
  if (index.unique && !paths.some((path) => isPresent(tests, path))) return undefined;
  const { bound, beginnings } = bind(paths, tests);
  const next = paths[bound];
  const rest = next === undefined ? undefined : componentRange(testsAt(tests, next));
  const ranges = beginnings.map((beginning) => rangeWithin(beginning, rest)).filter((range) => !isEmptyRange(range));
  const [beginning] = beginnings;
  const given =
    beginnings.length === 1 && beginning !== undefined
      ? orderGiven(paths.slice(bound), beginning, tests, order)
      : undefined;
  const isNarrow = bound > 0 || rest !== undefined;
  if (!isNarrow && (given === undefined || order.paths.length === 0)) return undefined;
  const plan: IndexPlan = { index, ranges, isNarrow, order: given };
  return { plan, rank: [bound, Number(rest !== undefined), Number(given !== undefined), -ranges.length] };
}

/** As many of the first paths as the tests leave single values to, and all that tuples can then begin with. */
function bind(paths: readonly Path[], tests: readonly Test[]): { bound: number; beginnings: readonly Uint8Array[] } {
  let lists: readonly (readonly unknown[])[] = [[]];
  let bound = 0;
  for (const path of paths) {
    const values = valuesLeft(tests, path);
    if (values === undefined || values.length * lists.length > maxRanges) break;
    lists = lists.flatMap((list) => values.map((value) => [...list, value]));
    bound++;
  }
  const beginnings = lists.map((list) => encodeTuple(list).tuple);
  const unique = new Map(beginnings.map((bytes) => [bytes.join(), bytes]));
  return { bound, beginnings: [...unique.values()] };
}

/** How the paths behind the beginning give the order: by all of its paths, in one direction, and nothing else in between that differs among matches. */
function orderGiven(
  paths: readonly Path[],
  beginning: Uint8Array,
  tests: readonly Test[],
  order: Order,
): IndexOrder | undefined {
  const [first] = order.paths;
  if (order.paths.some(({ descending }) => descending !== first?.descending)) return undefined;
  let used = 0;
  /** Of each path behind the beginning: its value in the tuple of a place. */
  const values: ((place: Place) => unknown)[] = [];
  for (const path of paths) {
    const wanted = order.paths[used];
    if (wanted !== undefined && isSamePath(wanted.path, path)) {
      const at = used++;
      values.push((place) => place.values[at]);
    } else if (isFixed(tests, path)) {
      const value = valuesLeft(tests, path)?.[0];
      values.push(() => value);
    } else return undefined;
  }
  if (used < order.paths.length) return undefined;
  return {
    fixed: beginning.length,
    descending: (first?.descending ?? false) !== order.reverse,
    tupleAt: (place) => Uint8Array.of(...beginning, ...encodeTuple(values.map((value) => value(place))).tuple),
  };
}

function testsAt(tests: readonly Test[], path: Path): Test[] {
  return tests.filter((test) => isSamePath(test.path, path));
}

function valuesOf({ operator, operand }: Test): readonly unknown[] | undefined {
  switch (operator) {
    case "eq":
      return [operand];
    case "in":
      return operand as unknown[];
    case "exists":
      return operand === false ? [undefined] : undefined;
    default:
      return undefined;
  }
}

/** Whether all matches have something there. */
function isPresent(tests: readonly Test[], path: Path): boolean {
  return testsAt(tests, path).some(({ operator, operand }) => {
    if (operator === "exists") return operand === true;
    return operator !== "ne" && operator !== "notIn";
  });
}

function isGreater(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at >= 0 && (a[at] as number) > (b[at] as number);
}
