/** The feed of changes: every row at the number of its last write, merged with the deletions. */
import { type ChangedRow, type ChangePage, PersistError, type Row, type Space } from "@cuitty/persist-core";
import type { Connection } from "./connection.ts";
import { hasTimes } from "./rows.ts";
import { rowTables } from "./schema.ts";
import { toStreamRow } from "./streams.ts";
import { forgottenSeq } from "./sweep.ts";

interface StoredChange extends Row {
  readonly seq: number;
  readonly space: Space;
  readonly updatedAt: number;
  /** Of a stream's last event. */
  readonly position: number | null;
  /** Of a stream. */
  readonly first: number | null;
  readonly erased: 0 | 1 | null;
  /** Of a deletion. */
  readonly reason: "deleted" | "expired" | null;
}

// Each branch comes in the order of its index on seq, so that SQLite merges them and reads no more than the page. The plus keeps it from taking the index that leads by
// namespace, and sorting.
const changed = "seq > ? and seq <= ? and +namespace = ?";

const branches = [
  ...rowTables.map(
    (table) => `
      select seq, '${table}' as space, key, version, ${hasTimes(table) ? "created_at" : "null"} as createdAt, updated_at as updatedAt,
        expires_at as expiresAt, ${table === "blobs" ? "cast(content as text)" : "null"} as content, null as position,
        null as first, null as erased, null as reason, value
      from ${table} where ${changed} and (expires_at is null or expires_at > ?)`,
  ),
  `select seq, 'streams', stream, version, created_at, updated_at, null, null, position, first, erased, null, ''
   from streams where ${changed}`,
  `select seq, space, key, version, deleted_at, deleted_at, null, null, null, null, null, reason, ''
   from deletions where ${changed}`,
];

const select = `${branches.join(" union all ")} order by seq limit ?`;

/** One state of the file is to be read: within `snapshot`. */
export function readChanges(
  connection: Connection,
  namespace: string,
  since: string | undefined,
  limit: number,
  now: number,
): ChangePage {
  const after = since === undefined ? 0 : parseCursor(since);
  const last = connection.lastSeq();
  if (since !== undefined && (after < forgottenSeq(connection) || after > last)) {
    throw new PersistError(
      "CURSOR_EXPIRED",
      after > last
        ? "The cursor is of a later state than this file has: the file was restored from a backup, or is another one."
        : "The cursor is older than the deletions that are still known.",
      { adapter: "sqlite" },
    );
  }
  const range = [after, last, namespace];
  const bounds = [...rowTables.flatMap(() => [...range, now]), ...range, ...range];
  const stored = connection.statement(select).all(...bounds, limit + 1) as StoredChange[];
  const more = stored.length > limit;
  if (more) stored.pop();
  // The last page has seen everything, also what other namespaces wrote.
  const end = more ? (stored.at(-1) as StoredChange).seq : last;
  return { changes: stored.map(toChange), cursor: toCursor(end), more };
}

/** Where the next change will be. */
export function latestCursor(connection: Connection): string {
  return toCursor(connection.lastSeq());
}

function toChange(stored: StoredChange): ChangedRow {
  const row = stored.reason === null ? presentRow(stored) : undefined;
  return {
    space: stored.space,
    key: stored.key,
    row,
    reason: stored.reason ?? undefined,
    version: row?.version ?? stored.version,
    time: stored.updatedAt,
    cursor: toCursor(stored.seq),
  };
}

function presentRow(stored: StoredChange): Row {
  if (stored.space !== "streams") {
    const { key, value, version, createdAt, updatedAt, expiresAt, content } = stored;
    return { key, value, version, createdAt, updatedAt, expiresAt, content };
  }
  return toStreamRow({
    stream: stored.key,
    version: Number(stored.version),
    position: Number(stored.position),
    first: Number(stored.first),
    erased: stored.erased ?? 0,
    created_at: stored.createdAt ?? stored.updatedAt,
    updated_at: stored.updatedAt,
  });
}

// The leading number is the version of the format.
function toCursor(seq: number): string {
  return `1.${seq}`;
}

function parseCursor(cursor: string): number {
  const digits = /^1\.(0|[1-9]\d{0,15})$/.exec(cursor)?.[1];
  if (digits !== undefined && Number.isSafeInteger(Number(digits))) return Number(digits);
  throw new PersistError("INVALID_ARGUMENT", "This is not a cursor of this store's changes.", { adapter: "sqlite" });
}
