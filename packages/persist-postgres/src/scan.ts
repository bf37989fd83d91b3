/** Pages of rows, by key or by index tuple. One statement a page; nothing is open between two. */
import type { IndexRange, KeyRange, Row, ScanPage, ScanRange, Space } from "@cuitty/persist-core";
import type { Connection, Param, Statement } from "./connection.ts";
import { columnsOf, isLive } from "./rows.ts";
import type { RowTable } from "./schema.ts";
import { type StoredStream, streamColumns, toStreamRow } from "./streams.ts";

export function scan(
  connection: Connection,
  statement: Statement,
  scope: number,
  space: Space,
  range: ScanRange,
  now: number,
): Promise<ScanPage> {
  if (range.by === "index") return scanIndex(connection, statement, scope, range, now);
  return space === "streams"
    ? scanStreams(connection, statement, scope, range)
    : scanKeys(connection, statement, scope, space, range, now);
}

async function scanKeys(
  { schema }: Connection,
  statement: Statement,
  scope: number,
  table: RowTable,
  range: KeyRange,
  now: number,
): Promise<ScanPage> {
  const params: Param[] = [scope, now];
  const rows = await statement<Row>(
    `select ${columnsOf(table, { value: !range.keysOnly })} from ${schema}.${table} r
     where r.scope = $1 ${keyBounds("r.key", range, params)} and ${isLive("$2")}
     order by r.key ${direction(range)} limit ${limitOf(range, params)}`,
    params,
  );
  return cut(rows, range);
}

/** The streams by name that have an event. */
async function scanStreams(
  { schema }: Connection,
  statement: Statement,
  scope: number,
  range: KeyRange,
): Promise<ScanPage> {
  const params: Param[] = [scope];
  const stored = await statement<StoredStream>(
    `select ${streamColumns} from ${schema}.streams r where r.scope = $1 ${keyBounds("r.stream", range, params)} and r.first <= r.version
     order by r.stream ${direction(range)} limit ${limitOf(range, params)}`,
    params,
  );
  return cut(stored.map(toStreamRow), range);
}

async function scanIndex(
  { schema }: Connection,
  statement: Statement,
  scope: number,
  range: IndexRange,
  now: number,
): Promise<ScanPage> {
  const order = direction(range);
  const params: Param[] = [scope, now, range.index];
  const rows = await statement<Row & { tuple: Uint8Array }>(
    `select ${range.rowsOnly ? "" : "i.tuple, "}${columnsOf("records", { value: !range.keysOnly })}
     from ${schema}.record_index i join ${schema}.records r on r.scope = i.scope and r.key = i.key
     where i.scope = $1 and i.name = $3 ${tupleBounds(range, params)} and ${isLive("$2")}
     order by i.tuple ${order}, i.key ${order} limit ${limitOf(range, params)}`,
    params,
  );
  const page = cut(rows, range);
  // A plain view: the driver answers with Buffers, whose methods differ.
  return range.rowsOnly ? page : { ...page, tuples: rows.map(({ tuple }) => Uint8Array.from(tuple)) };
}

/** Adds what it needs to the parameters, as do those below. */
function keyBounds(column: string, { lower, upper }: KeyRange, params: Param[]): string {
  let sql = "";
  if (lower !== undefined) sql += ` and ${column} ${lower.inclusive ? ">=" : ">"} $${params.push(lower.key)}`;
  if (upper !== undefined) sql += ` and ${column} ${upper.inclusive ? "<=" : "<"} $${params.push(upper.key)}`;
  return sql;
}

function tupleBounds({ lower, upper, after, reverse }: IndexRange, params: Param[]): string {
  let sql = "";
  if (lower !== undefined) sql += ` and i.tuple >= $${params.push(lower)}`;
  if (upper !== undefined) sql += ` and i.tuple < $${params.push(upper)}`;
  if (after !== undefined) {
    sql += ` and (i.tuple, i.key) ${reverse ? "<" : ">"} ($${params.push(after.tuple)}, $${params.push(after.key)})`;
  }
  return sql;
}

/** One row more than wanted is read, to know whether there are more. */
function limitOf({ limit }: ScanRange, params: Param[]): string {
  return `$${params.push(limit + 1)}`;
}

function direction({ reverse }: ScanRange): "asc" | "desc" {
  return reverse ? "desc" : "asc";
}

function cut<R extends Row>(rows: R[], { limit }: ScanRange): { rows: R[]; more: boolean } {
  const more = rows.length > limit;
  if (more) rows.pop();
  return { rows, more };
}
