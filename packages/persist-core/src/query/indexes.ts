/** What queries and collections have in common: which indexes may be used, and what an entry of one is. */
import type { Call } from "../calls.ts";
import type { MaybePromise } from "../contract.ts";
import { type Path, parsePath, valueAt } from "./paths.ts";
import { encodeTuple, type Tuple } from "./tuples.ts";

/** An index that has an entry for every record that it covers, but for those that {@link tupleOf} says have none. */
export interface ReadyIndex {
  /** As users know it. */
  readonly name: string;
  /** The engine's name. */
  readonly id: string;
  /** One to four; see `paths.ts`. The same array for the same definition, so that it is parsed once. */
  readonly paths: readonly string[];
  readonly unique: boolean;
}

/** The ready indexes that cover every record whose key begins so: the query's own prefix (`""` where it has none), as the keys of its gate go. */
export interface IndexSource {
  /** As far as this process knows: the same list until it learns of another one. `undefined`: it knows nothing yet. */
  known(prefix: string): readonly ReadyIndex[] | undefined;
  /** As it stands in the store. */
  fresh(prefix: string, call: Call): MaybePromise<readonly ReadyIndex[]>;
}

export const none: readonly ReadyIndex[] = [];

/** Where nobody has declared any, and in transactions, which go by key. */
export const noIndexes: IndexSource = { known: () => none, fresh: () => none };

/**
 * The tuple under which an index over these paths finds the document. `undefined`: it has no entry there, since the index is unique and nothing is at any of its paths;
 * `null` is something. An index that is not unique has an entry for every document, so that it can give the order of all of them.
 */
export function tupleOf(paths: readonly string[], document: unknown, unique: boolean): Tuple | undefined {
  const values = valuesAt({ paths }, document);
  if (unique && values.every((value) => value === undefined)) return undefined;
  return encodeTuple(values);
}

/** What the document has at each path of the index. */
export function valuesAt({ paths }: Pick<ReadyIndex, "paths">, document: unknown): unknown[] {
  return parsedPaths(paths).map((path) => valueAt(document, path));
}

const parsed = new WeakMap<readonly string[], readonly Path[]>();

/** The paths of an index, each parsed once. Throws INVALID_ARGUMENT. */
export function parsedPaths(paths: readonly string[]): readonly Path[] {
  let known = parsed.get(paths);
  if (known === undefined) {
    known = paths.map((path) => parsePath(path, "index"));
    parsed.set(paths, known);
  }
  return known;
}
