import { createDatabase, findPostgres, mayBeMissing } from "@cuitty/persist-servers";
import { sharedPostgres, useDatabase } from "@cuitty/persist-servers/vitest";
import postgres from "postgres";
import { describe, expect, onTestFinished, test } from "vitest";

const missing = mayBeMissing(() => findPostgres());

function connect(url: string) {
  const sql = postgres(url, { onnotice: () => {} });
  onTestFinished(() => sql.end({ timeout: 1 }));
  return sql;
}

describe.skipIf(missing)(`the run's PostgreSQL${missing && ` (skipped: ${missing})`}`, () => {
  const database = useDatabase();

  test("has a fresh database for these tests", async () => {
    const sql = connect(database.url);
    const [row] = await sql`select current_database() as name, current_setting('server_encoding') as encoding`;
    expect(row).toEqual({ name: database.name, encoding: "UTF8" });
    await sql`create table mine (id int)`;
  });

  test("keeps one database from another", async () => {
    await using other = await createDatabase(await sharedPostgres());
    const sql = connect(other.url);
    expect(await sql`select tablename from pg_tables where schemaname = 'public'`).toHaveLength(0);
  });

  test("is one and the same for all who ask", async () => {
    const [one, two] = await Promise.all([sharedPostgres(), sharedPostgres()]);
    expect(one).toEqual(two);
  });

  test("copies a database, and drops it under those who use it", async () => {
    const server = await sharedPostgres();
    await using template = await createDatabase(server);
    const before = postgres(template.url);
    await before`create table copied (id int)`;
    await before.end();
    const copy = await createDatabase(server, `${template.name}_copy`, { template: template.name });
    const sql = connect(copy.url);
    expect(await sql`select tablename from pg_tables where schemaname = 'public'`).toEqual([{ tablename: "copied" }]);
    await copy.drop();
    await copy.drop();
    await expect(sql`select 1`).rejects.toThrow();
  });
});
