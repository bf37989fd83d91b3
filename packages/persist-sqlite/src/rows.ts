/** Rows by key: reading one, writing one, removing one. */
import type { Answer, PutOp, Row, Space } from "@cuitty/persist-core";
import type { Connection } from "./connection.ts";
import { attachContent, releaseContent } from "./contents.ts";
import { replaceIndexEntries } from "./index-entries.ts";
import type { RowTable } from "./schema.ts";
import { readStream } from "./streams.ts";

/** A row as its table has it, without its key. */
export interface StoredRow {
  readonly value: string;
  readonly version: string;
  readonly created_at: number;
  readonly updated_at: number;
  readonly expires_at: number | null;
  readonly content?: number | null;
}

/** The columns of {@link StoredRow} in the table, which the query calls `r`. A value that is not wanted is not read: it may be long. */
export function columnsOf(table: RowTable, { value }: { value: boolean }): string {
  const content = table === "blobs" ? "r.content, " : "";
  return `r.version, r.created_at, r.updated_at, r.expires_at, ${content}${value ? "r.value" : "'' as value"}`;
}

export function toRow(key: string, stored: StoredRow): Row {
  return {
    key,
    value: stored.value,
    version: stored.version,
    createdAt: stored.created_at,
    updatedAt: stored.updated_at,
    expiresAt: stored.expires_at ?? undefined,
    content: typeof stored.content === "number" ? String(stored.content) : undefined,
  };
}

const selects: Readonly<Record<RowTable, string>> = perTable(
  (table) => `select ${columnsOf(table, { value: true })} from ${table} r where r.namespace = ? and r.key = ?`,
);

const factSelects: Readonly<Record<RowTable, string>> = perTable(
  (table) => `select ${columnsOf(table, { value: false })} from ${table} r where r.namespace = ? and r.key = ?`,
);

const upserts: Readonly<Record<RowTable, string>> = perTable((table) => {
  const content = table === "blobs" ? ", content" : "";
  return `insert into ${table} as old (namespace, key, version, created_at, updated_at, expires_at, seq, value${content})
    values (?, ?, ?, ?, ?, ?, ?, ?${content && ", ?"})
    on conflict (namespace, key) do update set version = excluded.version,
      created_at = iif(old.expires_at <= excluded.updated_at, excluded.created_at, old.created_at),
      updated_at = excluded.updated_at, expires_at = excluded.expires_at, seq = excluded.seq,
      value = excluded.value${content && ", content = excluded.content"}
    ${table === "records" ? "returning created_at" : ""}`;
});

/** The live row, or `undefined`. */
export function readRow(
  connection: Connection,
  namespace: string,
  space: Space,
  key: string,
  now: number,
): Row | undefined {
  if (space === "streams") return readStream(connection, namespace, key);
  const stored = connection.statement(selects[space]).get(namespace, key) as StoredRow | undefined;
  return stored === undefined || isExpired(stored, now) ? undefined : toRow(key, stored);
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
  const stored = connection.statement(factSelects[space]).get(namespace, key) as StoredRow | undefined;
  return stored === undefined || isExpired(stored, now) ? null : stored.version;
}

/** Inside a write transaction. A row that has expired is no row: who writes over it makes a new one. */
export function putRow(connection: Connection, namespace: string, op: PutOp, time: number): Answer {
  const { space, key, version, value } = op;
  const expiresAt = op.expiresAt ?? null;
  const seq = connection.nextSeq();
  const statement = connection.statement(upserts[space]);
  if (space === "records") {
    const row = statement.get(namespace, key, version, time, time, expiresAt, seq, value) as { created_at: number };
    replaceIndexEntries(connection, namespace, key, op.index ?? []);
    return { createdAt: row.created_at };
  }
  if (space === "blobs") {
    const before = connection.statement(factSelects.blobs).get(namespace, key) as StoredRow | undefined;
    const content = op.content === undefined ? null : Number(op.content);
    statement.run(namespace, key, version, time, time, expiresAt, seq, value, content);
    if (content !== null) attachContent(connection, content);
    if (typeof before?.content === "number") releaseContent(connection, before.content);
    return nothing;
  }
  statement.run(namespace, key, version, time, time, expiresAt, seq, value);
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
  const stored = connection.statement(factSelects[space]).get(namespace, key) as StoredRow | undefined;
  if (stored === undefined) return false;
  const live = !isExpired(stored, time);
  connection.statement(`delete from ${space} where namespace = ? and key = ?`).run(namespace, key);
  if (space === "records") replaceIndexEntries(connection, namespace, key, []);
  if (typeof stored.content === "number") releaseContent(connection, stored.content);
  connection
    .statement(
      "insert into deletions (seq, namespace, space, key, version, deleted_at, reason) values (?, ?, ?, ?, ?, ?, ?)",
    )
    .run(connection.nextSeq(), namespace, space, key, version, time, live ? "deleted" : "expired");
  return live;
}

const nothing: Answer = {};

export function isExpired(row: { readonly expires_at: number | null }, now: number): boolean {
  return row.expires_at !== null && row.expires_at <= now;
}

function perTable(sql: (table: RowTable) => string): Readonly<Record<RowTable, string>> {
  return { records: sql("records"), kv: sql("kv"), blobs: sql("blobs"), system: sql("system") };
}
