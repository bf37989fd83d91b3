/**
 * Which cluster the data is in, and how its transactions are numbered.
 *
 * The feed orders by the numbers of transactions, which count from elsewhere in every cluster. So after a dump was restored, or a standby was promoted, what is stored goes on above
 * all numbers that are there, by a shift that stands in the table `lineage`.
 */
import type { Connection, Patience, Statement } from "./connection.ts";

/** The database that this is: of which cluster, since which promotion, and which one there. A dump of it that is restored beside it is another. */
export const cluster = `
    (select system_identifier from pg_control_system())::text
    || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8)
    || '/' || (select oid from pg_database where datname = current_database())::text`;

/** Begins a new lineage where the database is another one than that of the present. Cheap where it is not: one statement. */
export async function follow(connection: Connection, o: Patience): Promise<void> {
  const { schema: s, locks } = connection;
  const [same] = await connection.read(o, `select 1 from ${s}.lineage where cluster = ${cluster}`, []);
  if (same !== undefined) return;
  await connection.transaction(o, async (statement) => {
    await statement("select 1 from pg_advisory_xact_lock($1::int4, 0)", [locks.migration]);
    await beginLineage(statement, s);
  });
}

/**
 * Within a transaction that holds the migration lock. Locks the row, so that no commit takes a number by the old shift meanwhile; those that did are waited for by the locks of
 * their tables.
 */
export async function beginLineage(statement: Statement, s: string): Promise<void> {
  const numbered = ["records", "kv", "blobs", "system", "deletions", "streams"];
  await statement(`lock table ${numbered.map((table) => `${s}.${table}`).join(", ")} in share mode`, []);
  await statement(
    `insert into ${s}.lineage as l (one, number, cluster, since, shift)
     select true, 0, ${cluster}, since,
       case when since = 0 then 0 else since + 1 - pg_snapshot_xmin(pg_current_snapshot())::text::int8 end
     from (select greatest(0, ${numbered.map((table) => `(select max(xact) from ${s}.${table})`).join(", ")}) as since) stored
     on conflict (one) do update
     set number = l.number + 1, cluster = excluded.cluster, since = excluded.since, shift = greatest(l.shift, excluded.shift)
     where l.cluster <> excluded.cluster`,
    [],
  );
}
