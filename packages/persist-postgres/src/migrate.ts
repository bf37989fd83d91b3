/** Brings the schema to the present layout: once, however many processes begin at the same moment. */
import { PersistError } from "@cuitty/persist-core";
import type { Connection, Patience, Statement } from "./connection.ts";
import { beginLineage } from "./lineage.ts";
import { migrations } from "./migrations.ts";

/** `schema` is its name as such. Throws MIGRATION, or DENIED with what the owner has to run. */
export async function migrate(connection: Connection, schema: string, o: Patience): Promise<void> {
  try {
    await connection.transaction(o, (statement) => migrateLocked(connection, statement));
  } catch (error) {
    if (!PersistError.is(error, "DENIED")) throw error;
    throw new PersistError("DENIED", `${error.message} ${whatToRun(schema)}`, {
      adapter: "postgres",
      cause: error.cause,
    });
  }
}

async function migrateLocked({ schema: s, place, locks }: Connection, statement: Statement): Promise<void> {
  await statement("select 1 from pg_advisory_xact_lock($1::int4, 0)", [locks.migration]);
  const applied = await appliedTo(s, place, statement);
  checkLayout(applied, place);
  if (applied === migrations.length) return;
  for (const [i, { name, write }] of migrations.entries()) {
    if (i < applied) continue;
    await statement(asOne(write(s, locks)), []);
    await statement(`insert into ${s}.migrations (number, name, applied_at) values ($1::int4, $2, now())`, [
      i + 1,
      name,
    ]);
  }
  await statement(beginLineage(s), []);
}

/** How many migrations have been applied; makes the schema and its table of them. */
async function appliedTo(s: string, place: string, statement: Statement): Promise<number> {
  const [found] = await statement<{ schema_exists: boolean; ours: boolean; used: boolean }>(
    `select to_regnamespace($1) is not null as schema_exists,
       exists (select from pg_class where relnamespace = to_regnamespace($1) and relname = 'migrations') as ours,
       exists (select from pg_class where relnamespace = to_regnamespace($1)) as used`,
    [s],
  );
  if (found?.ours === true) return numberOf(s, statement);
  if (found?.used === true) {
    throw new PersistError(
      "MIGRATION",
      `Could not open ${place}. The schema holds tables that are not Persist's. Choose another one by the option schema.`,
      { adapter: "postgres" },
    );
  }
  if (found?.schema_exists !== true) await statement(`create schema ${s}`, []);
  await statement(
    `create table ${s}.migrations (number integer primary key, name text not null, applied_at timestamptz not null)`,
    [],
  );
  return 0;
}

async function numberOf(s: string, statement: Statement): Promise<number> {
  const [row] = await statement<{ number: number }>(
    `select coalesce(max(number), 0)::int4 as number from ${s}.migrations`,
    [],
  );
  return row?.number ?? 0;
}

/** Throws MIGRATION for a layout that is newer than this package. */
export function checkLayout(applied: number, place: string): void {
  if (applied <= migrations.length) return;
  throw new PersistError(
    "MIGRATION",
    `Could not open ${place}. Its layout is number ${applied}, and this version of @cuitty/persist-postgres knows ${migrations.length}. Upgrade the package.`,
    { adapter: "postgres" },
  );
}

/** Many statements in one, which is all that can be sent with others in a transaction. */
const asOne = (script: string): string => `do $migration$ begin execute $script$${script}$script$; end $migration$`;

const whatToRun = (schema: string): string =>
  `Open the store once as a user who may create the schema. Then let its owner run, for the user of the application: ${grants(schema, "app")}`;

/** All that a user needs who only uses the store. */
export const grants = (schema: string, user: string): string =>
  [
    `grant usage on schema ${schema} to ${user};`,
    `grant select, insert, update, delete on all tables in schema ${schema} to ${user};`,
    `grant usage on all sequences in schema ${schema} to ${user};`,
  ].join(" ");
