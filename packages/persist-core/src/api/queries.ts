import type { RangeOptions } from "./listings.ts";

/**
 * What one field is tested by: a value that it equals, or operators that all hold. `gt`, `gte`, `lt`, `lte` hold only between two values of one kind: numbers (bigints
 * among them), strings (by code points), dates, booleans, bytes. `ne` and `notIn` hold for what is missing too. `contains` asks for a part of a string or an item of an
 * array; `exists` for the field, and `null` is something.
 */
type Test<V> =
  | V
  | {
      eq?: V;
      ne?: V;
      gt?: V;
      gte?: V;
      lt?: V;
      lte?: V;
      in?: readonly V[];
      notIn?: readonly V[];
      startsWith?: string;
      contains?: unknown;
      exists?: boolean;
    };

/** Documents without a type have any field. */
type Fields<T> = unknown extends T ? Record<string, unknown> : T;

/**
 * Conditions that all hold. A field inside of another is `"address.city"`, an item of an array `"tags.0"`; a dot of the name itself is written `"\\."`, and so is what
 * would be taken for `and`, `or` or `not`: `"\\and"`. A field given as `undefined` is refused with `INVALID_ARGUMENT`: it never turns into "all".
 */
export type Where<T> = { [K in keyof Fields<T>]?: Test<Fields<T>[K]> } & {
  [path: `${string}.${string}`]: unknown;
} & { and?: Where<T>[]; or?: Where<T>[]; not?: Where<T> };

/** A field, or a field inside of it: `"address.city"`. */
export type Path<T> = (keyof Fields<T> & string) | `${keyof Fields<T> & string}.${string}`;

/** Which records, in which order. */
export interface Query<T> extends RangeOptions {
  /** Only documents for which this holds. */
  where?: Where<T>;
  /**
   * Default: by key. Between kinds of values: missing, null, booleans, numbers (NaN first), strings, dates, bytes, everything else. Those with equal values come by
   * key; `reverse` turns all of it round.
   */
  orderBy?: readonly (readonly [path: Path<T>, direction: "asc" | "desc"])[];
  /**
   * How many entries may be read to filter or sort them where no index spares it. Beyond that the query is refused with `TOO_LARGE`, and the message names the index to
   * add. Default 10 000.
   */
  maxScan?: number;
}

/** How a query was run, and what it cost. */
export interface Plan {
  /** `"key"`: the range of keys, and nothing else. `"index"`: by an index. `"scan"`: all of the range was looked at, to filter or sort it. */
  plan: "key" | "index" | "scan";
  /** The name of the index. */
  index?: string;
  /** Entries that were read, whether they matched or not. */
  entriesRead: number;
  /** Pages that were asked of the backend. */
  requests: number;
}
