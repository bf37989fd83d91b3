import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { useDatabase } from "@cuitty/persist-servers/vitest";
import postgres from "postgres";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { grants } from "../src/migrate.ts";
import { findScope } from "../src/scopes.ts";
import { inTime, openPostgres } from "./connections.ts";

const database = useDatabase();
let sql: postgres.Sql;
beforeAll(() => {
  sql = postgres(database.url, { onnotice: () => {} });
  return () => sql.end();
});

test("twenty at once make one schema, one lineage and one scope", async () => {
  const schema = "twenty";
  const all = await Promise.all(
    Array.from({ length: 20 }, () => openPostgres({ url: database.url, schema, pool: { max: 1 } })),
  );
  const scope = { name: "app", namespace: "" };
  const ids = await Promise.all(all.map(({ connection }) => findScope(connection, scope, inTime())));
  expect(new Set(ids).size).toBe(1);
  expect(await sql`select number from twenty.migrations`).toHaveLength(1);
  expect(await sql`select number, shift::int from twenty.lineage`).toEqual([{ number: 0, shift: 0 }]);
});

test("a newer layout is refused", async () => {
  await openPostgres({ url: database.url, schema: "newer" });
  await sql`insert into newer.migrations values (99, 'of tomorrow', now())`;
  await expect(openPostgres({ url: database.url, schema: "newer" })).rejects.toMatchObject({
    code: "MIGRATION",
    message: expect.stringMatching(/number 99.*Upgrade the package/),
  });
});

test("a schema with other tables is left alone", async () => {
  await sql`create schema theirs`;
  await sql`create table theirs.things (id int)`;
  await expect(openPostgres({ url: database.url, schema: "theirs" })).rejects.toMatchObject({
    code: "MIGRATION",
    message: expect.stringMatching(/not Persist's/),
  });
  expect(await sql`select relname from pg_class where relnamespace = 'theirs'::regnamespace`).toHaveLength(1);
});

test("an empty schema is taken", async () => {
  await sql`create schema prepared`;
  const { durability } = await openPostgres({ url: database.url, schema: "prepared" });
  expect(["memory", "disk"]).toContain(durability);
});

test("a user who may not create is told what the owner has to run, and then works", async () => {
  const user = `little_${database.name.slice(-8)}`;
  await sql.unsafe(`create role ${user} login password 'secret-of-little'`);
  onTestFinished(async () => {
    await sql.unsafe(`drop owned by ${user}; drop role ${user}`);
  });
  const url = new URL(database.url);
  url.username = user;
  url.password = "secret-of-little";
  const options = { url: url.href, schema: "little" };

  await expect(openPostgres(options)).rejects.toMatchObject({
    code: "DENIED",
    message: expect.stringContaining("grant usage on schema little to app;"),
  });

  await openPostgres({ ...options, url: database.url });
  await expect(openPostgres(options)).rejects.toMatchObject({ code: "DENIED" });
  await sql.unsafe(grants("little", user));
  const { connection } = await openPostgres(options);
  expect(await findScope(connection, { name: "app", namespace: "" }, inTime())).toBe(1);
});

test("the grants of the documentation are all that a user needs", async () => {
  const user = `granted_${database.name.slice(-8)}`;
  const schema = "granted";
  onTestFinished(async () => {
    await sql.unsafe(`drop owned by ${user}; drop role ${user}`);
  });
  await openPostgres({ url: database.url, schema });
  const page = await readFile(join(import.meta.dirname, "../../../docs/postgres.md"), "utf8");
  const [, grantsOfThePage = ""] = /```sql\n(create role app.*?)```/s.exec(page) ?? [];
  await sql.unsafe(grantsOfThePage.replaceAll(/\bapp\b/g, user).replaceAll("schema persist", `schema ${schema}`));
  await sql.unsafe(`create table ${schema}.of_tomorrow (n bigserial)`);

  const url = new URL(database.url);
  url.username = user;
  url.password = "secret";
  const { connection } = await openPostgres({ url: url.href, schema });
  expect(await findScope(connection, { name: "app", namespace: "" }, inTime())).toBe(1);
  await connection.write(inTime(), `insert into ${schema}.of_tomorrow default values`, []);
  await expect(connection.write(inTime(), `create table ${schema}.more (n int)`, [])).rejects.toMatchObject({
    code: "DENIED",
  });
});

test("in another cluster, numbers go on above all that are stored", async () => {
  await openPostgres({ url: database.url, schema: "moved" });
  await sql`insert into moved.kv (scope, key, version, updated_at, xact, value) values (1, 'a', 'v', 0, 5000000000, '1')`;
  await sql`update moved.lineage set cluster = 'where it was'`;
  for (let i = 0; i < 2; i++) {
    const { connection } = await openPostgres({ url: database.url, schema: "moved" });
    const [{ xact }] = (await connection.read<{ xact: string }>(inTime(), "select moved.xact()::text as xact", [])) as [
      { xact: string },
    ];
    expect(Number(xact)).toBeGreaterThan(5_000_000_000);
    expect(await sql`select number, since::text from moved.lineage`).toEqual([{ number: 1, since: "5000000000" }]);
  }
});

test.each([
  ["default_transaction_isolation", "repeatable read"],
  ["bytea_output", "escape"],
])("a given instance with another %s than is needed is refused", async (name, value) => {
  const given = postgres(database.url, { connection: { [name]: value }, onnotice: () => {} });
  onTestFinished(() => given.end());
  await expect(openPostgres({ sql: given, schema: "set" })).rejects.toMatchObject({
    code: "UNSUPPORTED",
    message: expect.stringContaining(`${name} = ${value}`),
  });
  expect(await sql`select from pg_namespace where nspname = 'set'`).toEqual([]);
});

test("a password is shown nowhere", async () => {
  const url = new URL(database.url);
  url.username = "nobody_of_that_name";
  url.password = "hunter2";
  const error = await openPostgres({ url: url.href }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: "DENIED" });
  expect(`${error} ${JSON.stringify(error)}`).not.toContain("hunter2");
});
