/** The four methods themselves, as core calls them. */
import type { PersistAdapter } from "@cuitty/persist-core";
import { equal, holds, identical, present } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";
import { byBytes } from "../model/byte-order.ts";

/** Of the kinds of keys that core makes: printable ASCII, in segments. */
const keys = [
  "a",
  "a/b",
  "a/b/c",
  "a/bc",
  "b",
  "kit/-/kv/_key",
  "kit/-/kv/_Key",
  "~",
  "!",
  "a%",
  "a_",
  "x".repeat(200),
  `${"s".repeat(200)}/${"t".repeat(200)}/u`,
];

async function entriesOf(adapter: PersistAdapter, prefix: string): Promise<{ key: string; value: unknown }[]> {
  const entries: { key: string; value: unknown }[] = [];
  for await (const { key, value } of (await adapter.list(prefix)) ?? []) entries.push({ key, value });
  return entries.sort((a, b) => byBytes(a.key, b.key));
}

const keysOf = async (adapter: PersistAdapter, prefix: string) =>
  (await entriesOf(adapter, prefix)).map(({ key }) => key);

const values: readonly unknown[] = [
  null,
  true,
  0,
  -1.5,
  1e300,
  "",
  "text",
  "ünïcode 😀 \u2028 \u0001",
  [],
  {},
  [1, [2, { a: null }]],
  { z: 1, a: { m: [] }, "": "empty", "a.b": 1, $n: "NaN" },
  { key: "k", value: "v", expires: 5 },
];

