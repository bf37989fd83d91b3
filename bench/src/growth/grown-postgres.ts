/** Large stores over Postgres, filled by SQL: through the store a million would take minutes. What SQL writes is compared with what the store has written for the first ones. */
import { deepStrictEqual } from "node:assert";
import type { Store } from "@cuitty/persist";
import postgres, { type Sql } from "postgres";
import { openStore } from "../contenders/postgres/persist.ts";
import { scattering } from "../dataset.ts";
import { fillKv, type GrownStore, streamLength, toGrownStore } from "./grown-store.ts";
import { declarePeople, personAt, teamSize } from "./people.ts";

/** As many entries, and events, and records with two indexes. */
export async function growPostgres(url: string, size: number): Promise<GrownStore> {
  const store = await openStore(url);
  await fillBeginning(store, size);
  const sql = postgres(url, { max: 1 });
  const [found] = await sql`select id from persist.scopes where namespace = ''`;
  const scope = found?.id as number;
  await compareBeginning(sql, scope, size);
  await fillEntries(sql, scope, size);
  await fillPeople(sql, scope, size);
  await fillEvents(sql, scope, size);
  await sql.unsafe("vacuum analyze"); // as autovacuum does, sooner or later
  await sql.end();
  return toGrownStore(store, size);
}

/** So many are written through the store. */
const beginning = 1000;

async function fillBeginning(store: Store, size: number): Promise<void> {
  await fillKv(store, beginning);
  const people = await declarePeople(store);
  await people.putMany(Array.from({ length: beginning }, (_, n) => personAt(n, size)));
}

// ── texts of what entry `n` has, as the store writes them ────────────────────────────────────────────────────────────────────────────────

const scattered = `((n + 1)::bigint * ${scattering} % 4294967296)`;
const keyOf = (group: string) => `'${group}' || lpad(to_hex(${scattered}), 8, '0')`;

/** The members of `valueFor(n, revision)`. */
const members = (n: string, revision: string) => `
  '"id":' || ${n} || ',"name":"Customer number ' || ${n} || '","email":"customer-' || ${n} || '@example.com","active":' || (${n} % 3 <> 0) || ',"balance":' || (${n} / 8.0::float8)
  || ',"tags":["retail","' || case ${n} % 2 when 0 then 'north' else 'south' end || '"],"address":{"street":"' || ${n} % 200
  || ' Harbour Road","city":"Port Louis","zip":"11328"},"revision":' || ${revision}`;

const textOf = `'{' || ${members("n", "0")} || '}'`;
const teamOf = (size: number) => `'team-' || n % ${size / teamSize}`;
const personOf = (size: number) =>
  `'{' || ${members("n", "0")} || ',"team":"' || ${teamOf(size)} || '","born":' || ${scattered} || '}'`;

/** The index of the field, and the tuple there: the kind of value is that of another one. */
const indexes = (size: number) => [
  { field: "team", tuple: `substr(kind, 1, 1) || convert_to(${teamOf(size)}, 'UTF8') || '\\x00'::bytea` },
  {
    field: "born",
    tuple: `substr(kind, 1, 1) || set_byte(float8send(${scattered}::float8), 0, get_byte(float8send(${scattered}::float8), 0) | 128)`,
  },
];

// ── statements ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

const xact = "pg_current_xact_id()::text::bigint";
const now = "(extract(epoch from now()) * 1000)::bigint";

async function compareBeginning(sql: Sql, scope: number, size: number): Promise<void> {
  const first = `generate_series(0, ${beginning - 1}) as n`;
  const rows = (text: string) => sql.unsafe(text).values();
  const same = async (written: string, made: string) => deepStrictEqual(await rows(made), await rows(written));
  await same(
    `select key, value from persist.kv where scope = ${scope} order by 1`,
    `select ${keyOf("entry:")}, ${textOf} from ${first} order by 1`,
  );
  await same(
    `select key, value from persist.records where scope = ${scope} order by 1`,
    `select ${keyOf("people/")}, ${personOf(size)} from ${first} order by 1`,
  );
  for (const { field, tuple } of indexes(size)) {
    await same(
      `select key, tuple from persist.record_index where scope = ${scope} and name like '%/${field}/%' order by 1`,
      `select ${keyOf("people/")}, ${tuple} from ${first}, ${kindOf(scope, field)} order by 1`,
    );
  }
}

const kindOf = (scope: number, field: string) =>
  `(select name, tuple as kind from persist.record_index where scope = ${scope} and name like '%/${field}/%' limit 1) as other`;

async function fillEntries(sql: Sql, scope: number, size: number): Promise<void> {
  await sql.unsafe(`
    insert into persist.kv (scope, key, version, updated_at, xact, value)
    select ${scope}, ${keyOf("entry:")}, 'filled-' || n, ${now}, ${xact}, ${textOf}
    from generate_series(${beginning}, ${size - 1}) as n`);
}

async function fillPeople(sql: Sql, scope: number, size: number): Promise<void> {
  const rest = `generate_series(${beginning}, ${size - 1}) as n`;
  await sql.unsafe(`
    insert into persist.records (scope, key, version, created_at, updated_at, xact, value)
    select ${scope}, ${keyOf("people/")}, 'filled-' || n, ${now}, ${now}, ${xact}, ${personOf(size)} from ${rest}`);
  for (const { field, tuple } of indexes(size)) {
    await sql.unsafe(`
      insert into persist.record_index (scope, name, tuple, key, is_unique)
      select ${scope}, name, ${tuple}, ${keyOf("people/")}, false from ${rest}, ${kindOf(scope, field)}`);
  }
}

async function fillEvents(sql: Sql, scope: number, size: number): Promise<void> {
  const streams = `generate_series(0, ${size / streamLength - 1}) as n`;
  await sql.unsafe(`
    insert into persist.events (scope, position, stream, version, id, time, type, data)
    select ${scope}, n * ${streamLength} + version, ${keyOf("stream:")}, version, gen_random_uuid(), ${now}, 'changed', '{' || ${members("n", "version")} || '}'
    from ${streams}, generate_series(1, ${streamLength}) as version`);
  await sql.unsafe(`
    insert into persist.streams (scope, stream, version, position, first, erased, created_at, updated_at, xact)
    select ${scope}, ${keyOf("stream:")}, ${streamLength}, (n + 1) * ${streamLength}, 1, false, ${now}, ${now}, ${xact}
    from ${streams}`);
}
