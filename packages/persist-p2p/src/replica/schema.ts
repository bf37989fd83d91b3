/**
 * The replication log: tables beside those of the SQLite engine, in the same file. `seq` is the file's number of a commit: all rows and events of one commit share one, so that they can be sent, and stored
 * elsewhere, together.
 */

export const replicaSchema: string = `
  -- One line for each row that was ever written and is not forgotten. What it holds stands in the row itself.
  create table if not exists replica_rows (
    line integer primary key,
    id blob, -- of namespace, space and key; null: not calculated yet
    namespace text not null,
    space text not null, -- 'streams': what was erased of a stream
    key text not null,
    seq integer not null,
    stamp blob not null,
    mark blob, -- null: not calculated yet
    via integer, -- the peer it was read from; null: it was written here
    version text, -- where there is no row
    expires_at integer,
    forget_at integer, -- where it was removed, or will expire
    document blob,
    cells text,
    base text,
    expiry blob, -- the stamp of what was said of the expiry after the base was written
    proof blob -- who answers for it, where a member of a closed group has signed it
  ) strict;
  create unique index if not exists replica_rows_by_key on replica_rows (namespace, space, key);
  -- Ids are hashes, and an entry costs a page: they are calculated for many rows at once, when they are asked for.
  create unique index if not exists replica_rows_by_id on replica_rows (id) where id is not null;
  create index if not exists replica_rows_by_seq on replica_rows (seq);
  create index if not exists replica_rows_by_forget_at on replica_rows (forget_at) where forget_at is not null;

  -- Commits of puts, whose lines are still to be made: see pending.ts.
  create table if not exists replica_pending (
    seq integer primary key,
    first integer not null, -- the first number of its rows
    stamp blob not null
  ) strict;

  create table if not exists replica_authors (
    id integer primary key,
    author blob not null unique, -- 16 bytes
    count integer not null -- of the events that are here: the first so many
  ) strict;

  create table if not exists replica_events (
    author integer not null,
    number integer not null,
    namespace text not null,
    stream text not null,
    position integer, -- in this peer's log; null: an earlier event has its id
    id text, -- where it has no position
    stamp blob not null,
    seq integer not null,
    via integer,
    proof blob,
    primary key (author, number)
  ) strict, without rowid;
  create index if not exists replica_events_by_seq on replica_events (seq);
  create index if not exists replica_events_by_position on replica_events (namespace, position);

  create table if not exists replica_peers (
    id integer primary key,
    replica text not null unique,
    read_up_to integer, -- a place of the peer's; null: it is to be compared with as a whole
    confirmed integer not null, -- a place of ours
    seen_at integer not null
  ) strict;

  -- Contents of blobs by the SHA-256 of their bytes, in hex. Where received is less than size, they are on their way.
  create table if not exists replica_contents (
    digest text primary key,
    content integer not null,
    size integer not null,
    received integer not null
  ) strict, without rowid;
`;

export const sequencedReplicaTables: readonly string[] = ["replica_rows", "replica_events", "replica_pending"];

/** How long it is remembered that a row was removed, in milliseconds. */
export const removalsKeptFor: number = 30 * 24 * 60 * 60 * 1000;
