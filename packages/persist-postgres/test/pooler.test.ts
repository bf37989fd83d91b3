/** Behind PgBouncer in transaction mode. What the whole store does there is tried by the kit. */
import { findPgBouncer, mayBeMissing, startPgBouncer, startProxy } from "@cuitty/persist-servers";
import { useDatabase } from "@cuitty/persist-servers/vitest";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { inTime, openPostgres, within } from "./connections.ts";
import { connect } from "./feed-reader.ts";

const missing = mayBeMissing(() => findPgBouncer());

describe.skipIf(missing)(`behind PgBouncer${missing && ` (skipped: ${missing})`}`, () => {
  const database = useDatabase();

  async function start() {
    const bouncer = await startPgBouncer({
      upstream: database,
      poolMode: "transaction",
      settings: { default_pool_size: 3 },
    });
    onTestFinished(() => bouncer.stop());
    return bouncer;
  }

  test("a statement whose time is up is cancelled, and the pooler lives on", async () => {
    const bouncer = await start();
    const { connection } = await openPostgres({ url: bouncer.url, prepare: false });
    for (let i = 0; i < 5; i++) {
      const late = Array.from({ length: 3 }, () => connection.write(within(50), "select pg_sleep(603)", []));
      for (const { status } of await Promise.allSettled(late)) expect(status).toBe("rejected");
    }
    await vi.waitFor(async () =>
      expect(
        await connect(
          database.url,
        )`select from pg_stat_activity where query = 'select pg_sleep(603)' and state = 'active'`,
      ).toEqual([]),
    );
    expect(await connection.read(inTime(), "select 1 as a", [])).toEqual([{ a: 1 }]);
    expect(bouncer.log()).not.toContain("FATAL");
  });

  test("what is being cancelled when the store is closed is waited for: requests that are cut off bring old poolers down", async () => {
    const bouncer = await start();
    for (let i = 0; i < 20; i++) {
      const wire = await startProxy(bouncer.port);
      const opened = await openPostgres({ url: wire.through(bouncer.url), prepare: false });
      const late = Array.from({ length: 3 }, () => opened.connection.read(within(30), "select pg_sleep(603)", []));
      for (const { status } of await Promise.allSettled(late)) expect(status).toBe("rejected");
      await opened.close();
      await wire.close();
    }
    expect(bouncer.log()).not.toContain("FATAL");
  });

  test("with prepare: true either all goes well, or the error says what to set", async () => {
    const bouncer = await start();
    const attempt = async () => {
      const { connection } = await openPostgres({ url: bouncer.url });
      for (let i = 0; i < 20; i++) {
        await Promise.all(Array.from({ length: 8 }, () => connection.write(inTime(), "select $1::int4 as a", [i])));
      }
    };
    const error = await attempt().catch((reason: unknown) => reason);
    if (error !== undefined) {
      expect(error).toMatchObject({ code: "UNAVAILABLE", message: expect.stringContaining("prepare: false") });
    }
  });
});
