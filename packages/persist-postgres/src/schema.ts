/**
 * The tables, which are meant to be read by people too, best through the views at the end:
 *
 * ```sql
 * select key, value ->> 'name' from persist.live_records where store = 'app'
 * ```
 *
 * `scope` stands for a store's name and namespace. Times are milliseconds since the epoch. `collate "C"` orders by bytes.
 *
 * `xact` and `n` are the place of a row's last write in the feed of changes: the transaction, by a number that goes on when a dump is restored (see `lineage`), and a
 * place within it, from 1: of the sequence, or counted by a statement that is all of its transaction. A row with the version `''` is a ghost: it holds the place of a key that somebody needs to be absent, so that it can be locked. Nobody sees it.
 */

/** The tables that hold rows by key. */
export const rowTables = ["records", "kv", "blobs", "system"] as const;
export type RowTable = (typeof rowTables)[number];

/** Of these tables the times of a row are of interest, and not only its value. */
export const hasTimes = (table: RowTable): boolean => table === "records" || table === "blobs";

/**
 * The stream of an event that is looked for by its id: under another collation, which is by bytes as well, so that the index over ids serves it and no other one. Without statistics the one over
 * versions looks as good, and goes through the whole stream.
 */
export const streamById = (stream: string): string => `${stream} collate "ucs_basic"`;

const place = (s: string) => `
    xact bigint not null,
    n bigint not null default nextval('${s}.change_number')`;

const rowTable = (s: string, name: RowTable, columns = "") => `
  create table ${s}.${name} (
    scope integer not null,
    key text collate "C" not null,
    version text collate "C" not null,${columns}
    updated_at bigint not null,
    expires_at bigint,${place(s)},
    value text not null,
    primary key (scope, key)
  );
  create index ${name}_by_place on ${s}.${name} (scope, xact, n);
  create index ${name}_by_expiry on ${s}.${name} (scope, expires_at) where expires_at is not null;
  create index ${name}_ghosts on ${s}.${name} (updated_at) where version = '';
`;

const createdAt = `
    created_at bigint not null,`;

/** The tables of the first layout, in the schema `s`, an identifier as it stands in SQL. */
export const tables = (s: string): string => `
  create sequence ${s}.change_number;

  create table ${s}.scopes (
    id integer generated always as identity primary key,
    name text collate "C" not null,
    namespace text collate "C" not null,
    forgotten bigint not null default 0, -- deletions of transactions up to this one may have been forgotten
    unique (name, namespace)
  );

  -- One row. Restored into another cluster, whose transactions count from elsewhere, numbers go on above those that are stored.
  create table ${s}.lineage (
    one boolean primary key check (one),
    number integer not null, -- 0, 1, 2 …: grows with each move to another cluster
    cluster text not null, -- its identity
    since bigint not null, -- the greatest xact when it began
    shift bigint not null -- xact is the transaction's own number and this
  );

  ${rowTable(s, "records", createdAt)}
  ${rowTable(s, "kv")}
  ${rowTable(
    s,
    "blobs",
    `${createdAt}
    content bigint, -- in blob_contents`,
  )}
  create index blobs_by_content on ${s}.blobs (content);
  ${rowTable(s, "system")}

  create table ${s}.deletions (
    scope integer not null,
    space text not null,
    key text collate "C" not null,
    version text collate "C" not null,
    deleted_at bigint not null,
    reason text not null, -- 'deleted' or 'expired'${place(s)}
  );
  create index deletions_by_place on ${s}.deletions (scope, xact, n);
  create index deletions_by_time on ${s}.deletions (scope, deleted_at);

  create table ${s}.record_index (
    scope integer not null,
    name text collate "C" not null,
    tuple bytea not null,
    key text collate "C" not null,
    is_unique boolean not null,
    primary key (scope, name, tuple, key)
  );
  create index record_index_by_key on ${s}.record_index (scope, key);
  create unique index record_index_unique on ${s}.record_index (scope, name, tuple) where is_unique;

  create table ${s}.streams (
    scope integer not null,
    stream text collate "C" not null,
    version bigint not null, -- of the last event
    position bigint not null,
    first bigint not null, -- the version of the first event that was not erased, or the next where all were
    erased boolean not null, -- whether that was the last write
    created_at bigint not null,
    updated_at bigint not null,${place(s)},
    primary key (scope, stream)
  );
  create index streams_by_place on ${s}.streams (scope, xact, n);

  create table ${s}.events (
    scope integer not null,
    position bigint not null,
    stream text collate "C" not null,
    version bigint not null,
    id text collate "C" not null,
    time bigint not null,
    type text, -- null where the event was erased
    tags text, -- a JSON array; null where there are none
    metadata text,
    data text,
    primary key (scope, position)
  );
  create unique index events_by_version on ${s}.events (scope, stream, version);
  create unique index events_by_id on ${s}.events (scope, ${streamById("stream")}, id);

  -- An id never comes again, because a reader may still hold it.
  create table ${s}.blob_contents (
    id bigint generated always as identity primary key,
    size bigint not null,
    free_at bigint -- when its space may be reused, by the server's clock; null while a blob has it
  );
  create index blob_contents_by_free_at on ${s}.blob_contents (free_at) where free_at is not null;

  create table ${s}.blob_chunks (
    content bigint not null,
    n integer not null,
    bytes bytea not null,
    primary key (content, n)
  );
  alter table ${s}.blob_chunks alter column bytes set storage external; -- most files are compressed already
`;

/**
 * Values as Postgres can read them: of the characters that no text of it can hold, NUL and lone surrogates, each is U+FFFD. Else one document with such a character would fail every query
 * that comes by it. What stands behind an escaped backslash is text and stays. Ghosts have no value.
 */
const readable = (s: string): string => `
  create function ${s}.readable(value text) returns json language sql immutable parallel safe as $$
    select case when value ~ '\\\\u(0000|d[89a-f])'
      then regexp_replace(value, '(?<!\\\\)((?:\\\\\\\\)*)\\\\u(?:0000|d[89a-f][0-9a-f]{2})', '\\1' || chr(65533), 'g')
      else nullif(value, '') end::json
  $$;
`;

const time = (column: string) => `to_timestamp(${column} / 1000.0)`;

const liveRows = (s: string, name: RowTable, columns: string) => `
  create view ${s}.live_${name} as
  select s.name as store, s.namespace, r.key, ${columns}, r.version, ${hasTimes(name) ? `${time("r.created_at")} as created_at, ` : ""}
    ${time("r.updated_at")} as updated_at, ${time("r.expires_at")} as expires_at
  from ${s}.${name} r join ${s}.scopes s on s.id = r.scope
  where r.version <> '' and (r.expires_at is null or r.expires_at > extract(epoch from now()) * 1000); -- as a number: a Date may be of before all that timestamptz holds
`;

/** A view for each facade, for people: the names of a store instead of its number, times as such, and nothing that has expired or was erased. */
export const views = (s: string): string => `
  ${readable(s)}
  ${liveRows(s, "records", `${s}.readable(r.value) as value`)}
  ${liveRows(s, "kv", `${s}.readable(r.value) as value`)}
  ${liveRows(s, "blobs", `${s}.readable(r.value) as facts, r.content`)}
  create view ${s}.live_events as
  select s.name as store, s.namespace, e.position, e.stream, e.version, e.id, e.type, ${s}.readable(e.data) as data, ${s}.readable(e.metadata) as metadata,
    ${s}.readable(coalesce(e.tags, '[]')) as tags, ${time("e.time")} as time
  from ${s}.events e join ${s}.scopes s on s.id = e.scope
  where e.type is not null;
`;
