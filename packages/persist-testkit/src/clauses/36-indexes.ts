/** Indexes of collections: kept by every writer, built while others write, and some of them unique. */
import type { Records, Store } from "@cuitty/persist-core";
import { equal, fail, holds, refused } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";
import { needOneCopy } from "../peer-needs.ts";

const minute = 60_000;

interface User {
  email?: string | null;
  city?: string;
  n?: number;
}

const byEmail = { indexes: { email: { on: "email", unique: true } } } as const;
const byCity = { indexes: { city: { on: "city" } } } as const;

const usersOf = ({ records }: Store) => records.collection<User>("users", byEmail);
const email = (key: string): { email: string } => ({ email: `${key}@example.org` });

export const indexes: Chapter = {
  section: "36",
  title: "Indexes",
  clauses: [
    clause(
      "K-index-unique",
      "A value of a unique index belongs to one record: another that takes it is CONFLICT, whatever writes it",
      async (t) => {
        const store = await t.store();
        const users = usersOf(store);
        await users.put("1", email("ada"));
        const before = await users.put("2", email("bob"));
        for (const [what, work] of [
          ["put", () => users.put("3", email("ada"))],
          ["put over another", () => users.put("2", email("ada"))],
          ["insert", () => users.insert("3", email("ada"))],
          ["add", () => users.add(email("ada"))],
          ["update", () => users.update("2", email("ada"))],
          ["update with a function", () => users.update("2", () => email("ada"))],
          [
            "putMany",
            () =>
              users.putMany([
                ["3", email("eve")],
                ["4", email("ada")],
              ]),
          ],
          [
            "putMany among themselves",
            () =>
              users.putMany([
                ["3", email("eve")],
                ["4", email("eve")],
              ]),
          ],
          ["records.put", () => store.records.put("users/3", email("ada"))],
        ] as const) {
          const error = await refused(work, "CONFLICT", what);
          holds(error.message.includes('"email"'), `${what}: the message names the index: ${error.message}`);
        }
        equal((await users.list().toArray()).map(keyOf), ["1", "2"], "all keys");
        equal((await users.get("2"))?.version, before.version, "the version of the other one");
        await users.put("1", { ...email("ada"), n: 1 });
        await users.update("1", { n: 2 });
        await users.put("1", email("ada.l"));
        await users.put("2", email("ada"));
        equal(await users.delete("2"), true, "deleted");
        await users.insert("3", email("ada"));
      },
    ),

    clause(
      "K-index-unique-terms",
      "The error of a value that is taken has the key as the one who writes it knows it",
      async (t) => {
        const store = await t.store();
        const users = usersOf(store);
        await users.put("1", email("ada"));
        const inside = await refused(
          () =>
            users.putMany([
              ["2", email("bob")],
              ["3", email("ada")],
            ]),
          "CONFLICT",
          "putMany",
        );
        equal(inside.key, "3", "the key in the collection's error");
        holds(!inside.message.includes("users/"), `no whole key: ${inside.message}`);
        const outside = await refused(() => store.records.put("users/3", email("ada")), "CONFLICT", "records.put");
        equal(outside.key, "users/3", "the key in the error of records");
      },
    ),

    clause("K-index-unique-race", "Of many records that want one value at once, one gets it", async (t) => {
      const users = usersOf(await t.store());
      const tries = await Promise.allSettled(Array.from({ length: 16 }, (_, i) => users.put(`${i}`, email("ada"))));
      equal(tries.filter(({ status }) => status === "fulfilled").length, 1, "how many won");
      for (const one of tries) if (one.status === "rejected") equal(one.reason.code, "CONFLICT", "the code of a loser");
      equal((await users.list().toArray()).length, 1, "how many there are");
    }),

    clause(
      "K-index-unique-transaction",
      "A transaction that takes a value of another record is CONFLICT, at once and as a whole",
      async (t) => {
        const store = await t.store();
        const users = usersOf(store);
        await users.put("1", email("ada"));
        let runs = 0;
        await refused(
          () =>
            store.transaction(async (tx) => {
              runs++;
              await tx.kv.set("k", 1);
              await tx.use(users).get("1");
              await tx.use(users).put("2", email("ada"));
            }),
          "CONFLICT",
          "a value of another record",
        );
        equal(runs, 1, "how often it ran");
        await refused(
          () =>
            store.transaction(async (tx) => {
              await tx.use(users).put("2", email("bob"));
              await tx.records.put("users/3", email("bob"));
            }),
          "CONFLICT",
          "one value twice",
        );
        equal(
          [await store.kv.has("k"), await users.has("2"), await users.has("3")],
          [false, false, false],
          "what is there",
        );
      },
    ),

    clause(
      "K-index-unique-moved",
      "Values may change hands in one transaction: exchanged, or freed and taken",
      async (t) => {
        const store = await t.store();
        const users = usersOf(store);
        await users.putMany([
          ["1", email("ada")],
          ["2", email("bob")],
        ]);
        await store.transaction(async (tx) => {
          const inside = tx.use(users);
          const [first, second] = [await inside.get("1"), await inside.get("2")];
          await inside.put("1", second?.value ?? {});
          await inside.put("2", first?.value ?? {});
        });
        equal((await users.get("1"))?.value, email("bob"), "the first");
        await store.transaction(async (tx) => {
          await tx.use(users).delete("1");
          await tx.use(users).insert("3", email("bob"));
        });
        await store.transaction(async (tx) => {
          await tx.use(users).delete("2");
          await tx.use(users).insert("2", email("ada"));
        });
        equal((await users.list().toArray()).map(keyOf), ["2", "3"], "all keys");
        await refused(() => users.insert("4", email("bob")), "CONFLICT", "what has changed hands");
        await refused(() => users.insert("4", email("ada")), "CONFLICT", "what was freed and taken");
      },
    ),

    clause("K-index-unique-expired", "A record that has expired has freed its values", async (t) => {
      const users = usersOf(await t.store());
      await users.put("1", email("ada"), { ttl: minute });
      await refused(() => users.put("2", email("ada")), "CONFLICT", "before");
      t.clock.advance(minute);
      await users.put("2", email("ada"));
      await refused(() => users.put("1", email("ada")), "CONFLICT", "the first one again");
      equal((await users.list({ where: email("ada") }).toArray()).map(keyOf), ["2"], "who has it");
    }),

    clause(
      "K-index-unique-missing",
      "A record with nothing at any of the paths is not concerned; null is something",
      async (t) => {
        const { records } = await t.store();
        const users = usersOf({ records } as Store);
        await users.putMany([
          ["1", {}],
          ["2", { city: "Rome" }],
          ["3", { email: null }],
        ]);
        await refused(() => users.put("4", { email: null }), "CONFLICT", "null again");
        await users.update("3", { email: undefined });
        await users.put("4", { email: null });
        const seats = records.collection<{ row?: number; seat?: number }>("seats", {
          indexes: { place: { on: ["row", "seat"], unique: true } },
        });
        await seats.putMany([
          ["1", { row: 1, seat: 1 }],
          ["2", { row: 1, seat: 2 }],
          ["3", { row: 2, seat: 1 }],
          ["4", { row: 1 }],
          ["5", {}],
          ["6", {}],
        ]);
        await refused(() => seats.put("7", { row: 1, seat: 2 }), "CONFLICT", "both");
        await refused(() => seats.put("7", { row: 1 }), "CONFLICT", "one of them, and the other missing");
      },
    ),

    clause("K-index-unique-elsewhere", "An index concerns the records of its collection and no others", async (t) => {
      const store = await t.store();
      const users = usersOf(store);
      await users.put("1", email("ada"));
      for (const key of ["users", "users0/1", "user/1", "other/users/1", "1"])
        await store.records.put(key, email("ada"));
      await store.records.collection<User>("others", byEmail).put("1", email("ada"));
      await refused(() => store.records.put("users/a/b", email("ada")), "CONFLICT", "a key with a slash of its own");
    }),

    clause(
      "K-index-query",
      "A query goes by an index that is ready, with the keys of the collection, and pages fit together",
      async (t) => {
        const { records } = await t.store();
        const users = records.collection<User>("users", byCity);
        const cities = ["Rome", "Oslo", "Rome", "Bern", "Rome"];
        await users.putMany(
          Array.from({ length: 25 }, (_, i) => [`k${10 + i}`, { city: cities[i % 5] as string, n: i }]),
        );
        await records.put("users0/1", { city: "Rome" });
        await isReady(users, "city");
        const romans = { where: { city: "Rome" } };
        const expected = Array.from({ length: 25 }, (_, i) => i)
          .filter((i) => cities[i % 5] === "Rome")
          .map((i) => `k${10 + i}`);
        const plan = await users.explain(romans);
        equal([plan.plan, plan.index], ["index", "city"], "the plan");
        equal((await users.list(romans).toArray()).map(keyOf), expected, "list");
        equal(await users.count(romans), expected.length, "count");
        const found: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await users.list({ ...romans, orderBy: [["city", "asc"]], limit: 4, cursor }).page();
          found.push(...page.items.map(keyOf));
          cursor = page.cursor;
        } while (cursor !== undefined);
        equal(found, expected, "the keys of all pages");
      },
    ),

    clause("K-index-build", "What was there before an index was declared is found by it", async (t) => {
      const { records } = await t.store();
      const plain = records.collection<User>("users");
      await fill(plain, 250);
      const users = records.collection<User>("users", byCity);
      await isReady(users, "city");
      await hasAll(users, 250);
    }),

    clause(
      "K-index-build-unique",
      "An index is unique for whatever is written from its declaration on, and for all once it is ready",
      async (t) => {
        const { records } = await t.store();
        await records.collection<User>("users").putMany([
          ["1", email("ada")],
          ["2", email("bob")],
        ]);
        const users = usersOf({ records } as Store);
        await users.put("3", email("eve"));
        await refused(() => users.put("4", email("eve")), "CONFLICT", "at once");
        await isReady(users, "email", { where: { email: "x" } });
        await refused(() => users.put("4", email("ada")), "CONFLICT", "what was there before");
      },
    ),

    clause(
      "K-index-build-writers",
      "Writers go on while an index is built, and it misses nothing and keeps nothing",
      async (t) => {
        const { records } = await t.store();
        const plain = records.collection<User>("users");
        await fill(plain, 300);
        const users = records.collection<User>("users", byCity);
        for (let i = 0; i < 300; i += 7) {
          if (i % 2 === 0) await plain.update(keyAt(i), { city: "moved" });
          else await records.delete(`users/${keyAt(i)}`);
          await users.put(`new${i}`, { city: "new" });
        }
        await isReady(users, "city");
        const everyone = await users.list().toArray();
        for (const city of ["0", "1", "2", "moved", "new"]) {
          equal(
            (await users.list({ where: { city } }).toArray()).map(keyOf),
            everyone.filter(({ value }) => value.city === city).map(keyOf),
            `those of ${city}`,
          );
        }
      },
    ),

    clause(
      "K-index-build-duplicates",
      "A unique index that cannot be built says which two records share a value, and is built once they do not",
      async (t) => {
        const place = t.place();
        const store = await place.open();
        const plain = store.records.collection<User>("users");
        await fill(plain, 150);
        await plain.put("a", email("ada"));
        await plain.put("z", email("ada"));
        const users = usersOf(store);
        await until(async () => (await store.health()).detail !== undefined, "health tells of the index");
        const { detail = "" } = await store.health();
        holds(
          /"email".*"users".*"(a|z)".*"(a|z)"/.test(detail),
          `the detail names index, collection and keys: ${detail}`,
        );
        equal((await users.explain({ where: email("ada") })).plan, "scan", "the plan without it");
        equal((await users.list({ where: email("ada") }).toArray()).map(keyOf), ["a", "z"], "both are found");
        await users.delete("z");
        await place.close();
        const again = usersOf(await place.open());
        await isReady(again, "email", { where: { email: "x" } });
        await refused(() => again.put("z", email("ada")), "CONFLICT", "the value that was taken twice");
      },
    ),

    clause(
      "K-index-changed",
      "An index whose definition is changed is built anew, and means what it says then",
      async (t) => {
        const { records } = await t.store();
        const first = usersOf({ records } as Store);
        await first.put("1", { ...email("ada"), city: "Rome" });
        await isReady(first, "email", { where: { email: "x" } });
        const second = records.collection<User>("users", { indexes: { email: { on: "email" } } });
        await second.put("2", { ...email("ada"), city: "Oslo" });
        await isReady(second, "email", { where: { email: "x" } });
        equal((await second.list({ where: email("ada") }).toArray()).map(keyOf), ["1", "2"], "no longer unique");
        const third = records.collection<User>("users", { indexes: { email: { on: ["city", "email"] } } });
        await isReady(third, "email", { where: { city: "Rome" } });
        equal((await third.list({ where: { city: "Oslo" } }).toArray()).map(keyOf), ["2"], "by another path");
      },
    ),

    clause("K-index-kept", "An index stays when it is no longer declared, and is kept by all who write", async (t) => {
      const place = t.place();
      await usersOf(await place.open()).put("1", email("ada"));
      await place.close();
      const { records } = await place.open();
      await refused(() => records.put("users/2", email("ada")), "CONFLICT", "through records");
      await refused(() => records.collection("users").put("2", email("ada")), "CONFLICT", "through a plain collection");
      await records.put("users/2", email("bob"));
      const users = usersOf({ records } as Store);
      await isReady(users, "email", { where: { email: "x" } });
      equal((await users.list({ where: email("bob") }).toArray()).map(keyOf), ["2"], "what was put in between");
    }),

    clause("K-index-others", "Whoever had the store open before an index was declared keeps it too", async (t) => {
      needOneCopy(t, "indexes");
      const place = t.place();
      const [here, there] = [await place.open(), await place.openBeside()];
      await there.records.put("users/1", email("ada"));
      const users = usersOf(here);
      await users.put("2", email("bob"));
      await place.settle();
      await refused(() => there.records.put("users/3", email("bob")), "CONFLICT", "a value that is taken");
      await there.records.put("users/3", email("eve"));
      await there.records.collection<User>("users").putMany([["4", email("fay")]]);
      await there.transaction(async (tx) => tx.records.put("users/5", email("gus")));
      await there.records.delete("users/2");
      await place.settle();
      await isReady(users, "email", { where: { email: "x" } });
      for (const [key, name] of [
        ["1", "ada"],
        ["3", "eve"],
        ["4", "fay"],
        ["5", "gus"],
      ] as const) {
        equal((await users.list({ where: email(name) }).toArray()).map(keyOf), [key], `who is ${name}`);
      }
      equal(await users.count({ where: email("bob") }), 0, "what was deleted");
    }),

    clause("K-index-declared-at-once", "Many may declare the same at once, and different indexes too", async (t) => {
      const place = t.place();
      const stores = [await place.open(), await place.openBeside()];
      await fill((stores[0] as Store).records.collection<User>("users"), 220);
      await place.settle();
      const all = stores.flatMap(({ records }) => [
        records.collection<User>("users", byCity),
        records.collection<User>("users", { indexes: { n: { on: "n", unique: true } } }),
        records.collection<User>("users", { indexes: { ...byCity.indexes, ...byEmail.indexes } }),
      ]);
      await Promise.all(all.map((users, i) => users.put(`new${i}`, { city: "new", n: 1000 + i })));
      await place.settle();
      for (const users of all) {
        await isReady(users, "city");
        await isReady(users, "n", { where: { n: -1 } });
        await isReady(users, "email", { where: { email: "x" } });
      }
      equal(await (all[0] as Records<User>).count({ where: { city: "new" } }), all.length, "how many are new");
      await hasAll(all[1] as Records<User>, 220);
    }),

    clause("K-index-restart", "A build that was cut short goes on when the same is declared again", async (t) => {
      const place = t.place();
      const first = await place.open();
      await fill(first.records.collection<User>("users"), 450);
      await first.records.collection<User>("users", byCity).get("none");
      await place.close();
      const second = await place.open();
      await second.records.put("users/late", { city: "late" });
      const users = second.records.collection<User>("users", byCity);
      await isReady(users, "city");
      await hasAll(users, 450);
      equal((await users.list({ where: { city: "late" } }).toArray()).map(keyOf), ["late"], "what was put in between");
    }),

    clause("K-index-unseen", "Building an index changes no record and is no change", async (t) => {
      const { records } = await t.store();
      const plain = records.collection<User>("users");
      await fill(plain, 20);
      const before = await records.list().toArray();
      t.clock.advance(minute);
      await isReady(records.collection<User>("users", byCity), "city");
      equal(await records.list().toArray(), before, "all records");
    }),
  ],
};

const cities = 3;

function keyAt(i: number): string {
  return `k${1000 + i}`;
}

async function fill(users: Records<User>, count: number): Promise<void> {
  await users.putMany(
    Array.from({ length: count }, (_, i): [string, User] => [keyAt(i), { city: `${i % cities}`, n: i }]),
  );
}

/** What `fill` has put is found by its city, all of it. */
async function hasAll(users: Records<User>, count: number): Promise<void> {
  for (let city = 0; city < cities; city++) {
    const expected = Array.from({ length: count }, (_, i) => i).filter((i) => i % cities === city);
    const found = await users.list({ where: { city: `${city}` } }).toArray();
    equal(found.map(keyOf), expected.map(keyAt), `the keys of city ${city}`);
  }
}

function keyOf({ key }: { readonly key: string }): string {
  return key;
}

/** Waits until queries go by the index. */
async function isReady(
  users: Records<User>,
  index: string,
  query: object = { where: { city: "none" } },
): Promise<void> {
  await until(async () => (await users.explain(query)).index === index, `the index "${index}" is ready`);
}

async function until(isSo: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + minute;
  while (!(await isSo())) {
    if (performance.now() > deadline) fail(`never so: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
