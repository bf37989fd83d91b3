/**
 * The tables, which are meant to be read by people too:
 *
 * ```sh
 * sqlite3 .persist/app.db "select key, json_extract(value, '$.name') from records"
 * ```
 *
 * `namespace` is `''` for the store itself. Times are milliseconds since the epoch.
 *
 * `seq` numbers all changes of the file in commit order: each row carries the number of its last write, each deletion leaves its own in `deletions`. There is no
 * counter: the greatest `seq` of all tables is the last number given out. So whoever purges `deletions` must leave the greatest `seq` there, or a number would be given
 * out twice and the feed of changes would skip one.
 */
import { PersistError } from "@cuitty/persist-core";
import type { SqliteDatabase } from "./driver.ts";

/** "Prst": marks the file as ours, for `file` and for us. */
export const applicationId = 0x50727374;

/** The tables that hold rows by key. */
export const rowTables = ["records", "kv", "blobs", "system"] as const;
export type RowTable = (typeof rowTables)[number];

/** Everything that carries a `seq`. */
export const sequencedTables: readonly string[] = [...rowTables, "streams", "deletions"];

// `value` comes last, because SQLite walks through a long value to reach the columns behind it. An id with a unique index beside it takes grouped writes several times
// as fast as WITHOUT ROWID, whose pages hold whole values and split often.
const rowTable = (name: RowTable, columns = "") => `
  create table ${name} (
    id integer primary key,
    namespace text not null,
    key text not null,
    version text not null,
    updated_at integer not null,
    expires_at integer,
    seq integer not null,${columns}
    value text not null
  ) strict;
  create unique index ${name}_by_key on ${name} (namespace, key);
  create index ${name}_by_seq on ${name} (seq);
  create index ${name}_by_expiry on ${name} (namespace, expires_at) where expires_at is not null;
`;

const createdAt = `
    created_at integer not null,`;

/** Each brings the layout from its index to the next number. What was released once never changes. */
export const migrations: readonly string[] = [
  `
  create table persist (
    key text primary key,
    value text not null
  ) strict, without rowid;

  ${rowTable("records", createdAt)}
  ${rowTable("kv")}
  ${rowTable(
    "blobs",
    `${createdAt}
    content integer, -- in blob_contents`,
  )}
  create index blobs_by_content on blobs (content);
  ${rowTable("system")}

  create table deletions (
    seq integer primary key,
    namespace text not null,
    space text not null,
    key text not null,
    version text not null,
    deleted_at integer not null,
    reason text not null -- 'deleted' or 'expired'
  ) strict;

  create table record_index (
    namespace text not null,
    name text not null,
    tuple blob not null,
    key text not null,
    record integer not null, -- its id in records, which spares a search by key
    primary key (namespace, name, tuple, key)
  ) strict, without rowid;
  create index record_index_by_key on record_index (namespace, key);

  create table streams (
    id integer primary key,
    namespace text not null,
    stream text not null,
    version integer not null, -- of the last event
    position integer not null,
    first integer not null, -- the version of the first event that was not erased, or the next where all were
    erased integer not null, -- 1 where that was the last write
    created_at integer not null,
    updated_at integer not null,
    seq integer not null
  ) strict;
  create unique index streams_by_stream on streams (namespace, stream);
  create index streams_by_seq on streams (seq);

  create table events (
    row_id integer primary key,
    namespace text not null,
    position integer not null,
    stream text not null,
    version integer not null,
    id text not null,
    time integer not null,
    type text, -- null where the event was erased
    tags text, -- a JSON array; null where there are none
    metadata text,
    data text
  ) strict;
  create unique index events_by_position on events (namespace, position);
  create unique index events_by_version on events (namespace, stream, version);
  create unique index events_by_id on events (namespace, stream, id);

  -- Autoincrement: the id of a content must never come again, because a reader may still hold it.
  create table blob_contents (
    id integer primary key autoincrement,
    size integer not null,
    free_at integer -- when its space may be reused; null while a blob has it
  ) strict;
  create index blob_contents_by_free_at on blob_contents (free_at) where free_at is not null;

  create table blob_chunks (
    id integer primary key,
    content integer not null,
    n integer not null,
    bytes blob not null
  ) strict;
  create unique index blob_chunks_by_content on blob_chunks (content, n);
  `,
];

/** Brings the file to the present layout. Safe when many processes do so at once: whoever comes second finds it done. */
export function migrate(db: SqliteDatabase, path: string): void {
  if (checkLayout(db, path) === migrations.length) return;
  db.exec("begin immediate");
  try {
    for (const migration of migrations.slice(checkLayout(db, path))) db.exec(migration);
    db.exec(`pragma application_id = ${applicationId}; pragma user_version = ${migrations.length}; commit`);
  } catch (error) {
    rollBack(db);
    throw error;
  }
}

function rollBack(db: SqliteDatabase): void {
  try {
    db.exec("rollback");
  } catch {
    // SQLite has rolled back by itself, as it does after the graver errors.
  }
}

/** The number of the file's layout, 0 for an empty file. Throws where the file is not ours, or newer than this code. */
export function checkLayout(db: SqliteDatabase, path: string): number {
  const facts = db
    .prepare(
      `select application_id, user_version, (select count(*) from sqlite_schema) as things
       from pragma_application_id, pragma_user_version`,
    )
    .get() as { application_id: number; user_version: number; things: number };
  if (facts.application_id !== applicationId && (facts.application_id !== 0 || facts.things > 0)) {
    throw new PersistError(
      "INVALID_ARGUMENT",
      `"${path}" is an SQLite database, but not a Persist file: it belongs to another application. Choose another path.`,
      { adapter: "sqlite" },
    );
  }
  if (facts.user_version > migrations.length) {
    throw new PersistError(
      "MIGRATION",
      `"${path}" was written by a newer version of @cuitty/persist-sqlite (layout ${facts.user_version}; this version knows up to ${migrations.length}). Upgrade the package.`,
      { adapter: "sqlite" },
    );
  }
  return facts.user_version;
}
