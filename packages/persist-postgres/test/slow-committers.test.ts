// Transactions that stay open for a while and then commit or roll back, beside readers who never stop looking: nobody misses anything, and nobody waits for ever.
import { setTimeout as wait } from "node:timers/promises";
import type { AppendOp, Change, PutOp, Store } from "@cuitty/persist-core";
import { findPostgres, mayBeMissing } from "@cuitty/persist-servers";
import { useDatabase } from "@cuitty/persist-servers/vitest";
import type { ReservedSql } from "postgres";
import { describe, expect, onTestFinished, test } from "vitest";
import { sentList } from "../src/operations.ts";
import { expectFailure, openSql, openStore, startNetwork } from "./stores.ts";

const missing = mayBeMissing(() => findPostgres());

describe.skipIf(missing)(`slow committers${missing && ` (skipped: ${missing})`}`, () => {
  const database = useDatabase();
  const seed = Math.trunc(Math.random() * 2 ** 31);
  /** Of each session. */
  const rounds = 60;

  /** Transactions by hand, which write as stores do, and stay open as long as they like. */
  async function openSession(url: string): Promise<{ sql: ReservedSql; write(op: AppendOp | PutOp): Promise<void> }> {
    const sql = await openSql(url).reserve();
    onTestFinished(() => sql.release());
    const [scope] = await sql<{ id: number }[]>`select id from persist.scopes where name = 'test' and namespace = ''`;
    const write = async (op: AppendOp | PutOp) => {
      const lists = JSON.stringify([sentList([op])]);
      await sql`select persist.commit_lists(${scope?.id ?? 0}, ${Date.now()}, null, ${lists}::text::json)`;
    };
    return { sql, write };
  }

  const event = (id: string) => ({ id, type: "t", tags: [], data: `{"by":${JSON.stringify(id)}}` });
  const append = (stream: string, ids: readonly string[]): AppendOp => ({
    op: "append",
    stream,
    events: ids.map(event),
  });
  const put = (key: string): PutOp => ({ op: "put", space: "kv", key, value: `"${key}"`, version: `v-${key}` });
  /** Between nothing and a little more than a reader's pause. */
  const dawdle = () => wait(Math.random() * 12);

  /** Writes in transactions that stay open, every third of which is rolled back. Answers what was committed, in this session's order. */
  async function commitSlowly(url: string, name: string, opOf: (round: string) => AppendOp | PutOp): Promise<string[]> {
    const { sql, write } = await openSession(url);
    const committed: string[] = [];
    for (let n = 0; n < rounds; n++) {
      const round = `${name}-${n}`;
      await sql`begin`;
      await write(opOf(round));
      await dawdle();
      const givesUp = n % 3 === 2;
      await (givesUp ? sql`rollback` : sql`commit`);
      if (!givesUp) committed.push(round);
    }
    return committed;
  }

  /** Does not stop before it has come to the end after the writers have. */
  async function readWhile(work: Promise<unknown>, look: () => Promise<void>): Promise<void> {
    let isOver = false;
    const over = () => {
      isOver = true;
    };
    void work.then(over, over);
    for (let isLast = false; !isLast; ) {
      isLast = isOver;
      await look();
      await wait(1);
    }
  }

  /** Those of one session stand in its order. */
  function expectOrder(seen: readonly string[], committed: readonly (readonly string[])[]): void {
    const places = new Map(seen.map((id, place) => [id, place]));
    for (const session of committed) {
      const order = session.map((id) => places.get(id) ?? Number.NaN);
      expect(order).toEqual([...order].sort((a, b) => a - b));
    }
  }

  test(`readers of events skip nothing, and see nothing twice or in another order (seed ${seed})`, async () => {
    const store = await openStore(database.url);
    const beside = await openStore(database.url);
    const distant = await startNetwork(database.url);
    distant.delay(2);
    const slow = await openStore(distant.through(database.url));

    const throughStore = async (name: string, through: Store, condition: boolean): Promise<string[]> => {
      const committed: string[] = [];
      for (let n = 0; n < rounds; n++) {
        const id = `${name}-${n}`;
        // Judged in JavaScript, in a transaction of several round trips.
        const failIf = { match: { types: ["never"] }, after: 0 };
        await through.events.append(name, [{ id, type: "t", data: 0 }], condition ? { failIf } : {});
        committed.push(id);
      }
      return committed;
    };
    const writers = Promise.all([
      ...["raw-1", "raw-2", "raw-3"].map((name) =>
        commitSlowly(database.url, name, (round) => append(name, [round, `${round}+`])),
      ),
      throughStore("store", store, false),
      throughStore("slow-store", slow, true),
    ]);

    const pages: string[][] = [];
    const pollers = [store, beside, slow].map((from) => {
      const seen: string[] = [];
      pages.push(seen);
      return readWhile(writers, async () => {
        for await (const { id, position } of from.events.readAll({ after: seen.length })) {
          seen.push(id);
          expect(position).toBe(seen.length);
        }
      });
    });
    const subscribed: string[] = [];
    const subscription = beside.events.subscribe({ after: "start" });
    const subscriber = (async () => {
      for await (const { id, position } of subscription) {
        subscribed.push(id);
        expect(position).toBe(subscribed.length);
      }
    })();

    const committed = await writers;
    await Promise.all(pollers);
    const all = [
      ...committed
        .slice(0, 3)
        .flat()
        .flatMap((round) => [round, `${round}+`]),
      ...committed.slice(3).flat(),
    ];
    await expect.poll(() => subscribed.length, { timeout: 30_000 }).toBeGreaterThanOrEqual(all.length);
    await subscription.close();
    await subscriber;
    for (const seen of [...pages, subscribed]) {
      expect([...seen].sort()).toEqual([...all].sort());
      expectOrder(seen, committed);
    }
  });

  test("readers of changes skip nothing, and see nothing twice or in another order", async () => {
    const store = await openStore(database.url);
    const beside = await openStore(database.url);
    await store.kv.set("before", 1);

    const writers = Promise.all([
      ...["r1", "r2", "r3", "r4", "r5"].map((name) => commitSlowly(database.url, name, put)),
      (async () => {
        const committed: string[] = [];
        for (let n = 0; n < rounds * 3; n++) {
          await store.kv.set(`s-${n}`, n);
          committed.push(`s-${n}`);
        }
        return committed;
      })(),
    ]);

    const keysOf = (change: Change) => ("key" in change ? change.key : change.stream);
    const polled = [store, beside].map((from) => {
      const seen: string[] = [];
      let since: string | undefined;
      const reading = readWhile(writers, async () => {
        const changes = from.changes({ live: false, facades: ["kv"], ...(since === undefined ? {} : { since }) });
        for await (const change of changes) {
          if (keysOf(change) !== "before") seen.push(keysOf(change));
          since = change.cursor;
        }
      });
      return { seen, reading };
    });
    const followed: string[] = [];
    const watcher = beside.changes({ facades: ["kv"] });
    await watcher.ready;
    const following = (async () => {
      for await (const change of watcher) followed.push(keysOf(change));
    })();

    const committed = await writers;
    await Promise.all(polled.map(({ reading }) => reading));
    const all = committed.flat().sort();
    for (const { seen } of polled) {
      expect([...seen].sort()).toEqual(all);
      expectOrder(seen, committed);
    }
    // It may have begun a little after the first of them.
    await expect.poll(() => followed.at(-1), { timeout: 30_000 }).toBe(polled[0]?.seen.at(-1));
    await watcher.close();
    await following;
    expect(new Set(followed).size).toBe(followed.length);
    expectOrder(
      followed,
      committed.map((session) => session.filter((key) => followed.includes(key))),
    );
  });

  test("who has appended and stays idle keeps other appends waiting until their deadline, and nobody else", async () => {
    const store = await openStore(database.url);
    const { position: end } = await store.events.append("quiet", { id: "q-1", type: "t", data: 0 });
    const { sql, write } = await openSession(database.url);
    await sql`begin`;
    await write(append("quiet", ["idle"]));
    const feed = store.changes({ facades: ["kv"] });
    await feed.ready;

    // Core does not wait to be told that it was cancelled.
    await expectFailure(
      store.events.append("quiet", { id: "late", type: "t", data: 0 }, { timeout: 500 }),
      "TIMEOUT",
      "unknown",
    );
    expect(await store.events.head()).toBe(end);
    expect(await store.events.readAll({ after: end }).toArray({ max: 10 })).toEqual([]);
    await store.kv.set("beside", 1);
    for await (const change of feed) {
      expect(change).toMatchObject({ key: "beside" });
      break;
    }

    const waiting = () =>
      sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    await expect.poll(async () => (await waiting()).length).toBe(0);
    await sql`rollback`;
    expect(await store.events.append("quiet", { id: "q-2", type: "t", data: 0 })).toMatchObject({ position: end + 1 });
    expect((await store.events.read("quiet").toArray({ max: 10 })).map(({ id }) => id)).toEqual(["q-1", "q-2"]);
  });

  test("a transaction that stays open delays nobody's feed, and what it wrote comes when it commits", async () => {
    const store = await openStore(database.url);
    const { sql, write } = await openSession(database.url);
    const watcher = store.changes({ facades: ["kv"] });
    await watcher.ready;
    const feed = watcher[Symbol.asyncIterator]();
    const next = async () => (await feed.next()).value;

    await sql`begin`;
    await write(put("open-slow"));
    for (let n = 1; n <= 20; n++) {
      await store.kv.set(`open-${n}`, n);
      expect(await next()).toMatchObject({ key: `open-${n}` });
    }
    await sql`commit`;
    expect(await next()).toMatchObject({ key: "open-slow", value: "open-slow" });
    await watcher.close();
  });
});
