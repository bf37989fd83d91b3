import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { findPostgres, mayBeMissing, type PostgresServer, startPostgres, startProxy } from "@cuitty/persist-servers";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { latestCursor } from "../src/changes.ts";
import { at, connect, type Feed, feedOf, keysOf, openAt, put } from "./feed-reader.ts";
import { copySchema } from "./restoring.ts";

// Servers that may be stopped.
vi.stubEnv("PERSIST_TEST_PG_URL", "");

const missing = mayBeMissing(() => findPostgres());

async function start(): Promise<PostgresServer> {
  const server = await startPostgres();
  onTestFinished(() => server.stop());
  return server;
}

/** Who stays connected while the server behind the port is exchanged. Nobody listens. */
async function connected(port: number, processes: number) {
  const proxy = await startProxy(port);
  onTestFinished(() => proxy.close());
  const feeds: Feed[] = [];
  for (let i = 0; i < processes; i++) {
    const { connection } = await openAt({ url: proxy.through(`postgres://persist@127.0.0.1:${port}/postgres`) });
    feeds.push(await feedOf(connection));
  }
  return { proxy, feeds, feed: feeds[0] as Feed };
}

const numbersOf = async (url: string) => {
  const sql = connect(url);
  const [lineage] = await sql`select number, since::text from persist.lineage`;
  const rows = await sql<{ key: string; xact: string }[]>`select key, xact::text from persist.kv`;
  return { number: lineage?.number, since: BigInt(lineage?.since), rows };
};

describe.skipIf(missing)(`lineage${missing && ` (skipped: ${missing})`}`, () => {
  test("behind connections that are made anew there is a cluster with restored data: numbers go on, and cursors too", async () => {
    const [before, after] = [await start(), await start()];
    const { proxy, feeds, feed } = await connected(before.port, 5);
    await connect(before.url).unsafe(
      "do $$ begin for i in 1..3000 loop perform pg_current_xact_id(); commit; end loop; end $$",
    );
    for (const key of ["a", "b", "c"]) await feed.commit(put(key, "1"));
    const [first] = await feed.readAll();
    const latest = await latestCursor(feed.connection, feed.scope, at());
    await copySchema(before.url, after.url, "persist");
    proxy.lead(after.port);
    proxy.cut();

    await Promise.all(feeds.map((each, i) => vi.waitFor(() => each.commit(put(`after-${i}`, "1")))));
    const { number, since, rows } = await numbersOf(after.url);
    expect(number).toBe(1);
    const made = rows.filter(({ key }) => key.startsWith("after-"));
    expect(made).toHaveLength(5);
    for (const { xact } of made) expect(BigInt(xact)).toBeGreaterThan(since);
    const names = made.map(({ key }) => key);
    expect(keysOf(await feed.readAll(latest)).sort()).toEqual(names.sort());
    expect(keysOf(await feed.readAll(first?.cursor)).slice(0, 2)).toEqual(["b", "c"]);
    expect((await numbersOf(before.url)).rows).toHaveLength(3);
  });

  test("who only reads changes goes on there as well, before anybody has written", async () => {
    const [before, after] = [await start(), await start()];
    const { proxy, feed } = await connected(before.port, 1);
    await connect(before.url).unsafe(
      "do $$ begin for i in 1..3000 loop perform pg_current_xact_id(); commit; end loop; end $$",
    );
    for (const key of ["a", "b"]) await feed.commit(put(key, "1"));
    const [first] = await feed.readAll();
    await copySchema(before.url, after.url, "persist");
    proxy.lead(after.port);
    proxy.cut();
    expect(keysOf(await feed.readAll(first?.cursor))).toEqual(["b"]);
    expect((await numbersOf(after.url)).number).toBe(1);
  });

  test("a standby takes nothing, and once it is promoted, numbers go on over connections that were open before", async () => {
    const server = await start();
    const { feed } = await connected(server.port, 1);
    for (const key of ["a", "b"]) await feed.commit(put(key, "1"));
    const latest = await latestCursor(feed.connection, feed.scope, at());
    writeFileSync(join(server.dir as string, "data", "standby.signal"), "");
    await server.restart();

    await expect(feed.commit(put("c", "1"))).rejects.toMatchObject({ code: "DENIED", outcome: "not-applied" });
    await expect(feed.readAll(latest)).rejects.toMatchObject({ code: "DENIED" });
    await connect(server.url)`select pg_promote()`;
    await vi.waitFor(() => feed.commit(put("c", "1")));
    expect(keysOf(await feed.readAll(latest))).toEqual(["c"]);
    const { number, since, rows } = await numbersOf(server.url);
    expect(number).toBe(1);
    expect(BigInt(rows.find(({ key }) => key === "c")?.xact ?? 0)).toBeGreaterThan(since);
  });
});
