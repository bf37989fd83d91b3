/** Pages of rows, by key or by index tuple. One statement a page, which is over when the page is: a cursor left open would keep the write-ahead log from being emptied. */
import type { IndexRange, KeyRange, Row, ScanPage, ScanRange, Space } from "@cuitty/persist-core";
import type { Connection } from "./connection.ts";
import type { SqliteStatement, SqliteValue } from "./driver.ts";
import { given } from "./given.ts";
import { columnsOf } from "./rows.ts";
import type { RowTable } from "./schema.ts";
import { type StoredStream, streamColumns, toStreamRow } from "./streams.ts";

export function scan(connection: Connection, namespace: string, space: Space, range: ScanRange, now: number): ScanPage {
  if (range.by === "index") return scanIndex(connection, namespace, range, now);
  return space === "streams"
    ? scanStreams(connection, namespace, range)
    : scanKeys(connection, namespace, space, range, now);
}

/**
 * The statement of a scan of this shape. Its text is made once: to put it together, and to find the statement by a text that is new, costs as much as reading ten rows.
 */
function statementOf(connection: Connection, shape: string, text: () => string): SqliteStatement {
  let sql = texts.get(shape);
  if (sql === undefined) {
    sql = text();
    texts.set(shape, sql);
  }
  return connection.statement(sql);
}

const texts = new Map<string, string>();

/** Conditions of a WHERE clause with their parameters. */
interface Conditions {
  readonly sql: string;
  readonly params: SqliteValue[];
}

function scanKeys(connection: Connection, namespace: string, table: RowTable, range: KeyRange, now: number): ScanPage {
  const bounds = keyBounds("r.key", range);
  const order = direction(range);
  const statement = statementOf(
    connection,
    `${table} ${order} ${range.keysOnly}${bounds.sql}`,
    () =>
      `select ${columnsOf(table, { value: !range.keysOnly })} from ${table} r
       where r.namespace = ${given} ${bounds.sql} and (r.expires_at is null or r.expires_at > ?)
       order by r.key ${order} limit ${given}`,
  );
  const rows = statement.all(namespace, ...bounds.params, now, range.limit + 1) as Row[];
  const more = cut(rows, range);
  return { rows, more };
}

/** The streams by name, without the log's own row. */
function scanStreams(connection: Connection, namespace: string, range: KeyRange): ScanPage {
  const bounds = keyBounds("stream", range);
  const stored = connection
    .statement(
      `select ${streamColumns} from streams where namespace = ${given} ${bounds.sql}
       and first <= version order by stream ${direction(range)} limit ${given}`,
    )
    .all(namespace, ...bounds.params, range.limit + 1) as StoredStream[];
  const more = cut(stored, range);
  return { rows: stored.map(toStreamRow), more };
}

function scanIndex(connection: Connection, namespace: string, range: IndexRange, now: number): ScanPage {
  const bounds = tupleBounds(range);
  const order = direction(range);
  const statement = statementOf(
    connection,
    `index ${order} ${range.keysOnly} ${range.rowsOnly}${bounds.sql}`,
    // CROSS JOIN fixes the order of the tables: the index leads.
    () =>
      `select ${range.rowsOnly ? "" : "i.tuple, "}${columnsOf("records", { value: !range.keysOnly })}
       from record_index i cross join records r on r.id = i.record
       where i.namespace = ${given} and i.name = ${given} ${bounds.sql} and (r.expires_at is null or r.expires_at > ?)
       order by i.tuple ${order}, i.key ${order} limit ${given}`,
  );
  const rows = statement.all(namespace, range.index, ...bounds.params, now, range.limit + 1) as (Row & {
    tuple: Uint8Array;
  })[];
  const more = cut(rows, range);
  return range.rowsOnly ? { rows, more } : { rows, tuples: rows.map((row) => row.tuple), more };
}

/** SQLite compares text as its UTF-8 bytes, which is the order of keys. */
function keyBounds(column: string, { lower, upper }: KeyRange): Conditions {
  const params: string[] = [];
  let sql = "";
  if (lower !== undefined) {
    sql += ` and ${column} ${lower.inclusive ? ">=" : ">"} ?`;
    params.push(lower.key);
  }
  if (upper !== undefined) {
    sql += ` and ${column} ${upper.inclusive ? "<=" : "<"} ?`;
    params.push(upper.key);
  }
  return { sql, params };
}

/**
 * At most one condition at each end. `after` lies within the range, nearly always, and then it makes the bound at its end needless; given both, SQLite might start each page
 * at the bound, and walk through all the pages before.
 */
function tupleBounds({ lower, upper, after, reverse }: IndexRange): Conditions {
  const params: SqliteValue[] = [];
  let sql = "";
  if (after !== undefined && !reverse && !(lower !== undefined && Buffer.compare(after.tuple, lower) < 0)) {
    sql += " and (i.tuple, i.key) > (?, ?)";
    params.push(after.tuple, after.key);
  } else if (lower !== undefined) {
    sql += " and i.tuple >= ?";
    params.push(lower);
  }
  if (after !== undefined && reverse && !(upper !== undefined && Buffer.compare(after.tuple, upper) >= 0)) {
    sql += " and (i.tuple, i.key) < (?, ?)";
    params.push(after.tuple, after.key);
  } else if (upper !== undefined) {
    sql += " and i.tuple < ?";
    params.push(upper);
  }
  return { sql, params };
}

function direction({ reverse }: ScanRange): "asc" | "desc" {
  return reverse ? "desc" : "asc";
}

/** One row more than wanted was read, to know whether there are more. */
function cut(stored: unknown[], { limit }: ScanRange): boolean {
  if (stored.length <= limit) return false;
  stored.pop();
  return true;
}
