import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  createDatabase,
  findPostgres,
  mayBeMissing,
  type PostgresOptions,
  type PostgresServer,
  startPostgres,
} from "@cuitty/persist-servers";
import postgres from "postgres";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { isAlive } from "../src/process-tree.ts";

// What is tested is what is started here, also where a server is given.
vi.stubEnv("PERSIST_TEST_PG_URL", "");

async function start(options?: PostgresOptions): Promise<PostgresServer> {
  const server = await startPostgres(options);
  onTestFinished(() => server.stop());
  return server;
}

/** In an environment of its own. */
function startIn(env: Readonly<Record<string, string>>): Promise<PostgresServer> {
  const before = Object.keys(env).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, env);
  return start().finally(() => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
}

async function ask(url: string, statement: string): Promise<unknown[]> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return [...(await sql.unsafe(statement))];
  } finally {
    await sql.end({ timeout: 1 });
  }
}

// The first that is found, and the oldest that users are promised.
for (const options of [{}, { version: 15 }] satisfies PostgresOptions[]) {
  const { version } = options as PostgresOptions;
  const missing = mayBeMissing(() => findPostgres(version));

  describe.skipIf(missing)(`PostgreSQL ${version ?? ""}${missing && ` (skipped: ${missing})`}`, () => {
    test("starts, works and stops without a trace", async () => {
      const server = await start(options);
      const { url, pid, dir = "" } = server;
      expect(server.version).toMatch(version === undefined ? /^\d+/ : /^15\./);
      const [said] = (await ask(url, "show server_version")) as [{ server_version: string }];
      expect(said.server_version.split(" ")[0]).toBe(server.version);
      expect(await ask(url, "show server_encoding")).toEqual([{ server_encoding: "UTF8" }]);
      expect(await ask(url, "select 'Z' < 'a' as bytes")).toEqual([{ bytes: true }]);
      expect(await ask(url, "show fsync")).toEqual([{ fsync: "off" }]);
      await server.stop();
      await server.stop();
      expect([isAlive(Number(pid)), existsSync(dir)]).toEqual([false, false]);
      expect(server.log()).toContain("ready to accept connections");
    });

    test("killed and started again, has what it acknowledged, and no one from before", async () => {
      const server = await start({ ...options, durable: true });
      const { url, pid } = server;
      await ask(url, "create table kept as select generate_series(1, 1000) as id");
      const standing = postgres(url, { max: 1 });
      onTestFinished(() => standing.end({ timeout: 1 }));
      const [{ backend = 0 } = {}] = await standing`select pg_backend_pid() as backend`;
      await server.kill9();
      expect([isAlive(Number(pid)), isAlive(backend)]).toEqual([false, false]);
      await expect(ask(url, "select 1")).rejects.toThrow("ECONNREFUSED");
      await server.restart();
      expect(server.url).toBe(url);
      expect(await ask(url, "select count(*)::int as n from kept")).toEqual([{ n: 1000 }]);
      expect(server.log()).toContain("was not properly shut down");
    });
  });
}

