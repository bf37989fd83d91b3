/** Rows by key: reading one, writing one, removing one. */
import type { Answer, PutOp, Row, Space } from "@cuitty/persist-core";
import { type Connection, nextSeqSql } from "./connection.ts";
import { attachContent, releaseContent } from "./contents.ts";
import type { SqliteValue } from "./driver.ts";
import { replaceIndexEntries } from "./index-entries.ts";
import type { RowTable } from "./schema.ts";
import { readStream } from "./streams.ts";

/** Of these tables the times of a row are of interest, and not only its value. */
export const hasTimes = (table: RowTable): boolean => table === "records" || table === "blobs";

/**
 * The columns of the table, which the query calls `r`, under the contract's names: a row of the driver is a row of the contract as it comes. A value that is not wanted is not
 * read: it may be long.
 */
export function columnsOf(table: RowTable, { value }: { value: boolean }): string {
  const times = hasTimes(table) ? "r.created_at as createdAt, r.updated_at as updatedAt, " : "";
  const content = table === "blobs" ? "cast(r.content as text) as content, " : "";
  return `r.key, r.version, ${times}r.expires_at as expiresAt, ${content}${value ? "r.value" : "'' as value"}`;
}

const selects: Readonly<Record<RowTable, string>> = perTable(
  (table) => `select ${columnsOf(table, { value: true })} from ${table} r where r.namespace = ? and r.key = ?`,
);

const factSelects: Readonly<Record<RowTable, string>> = perTable(
  (table) => `select ${columnsOf(table, { value: false })} from ${table} r where r.namespace = ? and r.key = ?`,
);

const versionSelects: Readonly<Record<RowTable, string>> = perTable(
  (table) => `select version from ${table} where namespace = ? and key = ? and (expires_at is null or expires_at > ?)`,
);

/** An upsert of so many rows. Of a row whose times are of interest, `createdAt` stays unless the row has expired, or where it is given. */
function upsert(table: RowTable, rows: number, { createdAt }: { createdAt: "kept" | "given" }): string {
  const columns = ["namespace", "key", "version", "updated_at", "expires_at", "seq", "value"];
  if (hasTimes(table)) columns.push("created_at");
  if (table === "blobs") columns.push("content");
  const row = `(${columns.map(() => "?").join(", ")})`;
  const changes = columns
    .slice(2)
    .map((column) =>
      column === "created_at" && createdAt === "kept"
        ? "created_at = iif(old.expires_at <= excluded.updated_at, excluded.created_at, old.created_at)"
        : `${column} = excluded.${column}`,
    );
  return `insert into ${table} as old (${columns.join(", ")}) values ${Array(rows).fill(row).join(", ")}
    on conflict (namespace, key) do update set ${changes.join(", ")}
    ${table === "records" ? "returning created_at" : ""}`;
}

const upserts: Readonly<Record<RowTable, string>> = perTable((table) => upsert(table, 1, { createdAt: "kept" }));
const mergedUpserts: Readonly<Record<RowTable, string>> = perTable((table) => upsert(table, 1, { createdAt: "given" }));

const upsertValueAlone = `insert into kv (namespace, key, version, updated_at, expires_at, value, seq)
  values (?, ?, ?, ?, ?, ?, ${nextSeqSql})
  on conflict (namespace, key) do update set version = excluded.version, updated_at = excluded.updated_at,
    expires_at = excluded.expires_at, value = excluded.value, seq = excluded.seq`;

/** As a transaction of its own. Sets a value unconditionally. */
export function putValueAlone(connection: Connection, namespace: string, op: PutOp, time: number): void {
  const { key, version, expiresAt, value } = op;
  connection.statement(upsertValueAlone).run(namespace, key, version, time, expiresAt ?? null, value);
}

/** How many values are set by one statement where many are to be set: each row then costs two thirds of what it costs alone. */
export const valuesPerStatement = 25;

// What is the same in all rows is bound once: binding a parameter costs as much as storing it.
const upsertValues = `insert into kv (namespace, key, version, updated_at, expires_at, seq, value)
  values ${Array.from({ length: valuesPerStatement }, (_, i) => `(:namespace, ?, ?, :time, ?, :seq + ${i}, ?)`).join(", ")}
  on conflict (namespace, key) do update set version = excluded.version, updated_at = excluded.updated_at,
    expires_at = excluded.expires_at, seq = excluded.seq, value = excluded.value`;

