/** Collections: the records under a name, with a schema, migrations and a lifetime of their own. */
import type { Records } from "@cuitty/persist-core";
import { equal, holds, identical, present, refused } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";
import { personSchema } from "../schemas.ts";
import { refusedBeforeIo } from "../untouched.ts";

const minute = 60_000;

interface Named {
  name: string;
}

export const collections: Chapter = {
  section: "34",
  title: "Collections",
  clauses: [
    clause("K-collection-keys", "A collection is the records under its name, shown without it", async (t) => {
      const { records } = await t.store();
      const users = records.collection<Named>("users");
      const put = await users.put("1", { name: "Ada" });
      equal(put.key, "1", "the key in the answer");
      identical((await records.get("users/1"))?.value, { name: "Ada" }, "seen from outside");
      await records.put("users/2", { name: "Bob" });
      await records.put("users0", { name: "beside" });
      await records.put("users", { name: "beside" });
      equal(await users.get("1"), put, "get");
      equal((await users.get("2"))?.value.name, "Bob", "what was put from outside");
      equal([...(await users.getMany(["2", "3"])).keys()], ["2"], "getMany");
      equal([await users.has("1"), await users.has("3")], [true, false], "has");
      equal((await users.list().toArray()).map(keyOf), ["1", "2"], "list");
      equal((await users.list({ reverse: true, start: "2" }).toArray()).map(keyOf), ["2"], "a range, backwards");
      const added = await users.add({ name: "Eve" });
      await users.insert("4", { name: "Dan" });
      await users.putMany([
        ["5", { name: "Fay" }],
        ["6", { name: "Gus" }],
      ]);
      equal(
        (await records.list({ prefix: "users/" }).toArray()).map(keyOf).sort(),
        ["1", "2", "4", "5", "6", added.key].map((key) => `users/${key}`).sort(),
        "all keys, from outside",
      );
      await users.update("1", { name: "Ada L." });
      equal((await users.update("2", ({ name }) => ({ name: `${name}!` }))).value.name, "Bob!", "an update");
      equal(await users.delete("1"), true, "deleted");
      equal(await users.conflicts("1"), [], "conflicts");
      equal(await users.clear({ all: true }), 5, "how many were cleared");
      equal((await records.list().toArray()).map(keyOf), ["users", "users0"], "what is left");
    }),

    clause("K-collection-errors", "Errors of a collection name its keys as it does", async (t) => {
      const { records } = await t.store();
      const users = records.collection<Named>("users");
      await users.put("1", { name: "Ada" });
      const taken = await refused(() => users.insert("1", { name: "Bob" }), "CONFLICT", "an insert where one is");
      equal(taken.key, "1", "the key of the error");
      holds(!taken.message.includes("users/"), `the message has no whole key: ${taken.message}`);
      const missing = await refused(() => users.update("2", {}), "NOT_FOUND", "an update of nothing");
      equal(missing.key, "2", "the key of the other error");
      const stale = await refused(() => users.put("1", { name: "x" }, { ifMatch: "other" }), "CONFLICT", "a stale put");
      equal(stale.key, "1", "the key of the third error");
    }),

    clause("K-collection-pages", "Pages and cursors of a collection go through all of it once", async (t) => {
      const { records } = await t.store();
      const users = records.collection<number>("users");
      const keys = Array.from({ length: 25 }, (_, i) => `k${i + 10}`);
      await users.putMany(keys.map((key) => [key, 1]));
      await records.putMany(["a/x", "users", "users0", "v/x"].map((key) => [key, 1]));
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await users.list({ limit: 7, cursor }).page();
        found.push(...page.items.map(keyOf));
        cursor = page.cursor;
      } while (cursor !== undefined);
      equal(found, keys, "the keys of all pages");
    }),

    clause("K-collection-transaction", "tx.use gives a collection of the store inside of a transaction", async (t) => {
      const store = await t.store();
      const users = store.records.collection<Named>("users", { ttl: minute });
      await users.put("1", { name: "Ada" });
      await store.transaction(async (tx) => {
        const inside = tx.use(users);
        equal((await inside.get("1"))?.value.name, "Ada", "what was there");
        await inside.put("2", { name: "Bob" });
        equal((await tx.records.get("users/2"))?.key, "users/2", "its write, seen by tx.records");
        equal((await inside.list().toArray()).map(keyOf), ["1", "2"], "its listing");
        equal(await users.get("2"), undefined, "seen from outside, before the end");
      });
      equal((await users.get("2"))?.expiresAt, new Date(t.clock.now() + minute), "when it expires");
      await refused(
        () =>
          store
            .transaction(async (tx) => {
              await tx.use(users).put("3", { name: "Eve" });
              throw new RangeError("given up");
            })
            .catch((error: unknown) => {
              if (error instanceof RangeError) return users.insert("2", { name: "taken" });
              throw error;
            }),
        "CONFLICT",
        "an insert after a transaction was given up",
      );
      equal(await users.has("3"), false, "what it wrote");
      const other = (await t.store()).records.collection("users");
      await refused(() => store.transaction(async (tx) => tx.use(other)), "INVALID_ARGUMENT", "one of another store");
    }),

    clause(
      "K-collection-ttl",
      "What is put into a collection with a ttl lives that long, unless it is said otherwise",
      async (t) => {
        const { records } = await t.store();
        const tokens = records.collection<Named>("tokens", { ttl: "1m" });
        const end = new Date(t.clock.now() + minute);
        equal((await tokens.put("1", { name: "a" })).expiresAt, end, "put");
        equal((await tokens.insert("2", { name: "a" })).expiresAt, end, "insert");
        const added = await tokens.add({ name: "a" });
        equal(added.expiresAt, end, "add");
        equal((await tokens.putMany([["3", { name: "a" }]]))[0]?.expiresAt, end, "putMany");
        const longer = await tokens.put("4", { name: "a" }, { ttl: 2 * minute });
        equal(longer.expiresAt, new Date(t.clock.now() + 2 * minute), "put with a ttl");
        t.clock.advance(minute / 2);
        equal((await tokens.update("1", { name: "b" })).expiresAt, end, "update keeps it");
        t.clock.advance(minute / 2);
        equal((await tokens.list().toArray()).map(keyOf), ["4"], "what is left");
        await records.put("tokens/5", { name: "a" });
        equal((await tokens.get("5"))?.expiresAt, undefined, "what was put from outside");
      },
    ),

    clause(
      "K-collection-schema",
      "A schema decides what is stored: its output, or VALIDATION with the paths of its issues",
      async (t) => {
        const { records } = await t.store();
        const people = records.collection("people", { schema: personSchema() });
        const ada = await people.put("1", { name: " Ada " });
        identical(ada.value, { name: "Ada", visits: 0 }, "the value in the answer");
        identical((await records.get("people/1"))?.value, { name: "Ada", visits: 0 }, "what is stored");
        identical((await people.update("1", { visits: 2 })).value, { name: "Ada", visits: 2 }, "after an update");
        const wrong = { name: 7, visits: -1 } as never;
        for (const [what, work] of [
          ["put", () => people.put("2", wrong)],
          ["insert", () => people.insert("2", wrong)],
          ["add", () => people.add(wrong)],
          [
            "putMany",
            () =>
              people.putMany([
                ["3", { name: "Bob" }],
                ["2", wrong],
              ]),
          ],
          ["update with a patch", () => people.update("1", { visits: -1 })],
          ["update with a function", () => people.update("1", () => wrong)],
        ] as const) {
          const error = await refused(work, "VALIDATION", what);
          holds(error.message.includes("visits"), `${what}: the message has the path: ${error.message}`);
          equal(error.outcome, "not-applied", `${what}: the outcome`);
        }
        identical((await people.get("1"))?.value, { name: "Ada", visits: 2 }, "what stands");
        equal((await records.list().toArray()).map(keyOf), ["people/1"], "all keys");
      },
    ),

    clause("K-collection-schema-async", "A schema may be async", async (t) => {
      const store = await t.store();
      const people = store.records.collection("people", { schema: personSchema({ isAsync: true }) });
      identical((await people.put("1", { name: " Ada " })).value, { name: "Ada", visits: 0 }, "put");
      await people.putMany([["2", { name: " Bob " }]]);
      identical((await people.get("2"))?.value, { name: "Bob", visits: 0 }, "putMany");
      await refused(() => people.put("3", { name: 7 } as never), "VALIDATION", "a wrong value");
      identical((await people.update("1", { visits: 1 })).value, { name: "Ada", visits: 1 }, "update");
      await store.transaction(async (tx) => {
        await tx.use(people).put("4", { name: " Eve " });
      });
      equal((await people.get("4"))?.value.name, "Eve", "in a transaction");
    }),

    clause("K-collection-schema-before-io", "A value that the schema refuses costs no request", async (t) => {
      await refusedBeforeIo(
        await t.watched(),
        ({ records }) => records.collection("people", { schema: personSchema() }).put("1", { name: 7 } as never),
        "VALIDATION",
        "put",
      );
    }),

    clause(
      "K-collection-migrate",
      "Older documents are migrated step by step as they are read, and stored in their present form by the next write",
      async (t) => {
        const { records } = await t.store();
        await records.collection<unknown>("users").put("1", { first: "Ada", last: "Lovelace" });
        const second = records.collection<unknown>("users", { schemaVersion: 2, migrate: { 2: toSecond } });
        await second.put("2", { name: "Bob" });
        const users: Records<{ names: string[] }> = records.collection("users", {
          schemaVersion: 3,
          migrate: { 2: toSecond, 3: ({ name }: Named) => ({ names: name.split(" ") }) },
        });
        await users.put("3", { names: ["Eve"] });
        const expected = [["Ada", "Lovelace"], ["Bob"], ["Eve"]];
        const found = (await users.list().toArray()).map(({ value }) => value.names);
        equal(found, expected, "list");
        equal((await users.get("1"))?.value, { names: expected[0] }, "get");
        equal((await users.getMany(["1", "2"])).get("2")?.value, { names: ["Bob"] }, "getMany");
        identical((await records.get("users/1"))?.value, { first: "Ada", last: "Lovelace" }, "what is stored");
        const before = present(await users.get("1"), "the first");
        await users.update("1", ({ names }) => ({ names: [...names, "King"] }), { ifMatch: before.version });
        identical((await records.get("users/1"))?.value, { names: ["Ada", "Lovelace", "King"] }, "what is stored now");
        equal((await users.get("1"))?.value, { names: ["Ada", "Lovelace", "King"] }, "get, after the update");
        await refused(() => second.get("1"), "MIGRATION", "an older program");
      },
    ),

    clause("K-collection-migrate-outside", "What is put from outside is of the first form", async (t) => {
      const { records } = await t.store();
      const users = records.collection<Named>("users", { schemaVersion: 2, migrate: { 2: toSecond } });
      await users.put("1", { name: "Ada" });
      await records.put("users/1", { first: "Bob", last: "Ross" });
      equal((await users.get("1"))?.value, { name: "Bob Ross" }, "the value");
    }),

    clause(
      "K-collection-migrate-fails",
      "A migration that fails is MIGRATION, names the record and changes nothing",
      async (t) => {
        const { records } = await t.store();
        const { version } = await records.put("users/1", { first: "Ada" });
        const migrate = {
          2: () => {
            throw new RangeError("no idea");
          },
        };
        const users = records.collection("users", { schemaVersion: 2, migrate });
        const error = await refused(() => users.get("1"), "MIGRATION", "get");
        equal([error.key, error.cause instanceof RangeError], ["1", true], "key and cause");
        await refused(() => users.update("1", {}), "MIGRATION", "update");
        const async = records.collection("users", { schemaVersion: 2, migrate: { 2: async (old) => old } });
        await refused(() => async.get("1"), "MIGRATION", "an async migration");
        equal((await records.get("users/1"))?.version, version, "the version");
      },
    ),

    clause("K-collection-options", "Names and options of a collection are checked when it is declared", async (t) => {
      const { records } = await t.store();
      const declare = (o: unknown) => () => records.collection("users", o as never);
      for (const name of ["", "a/b", "é", "a b", "x".repeat(65), undefined, 7]) {
        await refused(() => records.collection(name as string), "INVALID_ARGUMENT", `the name ${String(name)}`);
      }
      for (const o of [
        7,
        { index: {} },
        { schema: {} },
        { schema: "zod" },
        { schemaVersion: 0 },
        { schemaVersion: 1.5 },
        { schemaVersion: 2, migrate: { 2: 7 } },
        { schemaVersion: 2, migrate: { 2: toSecond, 3: toSecond } },
        { schemaVersion: 2, migrate: { 1: toSecond, 2: toSecond } },
        { merge: "shallow" },
        { ttl: 0 },
        { ttl: "soon" },
        { indexes: [] },
        { indexes: { "a/b": { on: "x" } } },
        { indexes: { a: { on: [] } } },
        { indexes: { a: { on: ["a", "b", "c", "d", "e"] } } },
        { indexes: { a: { on: ["a", "a"] } } },
        { indexes: { a: { on: 7 } } },
        { indexes: { a: {} } },
        { indexes: { a: "name" } },
        { indexes: { a: { on: "x", unique: "yes" } } },
        { indexes: { a: { on: "x", uniq: true } } },
      ]) {
        await refused(declare(o), "INVALID_ARGUMENT", JSON.stringify(o));
      }
      await refused(declare({ schemaVersion: 3, migrate: { 2: toSecond } }), "MIGRATION", "a step that is missing");
      await refused(declare({ schemaVersion: 2 }), "MIGRATION", "no steps at all");
      await refused(
        () => records.collection("users").collection("inner"),
        "INVALID_ARGUMENT",
        "a collection of a collection",
      );
    }),

    clause("K-collection-closed", "A collection ends with its store", async (t) => {
      const store = await t.store();
      const users = store.records.collection<Named>("users", { indexes: { name: { on: "name", unique: true } } });
      await users.put("1", { name: "Ada" });
      await store.close();
      await refused(() => users.put("2", { name: "Bob" }), "CLOSED", "put");
      await refused(() => users.get("1"), "CLOSED", "get");
      await refused(() => users.list().toArray(), "CLOSED", "list");
      const late = store.records.collection<Named>("late", { indexes: { name: { on: "name" } } });
      await refused(() => late.put("1", { name: "Ada" }), "CLOSED", "put into one that was declared afterwards");
    }),

    clause("K-collection-key-bytes", "A key has at most 512 bytes together with the collection's name", async (t) => {
      const { records } = await t.store();
      const users = records.collection<number>("users");
      const longest = "k".repeat(506);
      await users.put(longest, 1);
      equal((await users.get(longest))?.key, longest, "the longest key");
      await refused(() => users.put(`${longest}k`, 1), "INVALID_KEY", "a longer one");
      await refused(() => users.get(`${longest}k`), "INVALID_KEY", "reading a longer one");
      await refused(() => users.put("", 1), "INVALID_KEY", "the empty key");
    }),
  ],
};

function toSecond({ first, last }: { first: string; last: string }): Named {
  return { name: `${first} ${last}` };
}

function keyOf({ key }: { readonly key: string }): string {
  return key;
}
