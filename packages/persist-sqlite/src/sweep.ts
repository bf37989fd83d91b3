/**
 * Taking away what nobody can see any more: expired rows, contents of blobs that nothing names, and deletions older than their retention. In small steps, each a
 * transaction of its own, begun by other activity and never by the clock alone, so that an idle store does nothing.
 */
import type { Connection } from "./connection.ts";
import { freeContents } from "./contents.ts";
import { deleteRow } from "./rows.ts";
import { type RowTable, rowTables } from "./schema.ts";

/** How long the feed of changes reports a deletion, in milliseconds. */
export const deletionsKeptFor: number = 7 * 24 * 60 * 60 * 1000;

/** Between two sweeps, and between the steps of one, in milliseconds. */
const interval = 60_000;
const breather = 20;

/** The most that one step takes. Chunks are 256 KiB each. */
const step = { rows: 200, chunks: 16, deletions: 1000 };

export interface Sweeper {
  /** Starts a sweep soon, unless there was one within the last minute. `now` is the time by which rows are expired. */
  nudge(now: number): void;
  /** Starts a sweep soon: there is something to take away. */
  hurry(): void;
  close(): void;
}

/** Sweeps what belongs to one namespace, whose store may have a clock of its own, and what belongs to none. */
export function createSweeper(connection: Connection, namespace: string): Sweeper {
  let timer: NodeJS.Timeout | undefined;
  let last = Number.NEGATIVE_INFINITY;
  let now = 0;

  function schedule(delay: number): void {
    timer = setTimeout(() => void run(), delay).unref();
  }

  async function run(): Promise<void> {
    let more = false;
    try {
      more = await connection.write({ deadline: 0 }, () => sweep(connection, namespace, now));
    } catch {
      // Busy, closed, or a full disk: nothing depends on this sweep, and the next one comes.
    }
    timer = undefined;
    if (more) schedule(breather);
  }

  function hurry(): void {
    last = performance.now();
    if (timer === undefined) schedule(0);
  }

  return {
    hurry,

    nudge(at) {
      now = at;
      if (performance.now() - last >= interval) hurry();
    },

    close() {
      clearTimeout(timer);
    },
  };
}

/** One step. Inside a write transaction. Returns whether there may be more to do. */
function sweep(connection: Connection, namespace: string, now: number): boolean {
  const expired = rowTables.map((table) => removeExpired(connection, namespace, table, now));
  const contents = freeContents(connection, step.chunks);
  const deletions = forgetDeletions(connection, now - deletionsKeptFor);
  return expired.includes(true) || contents || deletions;
}

function removeExpired(connection: Connection, namespace: string, table: RowTable, now: number): boolean {
  const rows = connection
    .statement(`select key, version from ${table} where namespace = ? and expires_at <= ? order by expires_at limit ?`)
    .all(namespace, now, step.rows) as { key: string; version: string }[];
  for (const { key, version } of rows) deleteRow(connection, namespace, table, key, version, now);
  return rows.length === step.rows;
}

/** Forgets the oldest deletions, and remembers how far: a cursor from before can no longer be served. The last deletion stays, as it may hold the greatest `seq`. */
function forgetDeletions(connection: Connection, before: number): boolean {
  const oldest = connection
    .statement(
      "select seq, deleted_at from deletions where seq < (select max(seq) from deletions) order by seq limit ?",
    )
    .all(step.deletions) as { seq: number; deleted_at: number }[];
  const firstKept = oldest.findIndex((deletion) => deletion.deleted_at >= before);
  const count = firstKept === -1 ? oldest.length : firstKept;
  const last = oldest[count - 1];
  if (last === undefined) return false;
  connection.statement("delete from deletions where seq <= ?").run(last.seq);
  connection
    .statement(
      "insert into persist (key, value) values ('forgotten_seq', ?) on conflict do update set value = excluded.value",
    )
    .run(String(last.seq));
  return count === step.deletions;
}

/** Deletions up to this number may have been forgotten. */
export function forgottenSeq(connection: Connection): number {
  const row = connection.statement("select value from persist where key = 'forgotten_seq'").get() as
    | { value: string }
    | undefined;
  return row === undefined ? 0 : Number(row.value);
}
