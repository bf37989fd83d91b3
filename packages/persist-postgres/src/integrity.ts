/** Whether the tables hold what they promise each other. */
import { definite, toPersistError } from "./errors.ts";
import { cluster } from "./lineage.ts";
import { checkLayout } from "./migrate.ts";
import { createPoolOf } from "./open.ts";
import { type PostgresFactoryOptions, parseOptions } from "./options.ts";
import { rowTables } from "./schema.ts";

/** How long it may take, in milliseconds. */
const patience = 24 * 60 * 60_000;

/** Promises of the tables, each with the query that finds what breaks it: one text per problem. */
const queries = (s: string): readonly string[] => [
  `select format('blob %L of scope %s names content %s, which %s', b.key, b.scope, b.content, case when c.id is null then 'is not there' else 'is due to be freed' end)
   from ${s}.blobs b left join ${s}.blob_contents c on c.id = b.content
   where b.content is not null and (c.id is null or c.free_at is not null)`,

  `select format('content %s belongs to no blob and would never be freed', c.id)
   from ${s}.blob_contents c where c.free_at is null and not exists (select from ${s}.blobs b where b.content = c.id)`,

  `select format('content %s should have %s bytes and has %s', c.id, c.size, k.stored)
   from ${s}.blob_contents c cross join lateral (select coalesce(sum(length(bytes)), 0) as stored from ${s}.blob_chunks where content = c.id) k
   where c.free_at is null and k.stored <> c.size`,

  `select format('content %s has chunks and is not there', k.content)
   from (select distinct content from ${s}.blob_chunks) k where not exists (select from ${s}.blob_contents c where c.id = k.content)`,

  `select format('stream %L of scope %s ends with version %s at position %s, its events with %s at %s (%s in all)',
     h.stream, h.scope, h.version, h.position, e.version, e.position, e.events)
   from ${s}.streams h cross join lateral (
     select max(version) as version, max(position) as position, count(*) as events from ${s}.events where scope = h.scope and stream = h.stream
   ) e
   where e.version is distinct from h.version or e.position is distinct from h.position or e.events <> h.version`,

  `select format('event %s of stream %L of scope %s should %sbe erased', e.version, e.stream, e.scope, case when e.version < h.first then '' else 'not ' end)
   from ${s}.streams h join ${s}.events e on e.scope = h.scope and e.stream = h.stream
   where (e.version < h.first) <> (e.type is null)`,

  `select format('the log of scope %s has %s events up to position %s', scope, count(*), max(position))
   from ${s}.events group by scope having count(*) <> max(position)`,

  `select format('event %L of scope %s is in stream %L, which is not there', e.id, e.scope, e.stream)
   from ${s}.events e where not exists (select from ${s}.streams h where h.scope = e.scope and h.stream = e.stream)`,

  `select format('index %L of scope %s points to record %L, which is not there', i.name, i.scope, i.key)
   from ${s}.record_index i where not exists (select from ${s}.records r where r.scope = i.scope and r.key = i.key and r.version <> '')`,

  `select format('place %s of transaction %s was given out %s times', n, xact, count(*))
   from (${[...rowTables, "deletions", "streams"].map((table) => `select xact, n from ${s}.${table}`).join(" union all ")}) places
   group by xact, n having count(*) > 1`,

  `select format('a change of transaction %s is stored, and the cluster has come to %s only', max(xact), pg_snapshot_xmax(pg_current_snapshot())::text::bigint + shift)
   from (${[...rowTables, "deletions", "streams"].map((table) => `select xact from ${s}.${table}`).join(" union all ")}) changes, ${s}.lineage
   where case when not pg_is_in_recovery() then cluster = ${cluster} end -- what was restored from another one may be above its own until the first write
   group by shift having max(xact) >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint + shift`,
];

/**
 * Everything that is wrong with the tables, in words; empty where all is well. They may be in use meanwhile. Reads everything, on the server; the option `timeouts.statement` is how long it
 * may take (default: a minute).
 *
 * @throws PersistError where the schema cannot be reached, or is not Persist's.
 */
export async function checkIntegrity(options: PostgresFactoryOptions): Promise<string[]> {
  const parsed = parseOptions(options);
  const { schema, place } = parsed;
  const pool = createPoolOf({ ...parsed, max: 1 });
  const read = <Row>(text: string) => pool.run<Row>({ deadline: performance.now() + patience }, "read", text, []);
  const s = `"${schema}"`;
  try {
    const [layout] = await read<{ applied: number }>(`select max(number)::int4 as applied from ${s}.migrations`);
    checkLayout(layout?.applied ?? 0, place);
    // One statement, so that all queries see one state of the tables.
    const all = queries(s).map((query) => `(${query})`);
    const rows = await read<{ problem: string }>(
      `with found (problem) as (${all.join(" union all ")}) select problem from found`,
    );
    return rows.map(({ problem }) => problem);
  } catch (error) {
    throw toPersistError(definite(error), `check ${place}`);
  } finally {
    await pool.close();
  }
}
