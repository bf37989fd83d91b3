/** Sweeping on a real server: what goes, what stays, and that sweepers and writers do not wait for each other. */
import { deletionsKeptFor } from "@cuitty/persist-core";
import { useDatabase } from "@cuitty/persist-servers/vitest";
import { describe, expect, test } from "vitest";
import { sweep } from "../src/sweep.ts";
import { at, bytesOf, load, type OpenedScope, openScope, put, readBlob, remove, rowWith, store } from "./opened.ts";

const database = useDatabase();
const chunk = 256 * 1024;

/** Sweeps until there is nothing more to do, and answers how many steps that took. */
async function sweepAll({ connection, scope }: OpenedScope, now: number): Promise<number> {
  let steps = 1;
  while ((await sweep(connection, scope, at(now))).more) steps++;
  return steps;
}

/** Makes everything that waits for its time due. */
const makeDue = ({ sql }: OpenedScope) => sql("update s.blob_contents set free_at = 1 where free_at is not null");

const countOf = async ({ sql }: OpenedScope, from: string): Promise<number> =>
  (await sql<{ n: number }>(`select count(*)::int as n from s.${from}`))[0]?.n ?? 0;

describe("rows that have expired", () => {
  test.each(["records", "kv", "blobs", "system"] as const)("in %s become tombstones once", async (space) => {
    const opened = await openScope(database.url);
    await put(opened, space, "early", { version: "v", expiresAt: 2000 });
    await put(opened, space, "late", { expiresAt: 2001 });
    await put(opened, space, "ever");
    await sweepAll(opened, 1999);
    expect(await countOf(opened, space)).toBe(3);
    await sweepAll(opened, 2000);
    expect(await countOf(opened, space)).toBe(2);
    const tombstones = await opened.sql(
      "select key, version, reason, deleted_at::int as time from s.deletions where space = $1",
      [space],
    );
    expect(tombstones).toEqual([{ key: "early", version: "v", reason: "expired", time: 2000 }]);
    await opened.sql(`truncate s.${space}, s.deletions`);
  });

  test("go a bounded number at a time", async () => {
    const opened = await openScope(database.url);
    await opened.sql(
      "insert into s.kv (scope, key, version, updated_at, expires_at, xact, value) select $1, n::text, 'v', 0, n, 0, '1' from generate_series(1, 450) n",
      [opened.scope],
    );
    expect(await sweepAll(opened, 1000)).toBe(3);
    expect(await countOf(opened, "kv")).toBe(0);
    expect(await countOf(opened, "deletions")).toBe(450);
    await opened.sql("truncate s.deletions");
  });

  test("of another scope stay", async () => {
    const opened = await openScope(database.url);
    await put(opened, "kv", "a", { expiresAt: 2000 });
    await sweepAll({ ...opened, scope: opened.scope + 1 }, 3000);
    expect(await countOf(opened, "kv")).toBe(1);
    await opened.sql("truncate s.kv");
  });

  test("are passed over while somebody holds them, and nobody waits", async () => {
    const opened = await openScope(database.url);
    await put(opened, "kv", "held", { expiresAt: 2000 });
    await put(opened, "kv", "free", { expiresAt: 2000 });
    await opened.connection.transaction(at(0), async (statement) => {
      await statement("select 1 from s.kv where key = 'held' for update", []);
      expect(await sweep(opened.connection, opened.scope, at(3000))).toEqual({ more: false, took: true });
      expect(await opened.sql("select key from s.kv")).toEqual([{ key: "held" }]);
    });
    await sweepAll(opened, 3000);
    expect(await countOf(opened, "kv")).toBe(0);
    await opened.sql("truncate s.deletions");
  });

  test("that are written over meanwhile stay", async () => {
    const opened = await openScope(database.url);
    for (let round = 0; round < 30; round++) {
      await put(opened, "kv", "a", { expiresAt: 500 });
      await Promise.all([
        put(opened, "kv", "a", { value: String(round) }),
        sweep(opened.connection, opened.scope, at(1000)),
      ]);
      expect(await opened.sql("select value from s.kv")).toEqual([{ value: String(round) }]);
    }
    await opened.sql("truncate s.kv, s.deletions");
  });

  test("are swept by several at once, each of them once", async () => {
    const opened = await Promise.all([1, 2, 3].map(() => openScope(database.url)));
    const [first] = opened as [OpenedScope];
    await first.sql(
      "insert into s.kv (scope, key, version, updated_at, expires_at, xact, value) select $1, n::text, 'v', 0, n, 0, '1' from generate_series(1, 3000) n",
      [first.scope],
    );
    await Promise.all(opened.map((each) => sweepAll(each, 5000)));
    await sweepAll(first, 5000);
    expect(await countOf(first, "kv")).toBe(0);
    expect(await countOf(first, "deletions")).toBe(3000);
    await first.sql("truncate s.deletions");
  });
});