/** Inside a write transaction. Sets {@link valuesPerStatement} values unconditionally; of one key the last counts. */
export function putValues(connection: Connection, namespace: string, ops: readonly PutOp[], time: number): void {
  const shared = { namespace, time, seq: connection.nextSeq(ops.length) };
  const params: SqliteValue[] = [];
  for (const { key, version, expiresAt, value } of ops) params.push(key, version, expiresAt ?? null, value);
  connection.statement(upsertValues).run(shared, ...params);
}

const selectValue = "select value, expires_at as expiresAt from kv where namespace = ? and key = ?";

/** The value alone of the live row in `kv`. */
export function readValue(connection: Connection, namespace: string, key: string, now: number): string | undefined {
  const row = connection.statement(selectValue).get(namespace, key) as Pick<Row, "value" | "expiresAt"> | undefined;
  return row === undefined || isExpired(row, now) ? undefined : row.value;
}

/** The live row, or `undefined`. */
export function readRow(
  connection: Connection,
  namespace: string,
  space: Space,
  key: string,
  now: number,
): Row | undefined {
  if (space === "streams") return readStream(connection, namespace, key);
  const row = connection.statement(selects[space]).get(namespace, key) as Row | undefined;
  return row === undefined || isExpired(row, now) ? undefined : row;
}

/** The version of the live row, or `null`. */
export function readVersion(
  connection: Connection,
  namespace: string,
  space: Space,
  key: string,
  now: number,
): string | null {
  if (space === "streams") return readStream(connection, namespace, key)?.version ?? null;
  const row = connection.statement(versionSelects[space]).get(namespace, key, now) as Pick<Row, "version"> | undefined;
  return row?.version ?? null;
}

/** Of a row that was made elsewhere. */
export interface MadeElsewhere {
  readonly createdAt: number;
  /** There was no row of that key here. */
  readonly isNew: boolean;
}

/** Inside a write transaction. A row that has expired is no row: who writes over it makes a new one. */
export function putRow(
  connection: Connection,
  namespace: string,
  op: PutOp,
  time: number,
  elsewhere?: MadeElsewhere,
): Answer {
  const { space, key, version, value } = op;
  const expiresAt = op.expiresAt ?? null;
  const seq = connection.nextSeq();
  const statement = connection.statement((elsewhere === undefined ? upserts : mergedUpserts)[space]);
  const made = elsewhere?.createdAt ?? time;
  if (space === "records") {
    const row = statement.get(namespace, key, version, time, expiresAt, seq, value, made) as { created_at: number };
    const index = op.index ?? [];
    if (elsewhere?.isNew !== true || index.length > 0) replaceIndexEntries(connection, namespace, key, index);
    return { createdAt: row.created_at };
  }
  if (space === "blobs") {
    const before = connection.statement(factSelects.blobs).get(namespace, key) as Row | undefined;
    const content = op.content === undefined ? null : Number(op.content);
    statement.run(namespace, key, version, time, expiresAt, seq, value, made, content);
    if (content !== null) attachContent(connection, content);
    if (typeof before?.content === "string") releaseContent(connection, Number(before.content));
    return nothing;
  }
  statement.run(namespace, key, version, time, expiresAt, seq, value);
  return nothing;
}

/** Inside a write transaction. Whether there was a live row. A row that had expired goes too. */
export function deleteRow(
  connection: Connection,
  namespace: string,
  space: RowTable,
  key: string,
  version: string,
  time: number,
): boolean {
  const row = connection.statement(factSelects[space]).get(namespace, key) as Row | undefined;
  if (row === undefined) return false;
  const live = !isExpired(row, time);
  connection.statement(`delete from ${space} where namespace = ? and key = ?`).run(namespace, key);
  if (space === "records") replaceIndexEntries(connection, namespace, key, []);
  if (typeof row.content === "string") releaseContent(connection, Number(row.content));
  connection
    .statement(
      "insert into deletions (seq, namespace, space, key, version, deleted_at, reason) values (?, ?, ?, ?, ?, ?, ?)",
    )
    .run(connection.nextSeq(), namespace, space, key, version, time, live ? "deleted" : "expired");
  return live;
}

export const nothing: Answer = {};

export function isExpired({ expiresAt }: Pick<Row, "expiresAt">, now: number): boolean {
  return typeof expiresAt === "number" && expiresAt <= now;
}

function perTable(sql: (table: RowTable) => string): Readonly<Record<RowTable, string>> {
  return { records: sql("records"), kv: sql("kv"), blobs: sql("blobs"), system: sql("system") };
}
