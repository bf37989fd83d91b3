/** What would have spared a query that read too much. */
import { PersistError } from "../errors.ts";
import { isFixed, valuesLeft } from "./plan.ts";
import type { ParsedQuery } from "./query.ts";
import { componentRange } from "./tuple-range.ts";
import { maxTuplePaths } from "./tuples.ts";

/** TOO_LARGE, naming the index to add. */
export function scannedTooMuch(query: ParsedQuery, collection: string | undefined): PersistError {
  const { operation, maxScan } = query;
  const paths = indexToAdd(query);
  const advice =
    paths.length === 0
      ? "No index narrows such a query: ask for less by prefix, start and end"
      : `Add an index on ${paths.map((path) => JSON.stringify(path)).join(", ")}, as in ${declaration(collection ?? firstSegment(query.prefix), paths)}, and let where and orderBy go by it; or ask for less by prefix, start and end`;
  return new PersistError(
    "TOO_LARGE",
    `${operation}: the query needs to read more than ${maxScan} entries (its maxScan) to filter or sort them. ${advice}; or raise maxScan.`,
    { operation },
  );
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
