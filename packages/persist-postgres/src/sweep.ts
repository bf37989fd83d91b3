/**
 * Taking away what nobody can see any more: expired rows, contents of blobs that nothing names, deletions older than their retention, and ghosts. In small steps: of what belongs to
 * one scope, whose store may have a clock of its own, and of what belongs to none. What somebody else has locked is passed over: it is being written, or swept.
 *
 * Each statement walks an index from its beginning, and says so by an order or a minimum: else it would be planned as a scan of the table as soon as statistics promise that
 * this would soon meet something.
 */
import { deletionsKeptFor, type EngineOptions } from "@cuitty/persist-core";
import { type Connection, perSchema } from "./connection.ts";
import { contentsPerStep, freeContents } from "./freeing.ts";
import { type RowTable, rowTables } from "./schema.ts";

/** The most that one step takes of each kind. */
const step = { rows: 200, deletions: 1000, ghosts: 1000 };

/** In milliseconds. A ghost is locked while it is needed; afterwards it is kept for a while, since what was looked for once often is again. */
const ghostsKeptFor = 10 * 60 * 1000;

/** One kind of work: whether there is any, and taking a step of it, which answers how much was done. */
interface Chore {
  /** An expression. */
  readonly isDue: string;
  readonly most: number;
  run(connection: Connection, scope: number, o: EngineOptions): Promise<number>;
}

const statement =
  (text: string, params: (scope: number, now: number) => number[]): Chore["run"] =>
  async (connection, scope, o) => {
    const [row] = await connection.write<{ n: number }>(o, text, params(scope, o.now));
    return row?.n ?? 0;
  };

/** Expired rows become tombstones. */
const expiry = (s: string, table: RowTable): Chore => ({
  isDue: `(select min(expires_at) from ${s}.${table} where scope = $1 and expires_at is not null) <= $2::bigint`,
  most: step.rows,
  run: statement(
    `with expired as materialized (
      select key, version from ${s}.${table} where scope = $1 and expires_at <= $2
      order by expires_at limit ${step.rows} for update skip locked
    )
    select count(${s}.delete_row($1, '${table}', key, version, $2, (select ${s}.xact())))::integer as n from expired`,
    (scope, now) => [scope, now],
  ),
});

const ghosts = (s: string, table: RowTable): Chore => {
  const since = `(select ${s}.server_time() - ${ghostsKeptFor})`;
  return {
    isDue: `(select min(updated_at) from ${s}.${table} where version = '') < ${since}`,
    most: step.ghosts,
    run: statement(
      `with gone as (
        delete from ${s}.${table} where ctid = any (array(
          select ctid from ${s}.${table} where version = '' and updated_at < ${since}
          order by updated_at limit ${step.ghosts} for update skip locked
        )) returning 1
      )
      select count(*)::integer as n from gone`,
      () => [],
    ),
  };
};

const contents = (s: string): Chore => ({
  isDue: `(select min(free_at) from ${s}.blob_contents where free_at is not null) <= (select ${s}.server_time())`,
  most: contentsPerStep,
  run: freeContents,
});

/** Forgets the oldest deletions, and remembers how far: a cursor from before can no longer be served. */
const deletions = (s: string): Chore => ({
  isDue: `(select min(deleted_at) from ${s}.deletions where scope = $1) < $3::bigint`,
  most: step.deletions,
  run: statement(
    `with gone as (
      delete from ${s}.deletions where ctid = any (array(
        select ctid from ${s}.deletions where scope = $1 and deleted_at < $2
        order by deleted_at limit ${step.deletions} for update skip locked
      )) returning xact
    ),
    remembered as (
      update ${s}.scopes set forgotten = greatest(forgotten, (select max(xact) from gone)) where id = $1 and exists (select from gone)
    )
    select count(*)::integer as n from gone`,
    (scope, now) => [scope, now - deletionsKeptFor],
  ),
});

const work = perSchema((s) => {
  const chores = [
    ...rowTables.map((table) => expiry(s, table)),
    contents(s),
    deletions(s),
    ...rowTables.map((table) => ghosts(s, table)),
  ];
  return { chores, look: `select array[${chores.map(({ isDue }) => isDue).join(", ")}]::text as due` };
});

export interface Swept {
  readonly more: boolean;
  /** Whether anything went, which those who watch are told. */
  readonly took: boolean;
}

/** One step. Looks first: who watches does so every second, and mostly there is nothing to do. */
export async function sweep(connection: Connection, scope: number, o: EngineOptions): Promise<Swept> {
  const { chores, look } = work(connection);
  const [row] = await connection.read<{ due: string }>(o, look, [scope, o.now, o.now - deletionsKeptFor]);
  const isDue = row?.due.slice(1, -1).split(",") ?? [];
  let more = false;
  let took = false;
  for (const [i, chore] of chores.entries()) {
    if (isDue[i] !== "t") continue;
    const done = await chore.run(connection, scope, o);
    if (done > 0) took = true;
    if (done >= chore.most) more = true;
  }
  return { more, took };
}
