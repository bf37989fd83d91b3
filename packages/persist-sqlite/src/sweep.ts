/**
 * Taking away what nobody can see any more: expired rows, contents of blobs that nothing names, and deletions older than their retention. In small steps, each a
 * transaction of its own: of what belongs to one namespace, whose store may have a clock of its own, and of what belongs to none.
 */
import { deletionsKeptFor, type EngineOptions } from "@cuitty/persist-core";
import type { Connection } from "./connection.ts";
import { freeContents, hasContentsToFree } from "./contents.ts";
import { deleteRow } from "./rows.ts";
import { type RowTable, rowTables } from "./schema.ts";

/** The most that one step takes. Chunks are 256 KiB each. */
const step = { rows: 200, chunks: 16, deletions: 1000 };

/** One step. Looks first, without the lock: who watches does so every second, and mostly there is nothing to do. */
export async function sweep(
  connection: Connection,
  namespace: string,
  o: EngineOptions,
): Promise<{ readonly more: boolean }> {
  const isDue = await connection.read(o, () => hasWork(connection, namespace, o.now));
  if (!isDue) return { more: false };
  return { more: await connection.write(o, () => takeStep(connection, namespace, o.now)) };
}

function hasWork(connection: Connection, namespace: string, now: number): boolean {
  return (
    rowTables.some((table) => findExpired(connection, namespace, table, now, 1).length > 0) ||
    hasContentsToFree(connection) ||
    findOldDeletions(connection, now - deletionsKeptFor, 1).length > 0
  );
}

/** Inside a write transaction. Returns whether there may be more to do. */
function takeStep(connection: Connection, namespace: string, now: number): boolean {
  const expired = rowTables.map((table) => removeExpired(connection, namespace, table, now));
  const contents = freeContents(connection, step.chunks);
  const deletions = forgetDeletions(connection, now - deletionsKeptFor);
  return expired.includes(true) || contents || deletions;
}

function removeExpired(connection: Connection, namespace: string, table: RowTable, now: number): boolean {
  const rows = findExpired(connection, namespace, table, now, step.rows);
  for (const { key, version } of rows) deleteRow(connection, namespace, table, key, version, now);
  return rows.length === step.rows;
}

function findExpired(
  connection: Connection,
  namespace: string,
  table: RowTable,
  now: number,
  limit: number,
): { key: string; version: string }[] {
  return connection
    .statement(`select key, version from ${table} where namespace = ? and expires_at <= ? order by expires_at limit ?`)
    .all(namespace, now, limit) as { key: string; version: string }[];
}

/** Forgets the oldest deletions, and remembers how far: a cursor from before can no longer be served. */
function forgetDeletions(connection: Connection, before: number): boolean {
  const old = findOldDeletions(connection, before, step.deletions);
  const last = old.at(-1);
  if (last === undefined) return false;
  connection.statement("delete from deletions where seq <= ?").run(last);
  connection
    .statement(
      "insert into persist (key, value) values ('forgotten_seq', ?) on conflict do update set value = excluded.value",
    )
    .run(String(last));
  return old.length === step.deletions;
}

/** The numbers of the oldest deletions. The last one stays, as it may hold the greatest `seq`. */
function findOldDeletions(connection: Connection, before: number, limit: number): number[] {
  const oldest = connection
    .statement(
      "select seq, deleted_at from deletions where seq < (select max(seq) from deletions) order by seq limit ?",
    )
    .all(limit) as { seq: number; deleted_at: number }[];
  const firstKept = oldest.findIndex((deletion) => deletion.deleted_at >= before);
  return oldest.slice(0, firstKept === -1 ? oldest.length : firstKept).map(({ seq }) => seq);
}

/** Deletions up to this number may have been forgotten. */
export function forgottenSeq(connection: Connection): number {
  const row = connection.statement("select value from persist where key = 'forgotten_seq'").get() as
    | { value: string }
    | undefined;
  return row === undefined ? 0 : Number(row.value);
}