describe.skipIf(mayBeMissing(() => findPostgres()))("a server", () => {
  const isRoot = process.getuid?.() === 0;

  test("has a port of its own, so that two run side by side", async () => {
    const [one, two] = await Promise.all([start(), start()]);
    expect(one.port).not.toBe(two.port);
    await Promise.all([ask(one.url, "create table only_one ()"), ask(two.url, "create table only_two ()")]);
    expect(await ask(two.url, "select to_regclass('only_one') as other")).toEqual([{ other: null }]);
  });

  test("says why it does not start, and leaves nothing behind", async () => {
    await expect(start({ flags: { no_such_setting: 1 } })).rejects.toThrow(/no_such_setting/);
    const { port } = await start();
    await expect(start({ port })).rejects.toThrow(/Address already in use/);
  });

  test("has the settings it is given", async () => {
    const { url } = await start({ flags: { max_connections: 17 }, durable: true });
    expect(await ask(url, "show max_connections")).toEqual([{ max_connections: "17" }]);
    expect(await ask(url, "show fsync")).toEqual([{ fsync: "on" }]);
    expect(await ask(url, "show synchronous_commit")).toEqual([{ synchronous_commit: "on" }]);
  });

  test("goes on with the data of a folder, which stays", async () => {
    const dir = mkdtempSync(join(tmpdir(), "persist-kept-"));
    onTestFinished(() => rmSync(dir, { recursive: true }));
    const first = await start({ dir });
    await ask(first.url, "create table kept ()");
    await first.stop();
    const second = await start({ dir });
    expect(second.dir).toBe(dir);
    expect(await ask(second.url, "select to_regclass('kept')::text as kept")).toEqual([{ kept: "kept" }]);
    expect(second.log()).not.toContain("was not properly shut down");
  });

  test("sorts by the locale it is given", async () => {
    const { url } = await start({ locale: "icu:de-DE" });
    expect(await ask(url, "select 'a' < 'Z' as words, 'ä' < 'b' as umlauts")).toEqual([{ words: true, umlauts: true }]);
    const fresh = await createDatabase({ url });
    expect(await ask(fresh.url, "select 'a' < 'Z' as words")).toEqual([{ words: true }]);
  });

  test("asks for its password", async () => {
    const { url } = await start({ password: "p@ss/word" });
    expect(await ask(url, "select 1 as one")).toEqual([{ one: 1 }]);
    const wrong = new URL(url);
    wrong.password = "wrong";
    await expect(ask(wrong.href, "select 1")).rejects.toMatchObject({ code: "28P01" });
  });

  test.skipIf(!isRoot)("of root may live where only root may enter", async () => {
    const cave = mkdtempSync(join(tmpdir(), "persist-cave-"));
    onTestFinished(() => rmSync(cave, { recursive: true }));
    const server = await startIn({ TMPDIR: cave });
    expect(server.dir).toContain(cave);
    expect(await ask(server.url, "select 1 as one")).toEqual([{ one: 1 }]);
    await server.kill9();
    await server.restart();
    expect(await ask(server.url, "select 2 as two")).toEqual([{ two: 2 }]);
    await server.stop();
    expect(readdirSync(cave)).toEqual([]);
  });

  test.skipIf(!isRoot)("of root runs programs that only root can reach", async (context) => {
    const { folder } = findPostgres();
    if (folder.startsWith("/usr/")) return context.skip("Debian's programs are bound to their place");
    const cave = mkdtempSync(join(tmpdir(), "persist-cave-"));
    const path = mkdtempSync(join(tmpdir(), "persist-path-"));
    onTestFinished(() => {
      for (const folder of [cave, path]) rmSync(folder, { recursive: true });
    });
    cpSync(dirname(folder), cave, { recursive: true, verbatimSymlinks: true });
    // Stands for a system that refuses user namespaces.
    writeFileSync(join(path, "unshare"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    const server = await startIn({ PERSIST_PG_BIN: join(cave, "bin"), PATH: `${path}:${process.env.PATH}` });
    expect(await ask(server.url, "select 1 as one")).toEqual([{ one: 1 }]);
  });

  test("that is given lends a fresh database, and is neither killed nor set up", async () => {
    const given = await start();
    vi.stubEnv("PERSIST_TEST_PG_URL", given.url);
    onTestFinished(() => void vi.stubEnv("PERSIST_TEST_PG_URL", ""));
    const lent = await startPostgres();
    expect(lent).toMatchObject({ port: given.port, version: given.version });
    expect(lent.url).not.toBe(given.url);
    await expect(lent.kill9()).rejects.toThrow("PERSIST_TEST_PG_URL names a server that is not ours");
    await expect(lent.restart()).rejects.toThrow("PERSIST_TEST_PG_URL names a server that is not ours");
    await expect(startPostgres({ durable: true })).rejects.toThrow("fsync=off");
    await expect(startPostgres({ port: 1 })).rejects.toThrow('"port"');
    await expect(startPostgres({ version: 9 })).rejects.toThrow("PostgreSQL 9");
    await lent.stop();
    await expect(ask(lent.url, "select 1")).rejects.toMatchObject({ code: "3D000" });
  });
});

test("a version that this machine does not have is missed with what to install", () => {
  expect(() => findPostgres(9)).toThrow(/no PostgreSQL 9 .* Install Debian's postgresql-9/);
});