describe("contents", () => {
  test("that nobody names go when their time has come, some chunks at a time", async () => {
    const opened = await openScope(database.url);
    const row = await store(opened, "kept", bytesOf(100));
    const { token } = await opened.bytes.extend(undefined, 0, bytesOf(4 * chunk), at(1000));
    await opened.sql("insert into s.blob_chunks (content, n, bytes) select $1, n, 'x' from generate_series(4, 139) n", [
      token,
    ]);
    await sweepAll(opened, 1000);
    expect(await countOf(opened, "blob_contents")).toBe(2);
    await makeDue(opened);
    expect(await sweepAll(opened, 1000)).toBeGreaterThan(2);
    expect(await countOf(opened, "blob_contents")).toBe(1);
    expect(await countOf(opened, "blob_chunks")).toBe(1);
    expect(await load(opened, row)).toEqual(bytesOf(100));
    await remove(opened, "blobs", "kept");
  });

  test("that have lost chunks are nobody's any more, even where the clock is set back", async () => {
    const opened = await openScope(database.url);
    const { token } = await opened.bytes.extend(undefined, 0, bytesOf(10), at(1000));
    await opened.sql("insert into s.blob_chunks (content, n, bytes) select $1, n, 'x' from generate_series(1, 199) n", [
      token,
    ]);
    await makeDue(opened);
    await sweep(opened.connection, opened.scope, at(1000));
    expect(await opened.sql("select free_at from s.blob_contents where id = $1", [token])).toEqual([{ free_at: "0" }]);
    await sweepAll(opened, 1000);
  });

  test("are never swept from under a blob, whatever is copied, deleted and swept at once", async () => {
    const [writer, copier, sweeping] = await Promise.all([1, 2, 3].map(() => openScope(database.url)));
    if (!writer || !copier || !sweeping) throw new Error("three connections");
    let copies = 0;
    for (let round = 0; round < 150; round++) {
      const bytes = bytesOf(300, round);
      const row = await store(writer, "original", bytes);
      const content = row.content as string;
      const [copied] = await Promise.all([
        put(copier, "blobs", "copy", { content }),
        remove(writer, "blobs", "original"),
        // Time is short: what is released here is due at once.
        makeDue(sweeping).then(() => sweep(sweeping.connection, sweeping.scope, at(1000))),
      ]);
      if (copied) {
        copies++;
        await makeDue(sweeping);
        await sweepAll(sweeping, 1000);
        const copy = await readBlob(copier, "copy");
        expect(await load(copier, copy ?? rowWith("0"))).toEqual(bytes);
        await remove(copier, "blobs", "copy");
      }
    }
    expect(copies).toBeGreaterThan(0);
    await makeDue(writer);
    await sweepAll(writer, 1000);
    expect(await countOf(writer, "blob_contents")).toBe(0);
    expect(await countOf(writer, "blob_chunks")).toBe(0);
    await writer.sql("truncate s.deletions");
  });

  test("that expired rows had are kept for their readers, and then go", async () => {
    const opened = await openScope(database.url);
    const { token } = await opened.bytes.extend(undefined, 0, bytesOf(10), at(1000));
    await put(opened, "blobs", "a", { content: token, expiresAt: 2000 });
    await sweepAll(opened, 2000);
    expect(await load(opened, rowWith(token))).toEqual(bytesOf(10));
    await makeDue(opened);
    await sweepAll(opened, 2000);
    expect(await countOf(opened, "blob_contents")).toBe(0);
    await opened.sql("truncate s.deletions");
  });
});

test("deletions are forgotten after their time, and it is remembered how far", async () => {
  const opened = await openScope(database.url);
  await opened.sql(
    `insert into s.deletions (scope, space, key, version, deleted_at, reason, xact)
     select $1, 'kv', n::text, 'v', n, 'deleted', 10 * n from generate_series(1, 2500) n`,
    [opened.scope],
  );
  const now = 2400 + deletionsKeptFor;
  expect(await sweepAll(opened, now)).toBe(3);
  expect(await countOf(opened, "deletions")).toBe(101);
  expect(await opened.sql("select forgotten from s.scopes where id = $1", [opened.scope])).toEqual([
    { forgotten: "23990" },
  ]);
  // Those of a transaction before are forgotten later, and that takes nothing back.
  await opened.sql("update s.deletions set xact = 5");
  await sweepAll(opened, now + 1000);
  expect(await countOf(opened, "deletions")).toBe(0);
  expect(await opened.sql("select forgotten from s.scopes where id = $1", [opened.scope])).toEqual([
    { forgotten: "23990" },
  ]);
});

test("ghosts go after ten minutes, but for those that somebody needs", async () => {
  const opened = await openScope(database.url);
  await opened.sql(
    `insert into s.kv (scope, key, version, updated_at, xact, value)
     select $1, n::text, '', case when n > 3 then s.server_time() else 0 end, 0, '' from generate_series(1, 5) n`,
    [opened.scope],
  );
  await opened.connection.transaction(at(0), async (statement) => {
    await statement("select 1 from s.kv where key = '2' for update", []);
    await sweepAll(opened, 1000);
    expect(await opened.sql("select key from s.kv order by key")).toEqual(["2", "4", "5"].map((key) => ({ key })));
  });
  await sweepAll(opened, 1000);
  expect(await countOf(opened, "kv")).toBe(2);
});
