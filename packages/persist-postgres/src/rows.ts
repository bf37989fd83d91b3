/** Rows by key. */
import type { Row, Space } from "@cuitty/persist-core";
import { type Connection, perSchema, type Statement } from "./connection.ts";
import { hasTimes, type RowTable, rowTables } from "./schema.ts";
import { readStreams } from "./streams.ts";

/**
 * The columns of the table, which the query calls `r`, under the contract's names: a row of the driver is a row of the contract as it comes. Numbers are cast, because the driver
 * gives `bigint` as text. A value that is not wanted is not read: it may be long.
 */
export function columnsOf(table: RowTable, { value }: { value: boolean }): string {
  const times = hasTimes(table) ? 'r.created_at::float8 as "createdAt", r.updated_at::float8 as "updatedAt", ' : "";
  const content = table === "blobs" ? "r.content::text as content, " : "";
  return `r.key, r.version, ${times}r.expires_at::float8 as "expiresAt", ${content}${value ? "r.value" : "'' as value"}`;
}

/** Neither a ghost nor expired, by the time that the statement has as this parameter. */
export function isLive(now: string): string {
  return `r.version <> '' and (r.expires_at is null or r.expires_at > ${now})`;
}

const texts = perSchema((s) => {
  const select = (table: RowTable, keys: string) =>
    `select ${columnsOf(table, { value: true })} from ${s}.${table} r where r.scope = $1 and r.key = ${keys} and ${isLive("$3")}`;
  const perTable = (keys: string) =>
    Object.fromEntries(rowTables.map((table) => [table, select(table, keys)])) as Record<RowTable, string>;
  return { one: perTable("$2"), many: perTable("any (array(select json_array_elements_text($2::text::json)))") };
});

/** In the order of the keys, `undefined` for the absent. One statement. */
export async function readRows(
  connection: Connection,
  statement: Statement,
  scope: number,
  space: Space,
  keys: readonly string[],
  now: number,
): Promise<(Row | undefined)[]> {
  if (space === "streams") return readStreams(connection, statement, scope, keys);
  const { one, many } = texts(connection);
  if (keys.length === 1) return [(await statement<Row>(one[space], [scope, keys[0] as string, now]))[0]];
  const rows = await statement<Row>(many[space], [scope, JSON.stringify(keys), now]);
  const byKey = new Map(rows.map((row) => [row.key, row]));
  return keys.map((key) => byKey.get(key));
}
