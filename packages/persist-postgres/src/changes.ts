/**
 * The feed of changes: every row at the place of its last write, merged with the deletions. See docs/design/0003-postgres.md.
 *
 * A page reads what a snapshot has not seen: ranges of transactions, each a range of the index (scope, xact, n) of each table. The first page of a batch takes what is there; it sees what its own
 * snapshot sees, which becomes the target of the batch. Further pages go on from the place to the same target, so that what is committed in between, with a number that was passed already, is left
 * for the batch after.
 */
import { type ChangedRow, type ChangePage, PersistError, type Row, type Space } from "@cuitty/persist-core";
import { type Connection, type Patience, perSchema } from "./connection.ts";
import { type Cursor, cursorsWithin, decodeCursor, encodeCursor, type Place } from "./cursors.ts";
import { hasTimes, rowTables } from "./schema.ts";
import { isSame, nothingSeen, type Snapshot, simplify, toSnapshot } from "./snapshots.ts";
import { toStreamRow } from "./streams.ts";
import { includes, lastXact, type Ranges, subtract, union, upTo } from "./xact-ranges.ts";

/** What each row of a page begins with: the state of the database that the page is of. Numbers of 64 bits come as text. */
interface Head {
  readonly snapshot: string;
  readonly shift: string;
  readonly lineage: number;
  readonly since: string;
  readonly forgotten: string;
}

interface StoredChange {
  readonly xact: string;
  readonly n: string;
  readonly space: Space;
  readonly key: string;
  readonly version: string;
  readonly createdAt: number | null;
  readonly updatedAt: number;
  readonly expiresAt: number | null;
  readonly content: string | null;
  /** Of a stream's last event. */
  readonly position: number | null;
  /** Of a stream. */
  readonly first: number | null;
  readonly erased: boolean | null;
  /** Of a deletion. */
  readonly reason: "deleted" | "expired" | null;
  readonly value: string;
}

const head = (s: string): string => `
  select pg_current_snapshot()::text as snapshot, ${s}.shift()::text as shift, l.number as lineage, l.since::text as since, s.forgotten::text as forgotten
  from ${s}.lineage l, ${s}.scopes s where s.id = $1`;

/** Of the table `t`, in the range `r`. */
const inRange = "t.scope = $1 and (t.xact, t.n) > (r.xact, r.n) and t.xact <= r.last";

/**
 * A transaction with a lower number may have waited for the one that deleted the key, and have made it anew. In the order of the numbers the deletion would come last, and it is not the truth any more.
 */
const isSuperseded = (s: string): string =>
  `case t.space ${rowTables
    .map(
      (table) => `when '${table}' then exists (
        select 1 from ${s}.${table} a where a.scope = $1 and a.key = t.key and a.version <> '' and a.xact < t.xact)`,
    )
    .join(" ")} end`;

// Each branch is a page by itself: only then is it read in the order of its index, whatever is known of the table, and no further than the page.
const branches = (s: string): string[] => [
  ...rowTables.map(
    (table) => `
    select t.xact, t.n, '${table}' as space, t.key, t.version, ${hasTimes(table) ? "t.created_at" : "null::bigint"} as created_at, t.updated_at, t.expires_at,
      ${table === "blobs" ? "t.content" : "null::bigint"} as content, null::bigint as position, null::bigint as first, null::boolean as erased, null::text as reason, t.value
    from ${s}.${table} t where ${inRange} and t.version <> '' and (t.expires_at is null or t.expires_at > $5)`,
  ),
  `
    select t.xact, t.n, 'streams', t.stream, t.version::text, t.created_at, t.updated_at, null, null, t.position, t.first, t.erased, null, ''
    from ${s}.streams t where ${inRange}`,
  `
    select t.xact, t.n, t.space, t.key, t.version, t.deleted_at, t.deleted_at, null, null, null, null, null, t.reason, ''
    from ${s}.deletions t where ${inRange} and not ${isSuperseded(s)}`,
];

/** The limit stands in the text: a plan for any number of rows may be one that sorts a table. */
const page = (s: string, limit: number): string => `
  select h.*, c.xact::text as xact, c.n::text as n, c.space, c.key, c.version, c.created_at::float8 as "createdAt", c.updated_at::float8 as "updatedAt",
    c.expires_at::float8 as "expiresAt", c.content::text as content, c.position::float8 as position, c.first::float8 as first, c.erased, c.reason, c.value
  from (${head(s)}) h left join (
    select c.* from unnest($2::text::bigint[], $3::text::bigint[], $4::text::bigint[]) as r(xact, n, last),
      lateral (${branches(s)
        .map((branch) => `(${branch} order by t.xact, t.n limit ${limit})`)
        .join(" union all ")}) c
    order by c.xact, c.n limit ${limit}
  ) c on true
  order by c.xact, c.n`;

const pages = perSchema((s) => {
  const byLimit = new Map<number, string>();
  return (limit: number): string => {
    const text = byLimit.get(limit) ?? page(s, limit);
    byLimit.set(limit, text);
    return text;
  };
});

/** Answers CURSOR_EXPIRED where what came after the cursor is not known any more. */
export async function readChanges(
  connection: Connection,
  scope: number,
  since: string | undefined,
  limit: number,
  now: number,
  o: Patience,
): Promise<ChangePage> {
  const cursor = since === undefined ? undefined : decodeCursor(since);
  return readPage(connection, scope, cursor, limit, now, o);
}

