import { findPostgres, mayBeMissing } from "@cuitty/persist-servers";
import { useDatabase } from "@cuitty/persist-servers/vitest";
import { describe, expect, test, vi } from "vitest";
import { channelOf, formatAnnouncement, parseAnnouncement } from "../src/announcements.ts";
import { latestCursor, readChanges } from "../src/changes.ts";
import { at, connect, feedOf, keysOf, openAt, put } from "./feed-reader.ts";

const missing = mayBeMissing(() => findPostgres());
const sender = "01234567-89ab-cdef-0123-456789abcdef";

test("announcements are read as they were written, and nothing else is one", () => {
  for (const scopes of [[], [1], [1, 22, 333], "all"] as const)
    expect(parseAnnouncement(formatAnnouncement({ sender, scopes }))).toEqual({ sender, scopes });
  const many = Array.from({ length: 2000 }, (_, i) => i);
  expect(parseAnnouncement(formatAnnouncement({ sender, scopes: many }))).toEqual({ sender, scopes: "all" });
  for (const payload of ["", "1", `${sender}`, `${sender} 1,`, `${sender} x`])
    expect(parseAnnouncement(payload)).toBeUndefined();
});

describe.skipIf(missing)(`wake${missing && ` (skipped: ${missing})`}`, () => {
  const database = useDatabase();

  test("calls this process's listeners of the scope, once for a turn", async () => {
    const { connection, wake } = await openAt({ url: database.url, prepare: false });
    const feed = await feedOf(connection);
    const calls = { here: 0, elsewhere: 0 };
    const stop = wake.listen(feed.scope, () => calls.here++);
    wake.listen(feed.scope + 1000, () => calls.elsewhere++);
    for (let i = 0; i < 5; i++) wake.notify(feed.scope);
    await new Promise(setImmediate);
    expect(calls).toEqual({ here: 1, elsewhere: 0 });
    stop();
    wake.notify(feed.scope);
    await new Promise(setImmediate);
    expect(calls.here).toBe(1);
  });

  test.each([
    ["its own connections", () => ({ url: database.url })],
    ["a given instance", () => ({ sql: connect(database.url) })],
  ])("a word is sent only where somebody listens, and whoever begins to is told before long (%s)", async (_, of) => {
    const [reading, writing] = [await openAt(of()), await openAt({ url: database.url })];
    const feed = await feedOf(writing.connection, "somebody");
    const sql = connect(database.url);
    const present = () => sql`select from pg_locks where locktype = 'advisory'
      and database = (select oid from pg_database where datname = current_database())`;
    await expect.poll(present, { timeout: 20_000 }).toEqual([]); // of the test before
    const heard: (string | undefined)[] = [];
    await sql.listen(channelOf(writing.connection), (payload) => heard.push(payload)); // by hand: nobody of ours
    writing.wake.notify(feed.scope);
    await new Promise((resolve) => setTimeout(resolve, 100));
    writing.wake.notify(feed.scope);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(heard).toEqual([]);

    const onWake = vi.fn();
    const stop = reading.wake.listen(feed.scope, onWake);
    await expect.poll(() => heard.length, { timeout: 20_000 }).toBeGreaterThan(0); // a word of its own
    onWake.mockClear();
    writing.wake.notify(feed.scope);
    await expect.poll(() => onWake.mock.calls.length, { timeout: 20_000 }).toBeGreaterThan(0);
    stop();
  });

  test.each([true, false])(
    "who is woken reads all that another store writes, in order (prepare: %s)",
    async (prepare) => {
      const [reading, writing] = [await openAt({ url: database.url, prepare }), await openAt({ url: database.url })];
      const feed = await feedOf(reading.connection, `prepare ${prepare}`);
      const other = await feedOf(writing.connection, `prepare ${prepare}`);
      const told: string[] = [];
      let cursor = await latestCursor(reading.connection, feed.scope, at());
      let turn = Promise.resolve();
      reading.wake.listen(feed.scope, () => {
        turn = turn.then(async () => {
          const page = await readChanges(reading.connection, feed.scope, cursor, 500, 1000, at());
          told.push(...keysOf(page.changes));
          ({ cursor } = page);
        });
      });
      const sql = connect(database.url);
      const keys = Array.from({ length: 100 }, (_, i) => `k${i}`);
      for (const [i, key] of keys.entries()) {
        await other.commit(put(key, "1"));
        writing.wake.notify(other.scope);
        if (i % 40 === 20) {
          await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like 'listen %'`;
        }
      }
      await expect.poll(() => told.length, { timeout: 20_000 }).toBe(100);
      expect(told).toEqual(keys);
    },
  );
});
