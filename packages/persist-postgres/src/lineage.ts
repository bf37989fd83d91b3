/**
 * Which cluster the data is in, and how its transactions are numbered.
 *
 * The feed orders by the numbers of transactions, which count from elsewhere in every cluster. So after a dump was restored, or a standby was promoted, what is stored goes on above
 * all numbers that are there, by a shift that stands in the table `lineage`.
 *
 * The server may be exchanged at any time behind a connection, a pooler or a name. So whatever takes a number, or compares one, asks for the shift, and the database itself refuses where
 * it is another one than that of the lineage: see `checked_shift`. Then the lineage is begun, and what was refused is sent again.
 */
import type { Connection, Patience } from "./connection.ts";

/** The database that this is: of which cluster, since which promotion, and which one there. A dump of it that is restored beside it is another. */
export const cluster = `
    (select system_identifier from pg_control_system())::text
    || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8)
    || '/' || (select oid from pg_database where datname = current_database())::text`;

/** The SQLSTATE by which the database says that it is not the one of the lineage. */
export const elsewhere = "PS001";

/** Begins a new lineage where the database is another one than that of the present. Of many that do so at once, one does. */
export async function follow(connection: Connection, o: Patience): Promise<void> {
  await connection.write(o, beginLineage(connection.schema), []);
}

/** A statement, which does nothing where the lineage is this database's. Nobody takes a number meanwhile, since it would be refused. */
export const beginLineage = (s: string): string => `
  insert into ${s}.lineage as l (one, number, cluster, since, shift)
  select true, 0, ${cluster}, since,
    case when since = 0 then 0 else since + 1 - pg_snapshot_xmin(pg_current_snapshot())::text::int8 end
  from (select greatest(0, ${numbered.map((table) => `(select max(xact) from ${s}.${table})`).join(", ")}) as since) stored
  where not exists (select from ${s}.lineage where cluster = ${cluster})
  on conflict (one) do update
  set number = l.number + 1, cluster = excluded.cluster, since = excluded.since, shift = greatest(l.shift, excluded.shift)
  where l.cluster <> excluded.cluster`;

const numbered = ["records", "kv", "blobs", "system", "deletions", "streams"];

/** Of the connection to this server, whoever has it: a parameter of our own, which is lost with it. */
const knownCluster = (s: string) => `'persist.${s.replaceAll('"', "")}'`;

/** By the row `l` of the table. */
const shiftOf = (l: string, s: string) =>
  `case when ${l}.cluster = current_setting(${knownCluster(s)}, true) then ${l}.shift else ${s}.checked_shift() end`;

/** What `xact()` answers, by the row `l` of the table: in a statement that has it. Calling the function costs a fifth of what setting a value does. */
export const xactOf = (l: string, s: string): string => `pg_current_xact_id()::text::bigint + ${shiftOf(l, s)}`;

/** The functions by which numbers are taken, in the schema `s`, an identifier as it stands in SQL. */
export const lineageFunctions = (s: string): string => {
  const known = knownCluster(s);
  return `
  create function ${s}.checked_shift() returns bigint language plpgsql as $$
  declare
    l record;
  begin
    if pg_is_in_recovery() then
      raise read_only_sql_transaction using message = 'the server is a standby';
    end if;
    select cluster, shift into l from ${s}.lineage;
    if l.cluster <> ${cluster} then
      raise exception using errcode = '${elsewhere}', message = 'the data are from another cluster';
    end if;
    perform set_config(${known}, l.cluster, false);
    return l.shift;
  end $$;

  -- Between the number of a transaction and what is stored as its number. Looked up once for each connection.
  create function ${s}.shift() returns bigint language sql as $$
    select ${shiftOf("l", s)} from ${s}.lineage l
  $$;

  -- What is stored as the number of this transaction.
  create function ${s}.xact() returns bigint language sql as $$
    select pg_current_xact_id()::text::bigint + ${s}.shift()
  $$;
`;
};
