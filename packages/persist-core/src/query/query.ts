/** A query, checked as a whole before anything is read. */
import type { Query } from "../api/queries.ts";
import { PersistError } from "../errors.ts";
import { checkCount, type ParsedRange, parseRange } from "../ranges.ts";
import { createOrder, type Order, parseOrderBy } from "./order.ts";
import { isFixed } from "./plan.ts";
import { type ParsedWhere, parseWhere } from "./where.ts";

export interface ParsedQuery {
  readonly operation: string;
  readonly prefix: string;
  readonly range: ParsedRange;
  /** `undefined`: every document of the range matches. */
  readonly where: ParsedWhere | undefined;
  readonly order: Order;
  readonly maxScan: number;
  /** What a cursor belongs to. */
  identity(): readonly unknown[];
}

export const queryNames: readonly string[] = ["where", "orderBy", "maxScan"];

/** Whose cursors may be passed. */
export const listing = "records.list";

const defaultMaxScan = 10_000;

export function parseQuery(operation: string, o: Query<unknown> = {}): ParsedQuery {
  const { prefix = "", reverse = false, maxScan = defaultMaxScan } = o;
  const range = parseRange(operation, o);
  checkCount(operation, "maxScan", maxScan);
  if ("where" in o && o.where === undefined) {
    throw new PersistError(
      "INVALID_ARGUMENT",
      `${operation}: where is there, but undefined. Leave it out to have all entries of the range.`,
      { operation },
    );
  }
  const where = o.where === undefined ? undefined : parseWhere(operation, o.where);
  const order = createOrder(parseOrderBy(operation, o.orderBy), reverse, (path) =>
    isFixed(where?.required ?? [], path),
  );
  const identity = () => {
    const plain = [listing, ...range.query().slice(1)];
    if (where === undefined && order.paths.length === 0) return plain;
    return [...plain, where?.text(), order.paths.map(({ path, descending }) => [path.steps, descending])];
  };
  return {
    operation,
    prefix,
    range,
    where,
    order,
    maxScan,
    identity,
  };
}