export const adapterMethods: Chapter = {
  section: "96",
  title: "The adapter's methods",
  clauses: [
    clause(
      "K-adapter-missing",
      "get of a missing key gives undefined or null, and delete of it is no error",
      async (t) => {
        const adapter = await t.place().adapter();
        holds(((await adapter.get("a")) ?? undefined) === undefined, "get gives undefined or null");
        await adapter.delete("a");
        equal(await keysOf(adapter, ""), [], "list");
      },
    ),

    clause("K-adapter-round-trip", "get gives back the JSON that was put", async (t) => {
      const adapter = await t.place().adapter();
      for (const value of values) {
        if (value === null) continue; // may stand for a missing one
        await adapter.put("k", value);
        identical(await adapter.get("k"), value, "the value");
        await adapter.put("k", { inside: [value] });
        identical(await adapter.get("k"), { inside: [value] }, "the value inside of another");
      }
    }),

    clause(
      "K-adapter-largest",
      "A value may be as large as a transaction's record of what it is about to do: 11 MiB",
      async (t) => {
        const adapter = await t.place().adapter();
        const writes = Array.from({ length: 11 }, (_, i) => ({ put: `k${i}`, value: "x".repeat(1024 * 1024) }));
        await adapter.put("redo", { writes });
        equal(((await adapter.get("redo")) as { writes: typeof writes }).writes, writes, "the value");
      },
    ),

    clause("K-adapter-replace", "put replaces the value, and delete removes it", async (t) => {
      const adapter = await t.place().adapter();
      await adapter.put("k", { a: 1 });
      await adapter.put("k", { b: 2 });
      identical(await adapter.get("k"), { b: 2 }, "the value");
      equal(await entriesOf(adapter, "k"), [{ key: "k", value: { b: 2 } }], "list");
      await adapter.delete("k");
      holds(((await adapter.get("k")) ?? undefined) === undefined, "get gives undefined or null");
      equal(await keysOf(adapter, ""), [], "list after delete");
    }),

    clause("K-adapter-keys", "All kinds of keys that core makes are kept apart", async (t) => {
      const adapter = await t.place().adapter();
      for (const key of keys) await adapter.put(key, { of: key });
      for (const key of keys) identical(await adapter.get(key), { of: key }, key);
      equal(await keysOf(adapter, ""), [...keys].sort(byBytes), "list");
    }),

    clause("K-adapter-longest-key", "Keys may have 900 bytes", async (t) => {
      const adapter = await t.place().adapter();
      const segments = Array.from({ length: 5 }, (_, i) => `_${String(i).repeat(176)}`).join("/");
      const [a, b] = [`${segments}/_x`.padEnd(900, "a"), `${segments}/_x`.padEnd(899, "a").concat("b")];
      await adapter.put(a, 1);
      await adapter.put(b, 2);
      equal([a.length, await adapter.get(a), await adapter.get(b)], [900, 1, 2], "length and values");
      equal(await keysOf(adapter, segments), [a, b], "list");
    }),

    clause(
      "K-adapter-list-prefix",
      "list gives the entries whose keys start with the literal prefix, each once",
      async (t) => {
        const adapter = await t.place().adapter();
        for (const key of keys) await adapter.put(key, { of: key });
        for (const prefix of [
          "",
          "a",
          "a/",
          "a/b",
          "a%",
          "a_",
          "A",
          "kit/-/",
          "kit/-/kv/_k",
          "none",
          "sss",
          "%",
          "_",
        ]) {
          const expected = keys.filter((key) => key.startsWith(prefix)).sort(byBytes);
          equal(
            await entriesOf(adapter, prefix),
            expected.map((key) => ({ key, value: { of: key } })),
            `prefix "${prefix}"`,
          );
        }
      },
    ),

    clause("K-adapter-list-many", "list gives all of thousands", async (t) => {
      const adapter = await t.place().adapter();
      const many = Array.from({ length: 1500 }, (_, i) => `many/${i}`);
      const atOnce = 100;
      for (let i = 0; i < many.length; i += atOnce) {
        await Promise.all(many.slice(i, i + atOnce).map((key) => adapter.put(key, 1)));
      }
      await adapter.put("other", 1);
      equal(await keysOf(adapter, "many/"), [...many].sort(byBytes), "list");
    }),

    clause("K-adapter-list-stop", "Who stops listing in the middle leaves nothing behind", async (t) => {
      const adapter = await t.place().adapter();
      for (let i = 0; i < 20; i++) await adapter.put(`k${i}`, i);
      for await (const _ of (await adapter.list("k")) ?? []) break;
      await adapter.put("k20", 20);
      equal((await keysOf(adapter, "k")).length, 21, "how many there are");
    }),

    clause("K-adapter-concurrent", "Calls for different keys may overlap", async (t) => {
      const adapter = await t.place().adapter();
      await Promise.all(Array.from({ length: 50 }, (_, i) => adapter.put(`k${i}`, { i })));
      const found = await Promise.all(Array.from({ length: 50 }, (_, i) => adapter.get(`k${i}`)));
      equal(
        found,
        Array.from({ length: 50 }, (_, i) => ({ i })),
        "the values",
      );
      await Promise.all(Array.from({ length: 25 }, (_, i) => adapter.delete(`k${i}`)));
      equal((await keysOf(adapter, "k")).length, 25, "how many are left");
    }),

    clause("K-adapter-reopened", "What was put is there when the adapter is opened again", async (t) => {
      const place = t.place();
      await (await place.adapter()).put("k", { a: 1 });
      await place.close();
      const adapter = await place.adapter();
      identical(await adapter.get("k"), { a: 1 }, "the value");
      equal(await keysOf(adapter, ""), ["k"], "list");
    }),

    clause(
      "K-adapter-ordered",
      "ordered.list gives the keys after a key, in byte order, as many as wanted",
      async (t) => {
        const adapter = await t.place().adapter();
        const ordered = adapter.ordered ?? t.absent("the adapter has no ordered");
        for (const key of keys) await adapter.put(key, { of: key });
        const list = async (prefix: string, o: { after?: string; limit: number; keysOnly: boolean }) => {
          const found: { key: string; value?: unknown }[] = [];
          for await (const entry of ordered.list(prefix, o)) found.push(entry);
          return found;
        };
        const sorted = [...keys].sort(byBytes);
        const all = await list("", { limit: 1000, keysOnly: false });
        equal(
          all.map(({ key, value }) => ({ key, value })),
          sorted.map((key) => ({ key, value: { of: key } })),
          "all",
        );
        for (const [i, after] of sorted.entries()) {
          const page = await list("", { after, limit: 3, keysOnly: true });
          equal(
            page.map(({ key }) => key),
            sorted.slice(i + 1, i + 4),
            `after "${after}"`,
          );
        }
        const within = sorted.filter((key) => key.startsWith("a/"));
        equal(
          (await list("a/", { after: "a/b", limit: 10, keysOnly: true })).map(({ key }) => key),
          within.filter((key) => key > "a/b"),
          "in a prefix",
        );
      },
    ),

    clause(
      "K-adapter-ordered-deleted",
      "ordered.list goes on after a key that is gone, and skips nothing for what was deleted",
      async (t) => {
        const adapter = await t.place().adapter();
        const ordered = adapter.ordered ?? t.absent("the adapter has no ordered");
        const all = Array.from({ length: 20 }, (_, i) => `k${String(i).padStart(2, "0")}`);
        for (const key of all) await adapter.put(key, { of: key });
        const found: string[] = [];
        for (let pages = 0; pages < all.length; pages++) {
          const page: string[] = [];
          const o = { limit: 3, keysOnly: true };
          const after = found.at(-1);
          for await (const { key } of ordered.list("k", after === undefined ? o : { ...o, after })) page.push(key);
          for (const key of page) await adapter.delete(key);
          found.push(...page);
        }
        equal(found, all, "what the pages hold");
      },
    ),

    clause("K-adapter-batch", "batch.write does all of its writes", async (t) => {
      const adapter = await t.place().adapter();
      const batch = adapter.batch ?? t.absent("the adapter has no batch");
      holds(Number.isSafeInteger(batch.max) && batch.max >= 1, "max is a whole number of at least 1");
      await adapter.put("old", 1);
      const count = Math.min(batch.max - 1, 100);
      const puts = Array.from({ length: count }, (_, i) => ({ put: `k${i}`, value: { i } }));
      await batch.write([...puts, { delete: "old" }]);
      equal((await keysOf(adapter, "k")).length, count, "how many there are");
      holds(((await adapter.get("old")) ?? undefined) === undefined, "the old one is gone");
      for (const { put, value } of puts) identical(present(await adapter.get(put), put), value, put);
    }),
  ],
};
