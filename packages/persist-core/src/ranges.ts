/** The range options of a listing, checked and turned into bounds. */
import type { RangeOptions } from "./api/listings.ts";
import type { Bound, KeyRange } from "./contract.ts";
import { PersistError } from "./errors.ts";
import { checkPrefix, compareKeys, prefixEnd } from "./keys.ts";

export interface ParsedRange {
  /** What a cursor belongs to. */
  query(): readonly unknown[];
  readonly limit: number | undefined;
  readonly cursor: string | undefined;
  readonly batchSize: number;
  /** The part of the range beyond the key `after`, or from the bound on, in the direction of the listing. */
  page(after: string | Bound | undefined, limit: number, keysOnly: boolean): KeyRange;
}

export const rangeNames: readonly string[] = [
  "prefix",
  "start",
  "startAfter",
  "end",
  "reverse",
  "limit",
  "cursor",
  "batchSize",
];

const defaultBatch = 500;
const maxBatch = 1000;

export function parseRange(operation: string, o: RangeOptions = {}): ParsedRange {
  const { prefix = "", start, startAfter, end, reverse = false, limit, cursor, batchSize = defaultBatch } = o;
  checkPrefix(prefix);
  if (start !== undefined) checkPrefix(start, "start");
  if (startAfter !== undefined) checkPrefix(startAfter, "startAfter");
  if (end !== undefined) checkPrefix(end, "end");
  if (typeof reverse !== "boolean")
    throw new PersistError("INVALID_ARGUMENT", `${operation}: reverse must be true or false.`);
  if (limit !== undefined) checkCount(operation, "limit", limit);
  checkCount(operation, "batchSize", batchSize);

  const lower = greatest([
    prefix === "" ? undefined : { key: prefix, inclusive: true },
    start === undefined ? undefined : { key: start, inclusive: true },
    startAfter === undefined ? undefined : { key: startAfter, inclusive: false },
  ]);
  const upper = least([exclusive(prefix === "" ? undefined : prefixEnd(prefix)), exclusive(end)]);

  return {
    query: () => [operation, prefix, start, startAfter, end, reverse],
    limit,
    cursor,
    batchSize: Math.min(batchSize, maxBatch),
    page(after, count, keysOnly) {
      const beyond = typeof after === "object" ? after : exclusive(after);
      return {
        by: "key",
        lower: reverse ? lower : greatest([lower, beyond]),
        upper: reverse ? least([upper, beyond]) : upper,
        reverse,
        limit: Math.min(count, maxBatch),
        keysOnly,
        ...(keysOnly ? { namesOnly: true } : {}),
      };
    },
  };
}

/** Whether both bounds hold for the key. */
export function isInKeyRange(key: string, { lower, upper }: Pick<KeyRange, "lower" | "upper">): boolean {
  if (lower !== undefined) {
    const order = compareKeys(key, lower.key);
    if (order < 0 || (order === 0 && !lower.inclusive)) return false;
  }
  if (upper !== undefined) {
    const order = compareKeys(key, upper.key);
    if (order > 0 || (order === 0 && !upper.inclusive)) return false;
  }
  return true;
}

/** Throws INVALID_ARGUMENT unless it is a whole number of at least 1. */
export function checkCount(operation: string, name: string, count: unknown): void {
  if (Number.isSafeInteger(count) && (count as number) >= 1) return;
  throw new PersistError(
    "INVALID_ARGUMENT",
    `${operation}: ${name} must be a whole number of at least 1 (it was ${String(count)}).`,
  );
}

function exclusive(key: string | undefined): Bound | undefined {
  return key === undefined ? undefined : { key, inclusive: false };
}

function greatest(bounds: readonly (Bound | undefined)[]): Bound | undefined {
  return narrowest(bounds, 1);
}

function least(bounds: readonly (Bound | undefined)[]): Bound | undefined {
  return narrowest(bounds, -1);
}

/** Of equal keys the one that excludes it. */
function narrowest(bounds: readonly (Bound | undefined)[], sign: 1 | -1): Bound | undefined {
  return bounds.reduce((best, bound) => {
    if (best === undefined || bound === undefined) return best ?? bound;
    const order = compareKeys(bound.key, best.key) * sign;
    return order > 0 || (order === 0 && !bound.inclusive) ? bound : best;
  }, undefined);
}
