/** What would have spared a query that read too much. */
import { PersistError } from "../errors.ts";
import { isFixed, valuesLeft } from "./plan.ts";
import type { ParsedQuery } from "./query.ts";
import { componentRange } from "./tuple-range.ts";
import { maxTuplePaths } from "./tuples.ts";

export interface Circumstances {
  readonly collection: string | undefined;
  /** By which it went. */
  readonly index: string | undefined;
}

/** TOO_LARGE, naming the index to add. */
export function scannedTooMuch(query: ParsedQuery, circumstances: Circumstances): PersistError {
  const { operation, maxScan } = query;
  return new PersistError(
    "TOO_LARGE",
    `${operation}: the query needs to read more than ${maxScan} entries (its maxScan) to filter or sort them. ${adviceFor(query, circumstances)}; or ask for less by prefix, start and end; or raise maxScan.`,
    { operation },
  );
}

function adviceFor(query: ParsedQuery, { collection, index }: Circumstances): string {
  const paths = indexToAdd(query);
  const listed = paths.map((path) => JSON.stringify(path)).join(", ");
  if (paths.length === 0) return "No index narrows such a query";
  if (index !== undefined && query.order.paths.length === 0) {
    return `The index "${index}" narrows it, but not in the order of keys: order by ${listed}`;
  }
  return `Add an index on ${listed}, as in ${declaration(collection ?? firstSegment(query.prefix), paths)}, and let where and orderBy go by it`;
}

/** What every match is equal to, then the order; or, without an order, what is compared. */
function indexToAdd({ where, order }: ParsedQuery): string[] {
  const tests = where?.required ?? [];
  const paths = [...new Map(tests.map(({ path }) => [path.steps.join("\0"), path])).values()];
  const bound = paths.filter((path) => (order.paths.length > 0 ? isFixed(tests, path) : valuesLeft(tests, path)));
  const compared = paths.filter(
    (path) => !bound.includes(path) && componentRange(tests.filter((test) => test.path === path)) !== undefined,
  );
  const rest = order.paths.length > 0 ? order.paths.map(({ path }) => path) : compared.slice(0, 1);
  return [...bound, ...rest].slice(0, maxTuplePaths).map(({ text }) => text);
}

function firstSegment(prefix: string): string {
  return prefix.includes("/") ? prefix.slice(0, prefix.indexOf("/")) : "…";
}

function declaration(collection: string, paths: readonly string[]): string {
  const name = paths.map((path) => path.replaceAll(/[^A-Za-z0-9]+/g, "_")).join("_");
  const on = paths.length === 1 ? JSON.stringify(paths[0]) : JSON.stringify(paths);
  return `records.collection("${collection}", { indexes: { ${JSON.stringify(name)}: { on: ${on} } } })`;
}
