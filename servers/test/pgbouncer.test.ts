import { findPgBouncer, mayBeMissing, startPgBouncer } from "@cuitty/persist-servers";
import { useDatabase } from "@cuitty/persist-servers/vitest";
import postgres from "postgres";
import { describe, expect, onTestFinished, test } from "vitest";
import { isAlive } from "../src/process-tree.ts";

const missing = mayBeMissing(() => findPgBouncer());

describe.skipIf(missing)(`PgBouncer${missing && ` (skipped: ${missing})`}`, () => {
  const database = useDatabase();

  async function start(options: Partial<Parameters<typeof startPgBouncer>[0]> = {}) {
    const bouncer = await startPgBouncer({ upstream: database, poolMode: "transaction", ...options });
    onTestFinished(() => bouncer.stop());
    return bouncer;
  }

  function connect(url: string) {
    const sql = postgres(url, { max: 1, prepare: false, onnotice: () => {} });
    onTestFinished(() => sql.end({ timeout: 1 }));
    return sql;
  }

  test("shares one connection among clients, transaction by transaction", async () => {
    const { url } = await start({ settings: { default_pool_size: 1 } });
    const one = connect(url);
    const two = connect(url);
    const backend = async (sql: typeof one) => (await sql`select pg_backend_pid() as pid`)[0]?.pid as number;
    expect(await backend(one)).toBe(await backend(two));
    expect((await one`select current_database() as name`)[0]?.name).toBe(database.name);
    // What a session would keep for itself is seen by the other.
    await one`set application_name = 'one'`;
    await one`select set_config('persist.mark', 'left by one', false)`;
    expect((await two`select current_setting('persist.mark', true) as mark`)[0]?.mark).toBe("left by one");
  });

  test("gives each client a connection of its own where it is asked to", async () => {
    const { url } = await start({ poolMode: "session" });
    const [one, two] = [connect(url), connect(url)];
    const [[a], [b]] = await Promise.all([one`select pg_backend_pid() as pid`, two`select pg_backend_pid() as pid`]);
    expect(a?.pid).not.toBe(b?.pid);
  });

  test("stops, also under its clients, and tells what it did", async () => {
    const bouncer = await start();
    const sql = connect(bouncer.url);
    await sql`select 1`;
    await bouncer.stop();
    await bouncer.stop();
    expect(isAlive(bouncer.pid)).toBe(false);
    expect(bouncer.log()).toContain("process up: PgBouncer");
    await expect(sql`select 1`).rejects.toThrow();
  });

  test("carries prepared statements over, where its version can", async () => {
    const { version } = findPgBouncer();
    const started = start({ maxPreparedStatements: 10 });
    if (/^1\.(\d|1\d|20)\./.test(version)) await expect(started).rejects.toThrow("1.21 and later");
    else await expect(started).resolves.toMatchObject({ version });
  });

  test("says why it does not start", async () => {
    await expect(start({ settings: { no_such_setting: 1 } })).rejects.toThrow("no_such_setting");
  });
});
