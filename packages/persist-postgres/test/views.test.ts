import type { Store } from "@cuitty/persist-core";
import { useDatabase } from "@cuitty/persist-servers/vitest";
import postgres from "postgres";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openStore } from "./stores.ts";

const database = useDatabase();
let sql: postgres.Sql;
beforeAll(() => {
  sql = postgres(database.url, { onnotice: () => {} });
  return () => sql.end();
});

let store: Store;
beforeEach(async () => {
  store = await openStore(database.url);
});

describe("the views for people", () => {
  test("show each facade, and nothing that has expired or was erased", async () => {
    await store.records.put("users/ada", { name: "Ada" });
    await store.kv.set("gone", 1, { expiresAt: new Date(Date.now() + 1) });
    await store.kv.set("flag", true, { ttl: "1h" });
    await store.blobs.put("logo", "<svg/>", { contentType: "image/svg+xml" });
    await store.events.append("log", [
      { type: "erased", data: 1 },
      { type: "kept", data: { a: 1 }, tags: ["t"] },
    ]);
    await store.events.truncate("log", 2);
    await expect.poll(() => store.kv.get("gone")).toBeUndefined();

    expect(await sql`select store, namespace, key, value from persist.live_records where key = 'users/ada'`).toEqual([
      { store: "test", namespace: "", key: "users/ada", value: { name: "Ada" } },
    ]);
    expect(await sql`select key, value, expires_at > now() as lives from persist.live_kv`).toEqual([
      { key: "flag", value: true, lives: true },
    ]);
    expect(await sql`select key, facts ->> 'contentType' as type from persist.live_blobs`).toEqual([
      { key: "logo", type: "image/svg+xml" },
    ]);
    expect(await sql`select position::int, stream, type, data, tags, metadata from persist.live_events`).toEqual([
      { position: 2, stream: "log", type: "kept", data: { a: 1 }, tags: ["t"], metadata: null },
    ]);
  });

  test("do without what expired at the earliest time there is", async () => {
    await store.kv.set("flag", true, { ttl: "1h" });
    await sql`insert into persist.kv (scope, key, version, updated_at, expires_at, xact, value)
      select scope, 'old', 'v', 0, -8640000000000000, xact, '1' from persist.kv where key = 'flag'`;
    expect(await sql`select key from persist.live_kv where key in ('flag', 'old')`).toEqual([{ key: "flag" }]);
    await sql`delete from persist.kv where key = 'old'`;
  });

  test.each([
    ["NUL", "a\0b", "a\ufffdb"],
    ["a lone surrogate", "a\ud800", "a\ufffd"],
    ["several", "\0\0\udfff", "\ufffd\ufffd\ufffd"],
    ["NUL behind a backslash", "\\\0", "\\\ufffd"],
    ["what only looks like it", "\\u0000 \\\\ud800 \\\\\\u0000", "\\u0000 \\\\ud800 \\\\\\u0000"],
    ["both", "\\u0000\0", "\\u0000\ufffd"],
    ["a pair of surrogates", "😀", "😀"],
  ])("show a text with %s as far as Postgres can hold it", async (_, stored, shown) => {
    await store.records.put("text", { stored, beside: "it" });
    expect(
      await sql`select value ->> 'stored' as shown, value ->> 'beside' as beside from persist.live_records where key = 'text'`,
    ).toEqual([{ shown, beside: "it" }]);
    expect((await store.records.get("text"))?.value).toEqual({ stored, beside: "it" });
  });

  test("use an index of one's own, which holds up no write", async () => {
    await sql`create index by_city on persist.records (scope, (persist.readable(value) ->> 'city'))`;
    await store.records.putMany(
      Array.from({ length: 1000 }, (_, i) => [`people/${i}`, { city: `city ${i}`, text: "\0\ud800" }] as const),
    );
    await store.transaction(async (tx) => {
      if (!(await tx.records.has("people/nobody"))) await tx.records.put("people/somebody", { city: "Oslo" });
    });
    await sql`analyze persist.records`;
    const query =
      "select key from persist.live_records where store = 'test' and namespace = '' and value ->> 'city' = 'Oslo'";
    expect(await sql.unsafe(query)).toEqual([{ key: "people/somebody" }]);
    const plan = await sql.unsafe(`explain ${query}`);
    expect(plan.map((row) => row["QUERY PLAN"]).join("\n")).toMatch(/Index (Scan using|Cond).*by_city|on by_city/);
  });

  test("an index that fails refuses the write of what it fails at, and says so", async () => {
    await sql`create index by_year on persist.records (((persist.readable(value) ->> 'year')::int))`;
    const [bad, good] = await Promise.allSettled([
      store.records.put("bad", { year: "long ago" }),
      store.records.put("good", { year: "1815" }),
    ]);
    await sql`drop index persist.by_year`;
    expect(bad).toMatchObject({ reason: { code: "INVALID_VALUE", message: expect.stringContaining("an index") } });
    expect(good.status).toBe("fulfilled");
  });
});
