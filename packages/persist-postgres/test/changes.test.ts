import { findPostgres, mayBeMissing, startPostgres } from "@cuitty/persist-servers";
import { useDatabase } from "@cuitty/persist-servers/vitest";
import { describe, expect, test, vi } from "vitest";
import { latestCursor, readChanges } from "../src/changes.ts";
import { commitLists } from "../src/commit.ts";
import { at, begin, connect, type Feed, feedOf, keysOf, openAt, put, remove } from "./feed-reader.ts";
import { copySchema } from "./restoring.ts";

const missing = mayBeMissing(() => findPostgres());

describe.skipIf(missing)(`changes${missing && ` (skipped: ${missing})`}`, () => {
  const database = useDatabase();
  let namespaces = 0;

  async function openFeed() {
    const { connection } = await openAt({ url: database.url });
    return { feed: await feedOf(connection, `n${namespaces++}`), connection, sql: connect(database.url) };
  }

  test("come in commit order, with their present state, and go on after each cursor", async () => {
    const { feed, connection } = await openFeed();
    const events = [{ id: "e", type: "t", tags: [], data: "1" }];
    await feed.commit(put("a", "1"), { op: "append", stream: "s", events });
    await feed.commit(put("b", "1"), put("c", "1"));
    await feed.commit(put("a", "2"));
    await feed.commit(remove("b"));
    const all = await feed.readAll();
    expect(all.map(({ space, key, version, reason }) => [space, key, version, reason])).toEqual([
      ["streams", "s", "1", undefined],
      ["kv", "c", "1", undefined],
      ["kv", "a", "2", undefined],
      ["kv", "b", "no-b", "deleted"],
    ]);
    expect(all[0]?.row).toMatchObject({ value: '{"version":1,"position":1}' });
    for (const limit of [1, 2, 100]) {
      expect(await feed.readAll(undefined, limit)).toMatchObject(all.map(({ key }) => ({ key })));
      for (const [i, { cursor }] of all.entries())
        expect(keysOf(await feed.readAll(cursor, limit))).toEqual(keysOf(all.slice(i + 1)));
    }
    expect(await feed.readAll(await latestCursor(connection, feed.scope, at()))).toEqual([]);
  });

  test("tell neither of other namespaces, nor of ghosts, nor of what has expired", async () => {
    const { feed, connection } = await openFeed();
    const other = await feedOf(connection, "other");
    await other.commit(put("theirs", "1"));
    await commitLists(
      connection,
      feed.scope,
      [[{ op: "check", space: "kv", key: "ghost", ifVersion: null }, put("a", "1", 2000)]],
      at(),
    );
    expect(keysOf(await feed.readAll(undefined, 3, 1999))).toEqual(["a"]);
    expect(await feed.readAll(undefined, 3, 2000)).toEqual([]);
  });

  test("an open transaction holds nobody up, and is told of once it commits", async () => {
    const { feed, connection, sql } = await openFeed();
    const slow = await begin(sql, connection);
    const gone = await begin(sql, connection);
    await commitLists(slow.connection, feed.scope, [[put("slow", "1")]], at());
    await commitLists(gone.connection, feed.scope, [[put("gone", "1")]], at());
    await feed.commit(put("a", "1"));
    await feed.commit(put("b", "1"));
    const before = await feed.readAll(undefined, 1);
    expect(keysOf(before)).toEqual(["a", "b"]);
    const { cursor } = await readChanges(connection, feed.scope, before[0]?.cursor, 10, 1000, at());
    await slow.commit();
    await gone.rollback();
    expect(keysOf(await feed.readAll(cursor, 1))).toEqual(["slow"]);
    // Within a batch that had begun before, too: what was passed is in the next.
    expect(keysOf(await feed.readAll(before[0]?.cursor, 1))).toEqual(["b", "slow"]);
  });

  test("a key that was made anew by a lower number is not told of as deleted last", async () => {
    const { feed, connection, sql } = await openFeed();
    await feed.commit(put("k", "1"));
    const since = await latestCursor(connection, feed.scope, at());
    const lower = await begin(sql, connection);
    await commitLists(lower.connection, feed.scope, [[put("x", "1")]], at());
    await feed.commit(remove("k"));
    await commitLists(lower.connection, feed.scope, [[put("k", "2"), put("y", "1")]], at()); // not alone: what is plain is alone in its transaction
    await lower.commit();
    for (const limit of [1, 10]) {
      const last = (await feed.readAll(since, limit)).filter(({ key }) => key === "k").at(-1);
      expect(last).toMatchObject({ version: "2", row: { version: "2" } });
    }
  });

  test("who follows while others commit slowly, and take back, misses nothing and ends with the truth", async () => {
    const { feed, connection, sql } = await openFeed();
    const committed = new Set<string>();
    const takenBack = new Set<string>();
    let writing = true;
    let pages = 0;
    const random = (n: number) => Math.floor(Math.random() * n);
    const ops = (name: string) => {
      const key = `k${random(12)}`;
      return [random(3) === 0 ? remove(key, name) : put(key, name), put(name, name)];
    };
    const slowly = async (w: number) => {
      for (let i = 0; i < 30; i++) {
        const name = `slow-${w}-${i}`;
        const transaction = await begin(sql, connection);
        let isKept = random(3) > 0;
        try {
          await commitLists(transaction.connection, feed.scope, [ops(name)], at());
          // Stays open until those who follow have passed it by.
          const pagesThen = pages + random(12);
          await vi.waitFor(() => expect(pages).toBeGreaterThanOrEqual(pagesThen), { interval: 1 });
          await commitLists(transaction.connection, feed.scope, [[put(`${name}-too`, name)]], at());
        } catch {
          isKept = false; // a deadlock
        }
        await (isKept ? transaction.commit() : transaction.rollback());
        (isKept ? committed : takenBack).add(name);
      }
    };
    const fast = async (w: number) => {
      for (let i = 0; i < 80; i++) {
        const name = `fast-${w}-${i}`;
        await feed.commit(...ops(name));
        committed.add(name);
      }
    };
    const follow = async (limit: number) => {
      const told = new Map<string, string | undefined>();
      let cursor: string | undefined;
      for (let last = false; !last; ) {
        last = !writing;
        for (let more = true; more; ) {
          const page = await readChanges(connection, feed.scope, cursor, limit, 1000, at());
          pages++;
          for (const { key, row } of page.changes) told.set(key, row?.version);
          ({ cursor, more } = page);
          const some = page.changes[random(page.changes.length + 1)]; // or from a place within the page
          if (some !== undefined && !last && random(4) === 0) ({ cursor } = some);
        }
      }
      return told;
    };
    const writers = Promise.all([...[0, 1, 2, 3].map(slowly), ...[0, 1, 2].map(fast)]).finally(() => {
      writing = false;
    });
    const readers = await Promise.all([1, 2, 7, 500].map(follow));
    await writers;
    const truth = await sql<
      { key: string; version: string }[]
    >`select key, version from persist.kv where scope = ${feed.scope} and version <> ''`;
    expect(takenBack.size).toBeGreaterThan(0);
    for (const told of readers) {
      for (const name of committed) expect(told.get(name)).toBe(name);
      for (const name of takenBack) expect(told.has(name)).toBe(false);
      const present = [...told].filter(([, version]) => version !== undefined);
      expect(new Map(present)).toEqual(new Map(truth.map(({ key, version }) => [key, version])));
    }
  });

  test("deletions that were forgotten expire the cursors before them, and not those that began after", async () => {
    const { feed, connection, sql } = await openFeed();
    for (const key of ["a", "b", "c", "d"]) await feed.commit(put(key, "1"));
    const [, second] = await feed.readAll();
    const behind = await latestCursor(connection, feed.scope, at());
    await feed.commit(remove("a"));
    const ahead = await latestCursor(connection, feed.scope, at());
    await sql`update persist.scopes s set forgotten = (select max(xact) from persist.deletions d where d.scope = s.id) where id = ${feed.scope}`;
    await sql`delete from persist.deletions where scope = ${feed.scope}`;
    await expect(feed.readAll(behind)).rejects.toMatchObject({ code: "CURSOR_EXPIRED" });
    await expect(feed.readAll(second?.cursor)).rejects.toMatchObject({ code: "CURSOR_EXPIRED" });
    await feed.commit(put("c", "2"));
    expect(keysOf(await feed.readAll(ahead))).toEqual(["c"]);
    expect(keysOf(await feed.readAll(undefined, 1))).toEqual(["b", "d", "c"]); // many pages, all behind what was forgotten
  });

  test("a cursor of a later state, or of another lineage, is refused", async () => {
    const { feed, connection } = await openFeed();
    const latest = await latestCursor(connection, feed.scope, at());
    const [, , told, snapshot] = latest.split(".");
    for (const cursor of [`1.0.${told}.zzzzzzzz`, `1.1.${told}.${snapshot}`])
      await expect(feed.readAll(cursor)).rejects.toMatchObject({ code: "CURSOR_EXPIRED" });
    await expect(feed.readAll("nonsense")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("in a fresh cluster to which a dump was restored, cursors from before go on", async () => {
    const { connection } = await openAt({ url: database.url, schema: "moved" });
    const feed = await feedOf(connection);
    const sql = connect(database.url);
    await sql.unsafe("do $$ begin for i in 1..3000 loop perform pg_current_xact_id(); commit; end loop; end $$");
    for (const key of ["a", "b", "c"]) await feed.commit(put(key, "1"));
    const [first] = await feed.readAll();
    const early = (first as { cursor: string }).cursor;
    await sql.unsafe("select pg_current_xact_id()"); // somebody else's
    const idle = await latestCursor(connection, feed.scope, at());

    await using server = await startPostgres();
    const target = connect(server.url);
    await copySchema(database.url, server.url, "moved");
    await feed.commit(put("lost", "1")); // after the dump
    const beyond = await latestCursor(connection, feed.scope, at());

    const moved = await feedOf((await openAt({ url: server.url, schema: "moved" })).connection);
    const [{ xid }] = (await target`select pg_current_xact_id()::text::int as xid`) as unknown as [{ xid: number }];
    expect(xid).toBeLessThan(3000);
    expect(keysOf(await moved.readAll(early))).toEqual(["b", "c"]);
    expect(keysOf(await moved.readAll(idle))).toEqual([]);
    await moved.commit(put("after", "1"));
    await moved.commit(remove("a"));
    expect(keysOf(await moved.readAll(early, 1))).toEqual(["b", "c", "after", "a"]);
    expect(keysOf(await moved.readAll(idle, 1))).toEqual(["after", "a"]);
    const all = await moved.readAll();
    expect(keysOf(all)).toEqual(["b", "c", "after", "a"]);
    expect(keysOf(await moved.readAll(all[2]?.cursor))).toEqual(["a"]);
    await expect(moved.readAll(beyond)).rejects.toMatchObject({ code: "CURSOR_EXPIRED" });
  });

  test("a page among many rows, and beside an open transaction, costs a page", async () => {
    const { feed, connection, sql } = await openFeed();
    await sql.unsafe(`insert into persist.kv (scope, key, version, updated_at, xact, value)
      select ${feed.scope}, 'k' || i, 'v', 1000, 3 + i / 500, '1' from generate_series(1, 50000) i`);
    const slow = await begin(sql, connection);
    await commitLists(slow.connection, feed.scope, [[put("slow", "1")]], at());
    await feed.commit(put("z", "1"));
    for (const cursor of [undefined, (await readChanges(connection, feed.scope, undefined, 100, 1000, at())).cursor]) {
      expect(await blocksOf(sql, feed, cursor)).toBeLessThan(1000);
    }
    await slow.rollback();
  });
});

/** How many blocks of tables and indexes a page of a hundred touches. */
async function blocksOf(sql: ReturnType<typeof connect>, feed: Feed, cursor: string | undefined): Promise<number> {
  let blocks = 0;
  const explaining = {
    ...feed.connection,
    async read(_o: unknown, text: string, params: readonly unknown[]) {
      const [row] = await sql.unsafe(`explain (analyze, buffers, format json) ${text}`, params as string[]);
      const plan = row?.["QUERY PLAN"][0].Plan;
      blocks = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"];
      return sql.unsafe(text, params as string[]);
    },
  } as typeof feed.connection;
  await readChanges(explaining, feed.scope, cursor, 100, 1000, at());
  return blocks;
}
