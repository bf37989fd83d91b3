import { startPostgres, startProxy } from "@cuitty/persist-servers";
import { useDatabase } from "@cuitty/persist-servers/vitest";
import postgres from "postgres";
import { beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { inTime, openPostgres, within } from "./connections.ts";

const database = useDatabase();
let sql: postgres.Sql;
beforeAll(async () => {
  sql = postgres(database.url, { onnotice: () => {} });
  await sql`create table counted (n int)`;
  return () => sql.end();
});

const schema = "links";
const insert = "insert into public.counted (n) values ($1::int4)";
const counted = async (n: number) => (await sql`select from counted where n = ${n}`).length;
const backends = (name: string) =>
  sql<{ pid: number }[]>`select pid from pg_stat_activity where datname = ${name} and application_name = 'persist'`;

async function proxied(options: { max?: number } = {}) {
  const proxy = await startProxy(Number(new URL(database.url).port));
  onTestFinished(() => proxy.close());
  const opened = await openPostgres({ url: proxy.through(database.url), schema, pool: options });
  return { proxy, ...opened };
}

test("a write whose time is up is cancelled, and it is known that it did not happen", async () => {
  const { connection } = await openPostgres({ url: database.url, schema });
  const slow = "with s as materialized (select pg_sleep(600)) insert into public.counted select 1 from s";
  await expect(connection.write(within(50), slow, [], { fence: 1 })).rejects.toMatchObject({
    code: "TIMEOUT",
    outcome: "not-applied",
  });
  expect(
    await sql`select from pg_stat_activity where query like '%pg_sleep(600)%' and state = 'active' and pid <> pg_backend_pid()`,
  ).toEqual([]);
  expect(await connection.read(inTime(), "select $1::text as a", ["b"])).toEqual([{ a: "b" }]);
});

test("an aborted write is cancelled too, and an aborted signal sends nothing", async () => {
  const { connection } = await openPostgres({ url: database.url, schema });
  const abort = new AbortController();
  const written = connection.write({ ...inTime(), signal: abort.signal }, "select pg_sleep(601)", []);
  await vi.waitFor(async () =>
    expect(await sql`select from pg_stat_activity where query = 'select pg_sleep(601)'`).toHaveLength(1),
  );
  abort.abort("enough");
  await expect(written).rejects.toMatchObject({ code: "ABORTED", outcome: "not-applied" });
  await expect(connection.write({ ...inTime(), signal: abort.signal }, insert, [2])).rejects.toMatchObject({
    code: "ABORTED",
    cause: "enough",
  });
  expect(await counted(2)).toBe(0);
});

test("what was not sent by its deadline never runs", async () => {
  const { connection } = await openPostgres({ url: database.url, schema, pool: { max: 1 } });
  await connection.transaction(inTime(), async (statement) => {
    await statement("select 1", []);
    await expect(connection.write(within(20), insert, [3])).rejects.toMatchObject({
      code: "TIMEOUT",
      outcome: "not-applied",
      message: expect.stringMatching(/no connection was free/),
    });
  });
  await connection.write(inTime(), insert, [4]);
  expect([await counted(3), await counted(4)]).toEqual([0, 1]);
});

test("a dead link ends with the deadline, is cut, and harms nobody afterwards", async () => {
  const { connection, proxy } = await proxied();
  await connection.read(inTime(), "select 1", []);
  proxy.blackHole();
  const [read, write] = await Promise.allSettled([
    connection.read(within(100), "select 1", []),
    connection.write(within(100), insert, [5], { fence: 1 }),
  ]);
  expect(read).toMatchObject({ reason: { code: "TIMEOUT", outcome: "not-applied" } });
  expect(write).toMatchObject({ reason: { code: "TIMEOUT" } });
  proxy.heal();
  await vi.waitFor(async () => expect(await connection.read(within(2_000), "select 1 as a", [])).toEqual([{ a: 1 }]));
});

test("a write whose answer is lost is unknown, and has ended by then", async () => {
  const { connection, proxy } = await proxied();
  await connection.write(inTime(), insert, [6]);
  const before = await backends(database.name);
  const lost = proxy.loseReplyAfter((bytes) => bytes.includes("666"));
  await expect(connection.write(inTime(), insert, [666], { fence: 1 })).rejects.toMatchObject({
    code: "UNAVAILABLE",
    outcome: "unknown",
  });
  await lost;
  expect(await counted(666)).toBe(1);
  expect(before.length).toBeGreaterThan(0);
});

test("reads go on where all connections were ended meanwhile", async () => {
  const { connection } = await openPostgres({ url: database.url, schema, pool: { max: 3 } });
  const read = () => connection.read(inTime(), "select 1 as a", []);
  // Three that wait for each other, so that all connections stand, and none is being made.
  let begun = 0;
  const all = Array.from({ length: 3 }, () =>
    connection.transaction(inTime(), async (statement) => {
      await statement("select 1", []);
      begun += 1;
      await vi.waitFor(() => expect(begun).toBe(3), { timeout: 20_000 });
    }),
  );
  await Promise.all(all);
  await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${database.name} and application_name = 'persist'`;
  expect(await read()).toEqual([{ a: 1 }]);
});

test("a backend that is ended while it writes leaves the outcome unknown", async () => {
  const { connection } = await openPostgres({ url: database.url, schema });
  const written = connection.write(inTime(), "select pg_sleep(602)", [], { fence: 1 });
  await vi.waitFor(async () =>
    expect(
      await sql`select pg_terminate_backend(pid) from pg_stat_activity where query = 'select pg_sleep(602)'`,
    ).toHaveLength(1),
  );
  await expect(written).rejects.toMatchObject({ code: "UNAVAILABLE", outcome: "unknown" });
});

test("a transaction is all or nothing, and one that failed leaves its connection usable", async () => {
  const { connection } = await openPostgres({ url: database.url, schema, pool: { max: 1 } });
  const failed = connection.transaction(inTime(), async (statement) => {
    await statement(insert, [7]);
    await statement("select 1 / 0", []).catch(() => {});
    return "as if nothing were";
  });
  await expect(failed).rejects.toMatchObject({ outcome: "not-applied" });
  const thrown = connection.transaction(inTime(), async (statement) => {
    await statement(insert, [7]);
    throw new Error("changed my mind");
  });
  await expect(thrown).rejects.toMatchObject({ message: expect.stringContaining("changed my mind") });
  expect(await counted(7)).toBe(0);
  await connection.transaction(inTime(), (statement) => statement(insert, [7]));
  expect(await counted(7)).toBe(1);
});

test("a transaction that is in the way of another runs again", async () => {
  const { connection } = await openPostgres({ url: database.url, schema });
  let tries = 0;
  await connection.transaction(inTime(), async (statement) => {
    tries += 1;
    await statement(insert, [8]);
    if (tries < 3) await statement("do $$ begin raise exception 'in the way' using errcode = '40001'; end $$", []);
  });
  expect([tries, await counted(8)]).toEqual([3, 1]);
});

test("who listens hears, and is told when it begins anew", async () => {
  const { connection } = await openPostgres({ url: database.url, schema });
  const heard: (string | undefined)[] = [];
  const stop = connection.listen("links", (payload) => heard.push(payload));
  await vi.waitFor(() => expect(heard).toEqual([undefined]));
  await sql`select pg_notify('links', 'a')`;
  await vi.waitFor(() => expect(heard).toEqual([undefined, "a"]));
  await sql`select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen "links"%'`;
  await vi.waitFor(() => expect(heard).toEqual([undefined, "a", undefined]), { timeout: 30_000 });
  await sql`select pg_notify('links', 'b')`;
  await vi.waitFor(() => expect(heard).toEqual([undefined, "a", undefined, "b"]));
  stop();
  await vi.waitFor(async () =>
    expect(await sql`select from pg_stat_activity where query like 'listen "links"%'`).toEqual([]),
  );
});

test("a given instance is used as it is, and not ended", async () => {
  const given = postgres(database.url, { max: 2, onnotice: () => {} });
  onTestFinished(() => given.end());
  const { connection, raw, close } = await openPostgres({ sql: given, schema: "given" });
  expect(raw()).toBe(given);
  await connection.transaction(inTime(), (statement) => statement(insert, [9]));
  await expect(connection.transaction(inTime(), (statement) => statement("select 1 / 0", []))).rejects.toMatchObject({
    outcome: "not-applied",
  });
  await expect(connection.read(within(20), "select pg_sleep(1)", [])).rejects.toMatchObject({ code: "TIMEOUT" });
  expect(await connection.read(inTime(), "select $1::text::json as a", ['{"a":1}'])).toEqual([{ a: { a: 1 } }]);
  await close();
  expect(await given`select 1 as a`).toEqual([{ a: 1 }]);
});

test("a given instance whose connection breaks within a transaction goes on", async () => {
  const given = postgres(database.url, { max: 1, onnotice: () => {} });
  onTestFinished(() => given.end());
  const { connection } = await openPostgres({ sql: given, schema: "given" });
  const broken = connection.transaction(inTime(), async (statement) => {
    const [{ pid }] = (await statement<{ pid: number }>("select pg_backend_pid() as pid", [])) as [{ pid: number }];
    await sql`select pg_terminate_backend(${pid})`;
    await statement("select 2", []);
  });
  await expect(broken).rejects.toMatchObject({ code: "UNAVAILABLE", outcome: "not-applied" });
  expect(await connection.read(inTime(), "select 1 as a", [])).toEqual([{ a: 1 }]);
});

test("a server that is restarted or full", async () => {
  await using server = await startPostgres({ flags: { max_connections: 6, superuser_reserved_connections: 0 } });
  const { connection } = await openPostgres({ url: server.url, pool: { max: 20 } });
  const read = () => connection.read(inTime(), "select 1 as a, pg_sleep(0.01)", []);
  const answers = await Promise.all(Array.from({ length: 40 }, read));
  expect(answers).toHaveLength(40); // by the connections that there are

  const greedy = postgres(server.url, { max: 1, onnotice: () => {} });
  onTestFinished(() => greedy.end());
  await server.restart();
  expect(await read()).toMatchObject([{ a: 1 }]);
  await server.kill9();
  await expect(read()).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await server.restart();
  await vi.waitFor(async () => expect(await read()).toMatchObject([{ a: 1 }]));
});
