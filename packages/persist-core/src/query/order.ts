/** `orderBy`: which entry comes first. */
import { PersistError } from "../errors.ts";
import { compareKeys } from "../keys.ts";
import { compareValues } from "./kinds.ts";
import { isSamePath, type Path, parsePath, valueAt } from "./paths.ts";

export interface OrderBy {
  readonly path: Path;
  readonly descending: boolean;
}

/** Where an entry stands in the order: the values at its paths, and its key among those with equal ones. */
export interface Place {
  readonly values: readonly unknown[];
  readonly key: string;
}

export interface Order {
  readonly paths: readonly OrderBy[];
  /** The whole order turned round, ties included. */
  readonly reverse: boolean;
  /** What the document has at the paths. */
  valuesOf(document: unknown): readonly unknown[];
  placeOf(key: string, document: unknown): Place;
  compare(a: Place, b: Place): number;
}

const maxPaths = 16;

/** Throws INVALID_ARGUMENT. */
export function parseOrderBy(operation: string, orderBy: unknown): readonly OrderBy[] {
  const fail = (problem: string): never => {
    throw new PersistError("INVALID_ARGUMENT", `${operation}: orderBy ${problem}`, { operation });
  };
  if (orderBy === undefined) return [];
  if (!Array.isArray(orderBy) || orderBy.length > maxPaths) {
    return fail(`takes an array of at most ${maxPaths} pairs such as ["name", "asc"].`);
  }
  const parse = (pair: unknown): OrderBy => {
    if (!Array.isArray(pair) || pair.length !== 2) return fail('takes pairs such as ["name", "asc"].');
    const [path, direction] = pair as unknown[];
    if (direction !== "asc" && direction !== "desc") {
      return fail(`takes "asc" or "desc" as a direction (it was ${JSON.stringify(direction)?.slice(0, 80)}).`);
    }
    return { path: parsePath(path, `${operation}: orderBy`), descending: direction === "desc" };
  };
  const paths: OrderBy[] = [];
  for (const pair of orderBy) paths.push(parse(pair)); // a hole is no pair either, and `map` would skip it
  return paths;
}

/** `isFixed`: every match has the same value there, so that it decides nothing. */
export function createOrder(orderBy: readonly OrderBy[], reverse: boolean, isFixed: (path: Path) => boolean): Order {
  const paths = orderBy.filter(
    ({ path }, i) => !isFixed(path) && !orderBy.slice(0, i).some((earlier) => isSamePath(earlier.path, path)),
  );
  const sign = reverse ? -1 : 1;
  const valuesOf = (document: unknown) => paths.map(({ path }) => valueAt(document, path));
  return {
    paths,
    reverse,
    valuesOf,
    placeOf: (key, document) => ({ key, values: valuesOf(document) }),
    compare(a, b) {
      for (const [i, { descending }] of paths.entries()) {
        const order = compareValues(a.values[i], b.values[i]);
        if (order !== 0) return descending ? -order * sign : order * sign;
      }
      return compareKeys(a.key, b.key) * sign;
    },
  };
}