async function readPage(
  connection: Connection,
  scope: number,
  since: Cursor | undefined,
  limit: number,
  now: number,
  o: Patience,
): Promise<ChangePage> {
  const ranges = remaining(since);
  const bounds = [ranges.map(({ xact }) => xact), ranges.map(({ n }) => n), ranges.map(({ last }) => last)];
  const params = [scope, ...bounds.map((numbers) => `{${numbers.join()}}`), now];
  const rows = await connection.read<Head & StoredChange>(o, pages(connection)(limit + 1), params);
  const state = rows[0] as Head; // a row without a change, where there is none
  if (since !== undefined && since.lineage !== state.lineage) {
    return readPage(connection, scope, translate(since, state), limit, now, o);
  }
  const present = toSnapshot(state.snapshot, BigInt(state.shift));
  if (since !== undefined) check(since, present, BigInt(state.forgotten));

  const cursor = since ?? { lineage: state.lineage, told: 0n, seen: nothingSeen };
  const stored = rows.filter(({ xact }) => xact !== null);
  const more = stored.length > limit;
  if (more) stored.pop();
  return toPage(cursor, simplify(present), stored, more);
}

function toPage(since: Cursor, present: Snapshot, stored: readonly StoredChange[], more: boolean): ChangePage {
  const target = since.batch?.target ?? present;
  const told = stored.reduce((last, { xact }) => (BigInt(xact) > last ? BigInt(xact) : last), since.told);
  const cursorAt = cursorsWithin({ ...since, told }, target);
  const changes = stored
    .filter(({ xact }) => !includes(target, BigInt(xact))) // only where the snapshot was simplified
    .map((change) => toChange(change, cursorAt(placeOf(change))));
  const last = stored.at(-1);
  if (more && last !== undefined) return { changes, cursor: cursorAt(placeOf(last)), more };
  // The end of the batch. What was committed after its first page is another one.
  const cursor = encodeCursor({ lineage: since.lineage, told, seen: target });
  return { changes, cursor, more: !isSame(target, present) };
}

const latest = perSchema(
  (s) => `
  select h.*, greatest(${[...rowTables, "streams", "deletions"]
    .map((table) => `(select max(xact) from ${s}.${table} where scope = $1)`)
    .join(", ")})::text as told
  from (${head(s)}) h`,
);

/** Where the next change will be. */
export async function latestCursor(connection: Connection, scope: number, o: Patience): Promise<string> {
  const [state] = await connection.read<Head & { readonly told: string | null }>(o, latest(connection), [scope]);
  const { snapshot, shift, lineage, told } = state as NonNullable<typeof state>;
  const seen = simplify(toSnapshot(snapshot, BigInt(shift)));
  return encodeCursor({ lineage, told: BigInt(told ?? 0), seen });
}

interface IndexRange extends Place {
  readonly last: bigint;
}

/** What is to be read still, each beginning behind a place. */
function remaining(cursor: Cursor | undefined): IndexRange[] {
  return toRead(cursor).map(([from, last]) => {
    const place = cursor?.batch?.place;
    return place?.xact === from ? { ...place, last } : { xact: from, n: 0n, last };
  });
}

function toRead(cursor: Cursor | undefined): Ranges {
  if (cursor === undefined) return nothingSeen;
  const { seen, batch } = cursor;
  if (batch === undefined) return seen;
  return subtract(seen, union(batch.target, passed(batch.place)));
}

/** The transactions before the one of the place. */
const passed = ({ xact }: Place): Ranges => (xact > 0n ? [[0n, xact - 1n]] : []);

/**
 * The same cursor by the numbers of this lineage. The state that the lineage began with was another database's, at some time: who was told no more than it has goes on from there, whatever else
 * the other database may have done in between.
 */
function translate(cursor: Cursor, { lineage, since }: Head): Cursor {
  const { told, seen, batch } = cursor;
  const last = BigInt(since);
  if (cursor.lineage !== lineage - 1 || told > last) throw expired(reasons.later);
  const begun = (snapshot: Snapshot): Snapshot => union(snapshot, [[last + 1n, lastXact]]);
  return {
    lineage,
    told,
    seen: begun(seen),
    batch: batch && { target: begun(batch.target), place: batch.place },
  };
}

/** Throws CURSOR_EXPIRED. `forgotten`: deletions of transactions up to this one may have been forgotten. */
function check(cursor: Cursor, present: Snapshot, forgotten: bigint): void {
  const { seen, batch } = cursor;
  const last = batch?.target ?? seen;
  if (subtract(present, last).length > 0) throw expired(reasons.later);
  // Who begins anew needs no deletion that was there at the beginning. What is in flight still has left none.
  const needed = isSame(seen, nothingSeen) ? last : union(toRead(cursor), last);
  if (subtract(upTo(needed, forgotten), present).length > 0) throw expired(reasons.older);
}

const reasons = {
  later: "The cursor is of a later state than this database has: it was restored from a backup, or is another one.",
  older: "The cursor is older than the deletions that are still known.",
};

function expired(reason: string): PersistError {
  return new PersistError("CURSOR_EXPIRED", reason, { adapter: "postgres" });
}

const placeOf = ({ xact, n }: StoredChange): Place => ({ xact: BigInt(xact), n: BigInt(n) });

function toChange(stored: StoredChange, cursor: string): ChangedRow {
  const row = stored.reason === null ? presentRow(stored) : undefined;
  return {
    space: stored.space,
    key: stored.key,
    row,
    reason: stored.reason ?? undefined,
    version: row?.version ?? stored.version,
    time: stored.updatedAt,
    cursor,
  };
}

function presentRow(stored: StoredChange): Row {
  const { key, value, version, updatedAt, expiresAt, content } = stored;
  const createdAt = stored.createdAt ?? undefined;
  if (stored.space !== "streams") return { key, value, version, createdAt, updatedAt, expiresAt, content };
  return toStreamRow({
    stream: key,
    version: Number(version),
    position: Number(stored.position),
    first: Number(stored.first),
    erased: stored.erased === true,
    createdAt: createdAt ?? updatedAt,
    updatedAt,
  });
}
