/** Transactions and others at once: what a transaction read still holds when it commits, and nobody sees half of one. */
import type { Store, Transaction } from "@cuitty/persist-core";
import { equal, fail, refused } from "../assertions.ts";
import { type Chapter, type Clause, clause } from "../clause.ts";
import type { Context } from "../context.ts";
import { needExactKeys, needSerializable } from "../isolation-needs.ts";

const event = (data: unknown, id?: string) => (id === undefined ? { type: "t", data } : { type: "t", data, id });

/** Runs the transaction, in whose first attempt somebody else interferes after `before` and before `after`. Answers how often it ran. */
async function interfered<T>(
  store: Store,
  before: (tx: Transaction) => Promise<T>,
  interfere: () => Promise<unknown>,
  after: (tx: Transaction, seen: T) => Promise<unknown>,
): Promise<number> {
  let runs = 0;
  await store.transaction(async (tx) => {
    const seen = await before(tx);
    if (++runs === 1) await interfere();
    await after(tx, seen);
  });
  return runs;
}

type Reader = readonly [
  slug: string,
  what: string,
  read: (tx: Transaction) => Promise<unknown>,
  change: (store: Store) => Promise<unknown>,
];

/** What a transaction may have read, and who changes it before the commit. */
const readers: readonly Reader[] = [
  ["kv-get", "a value of kv", (tx) => tx.kv.get("k"), (s) => s.kv.set("k", 2)],
  ["kv-get-entry", "an entry of kv", (tx) => tx.kv.getEntry("k"), (s) => s.kv.increment("k")],
  ["kv-get-many", "many values of kv", (tx) => tx.kv.getMany(["a", "k"]), (s) => s.kv.delete("k")],
  ["kv-has", "whether a key of kv is there", (tx) => tx.kv.has("k"), (s) => s.kv.delete("k")],
  ["kv-missing", "that a key of kv is not there", (tx) => tx.kv.get("new"), (s) => s.kv.set("new", 1)],
  ["records-get", "a record", (tx) => tx.records.get("k"), (s) => s.records.update("k", () => 2)],
  ["records-missing", "that a record is not there", (tx) => tx.records.has("new"), (s) => s.records.insert("new", 1)],
  ["blobs-head", "the facts of a blob", (tx) => tx.blobs.head("k"), (s) => s.blobs.put("k", "other")],
  ["blobs-missing", "that a blob is not there", (tx) => tx.blobs.has("new"), (s) => s.blobs.put("new", "x")],
  ["events-head", "the head of a stream", (tx) => tx.events.head("k"), (s) => s.events.append("k", event(2))],
  [
    "events-read",
    "the events of a stream",
    (tx) => tx.events.read("k").toArray(),
    (s) => s.events.append("k", event(2)),
  ],
  [
    "events-empty",
    "that a stream is empty",
    (tx) => tx.events.read("new").toArray(),
    (s) => s.events.append("new", event(1)),
  ],
];

/** What a transaction may have listed: a change anywhere in it counts, if it was made before the commit began. */
const rangeReaders: readonly Reader[] = [
  [
    "list-insert",
    "a list, into which somebody writes a new key",
    (tx) => tx.kv.list({ prefix: "k" }).toArray(),
    (s) => s.kv.set("k2", 1),
  ],
  [
    "list-change",
    "a list, of which somebody changes a value",
    (tx) => tx.kv.list({ prefix: "k" }).toArray(),
    (s) => s.kv.set("k", 2),
  ],
  [
    "list-delete",
    "a list, of which somebody deletes a key",
    (tx) => tx.kv.keys({ prefix: "k" }).toArray(),
    (s) => s.kv.delete("k"),
  ],
  [
    "list-empty",
    "a list that was empty",
    (tx) => tx.kv.keys({ prefix: "none" }).toArray(),
    (s) => s.kv.set("none1", 1),
  ],
  [
    "list-reverse",
    "a list in reverse",
    (tx) => tx.records.list({ reverse: true }).toArray(),
    (s) => s.records.put("z", 1),
  ],
  ["list-page", "a page, in which somebody writes", (tx) => tx.kv.keys({ limit: 2 }).page(), (s) => s.kv.set("a0", 1)],
];

function retried(
  [slug, what, read, change]: Reader,
  check: (t: Context, store: Store) => void = () => undefined,
): Clause {
  return clause(
    `K-tx-read-${slug}`,
    ["A transaction runs again where what it has read changed meanwhile", what],
    async (t) => {
      const store = await t.store();
      check(t, store);
      await store.kv.setMany([
        ["a", 1],
        ["k", 1],
        ["x", 1],
      ]);
      await store.records.put("k", 1);
      await store.blobs.put("k", "x");
      await store.events.append("k", event(1));
      let last: unknown;
      const runs = await interfered(
        store,
        read,
        () => change(store),
        async (tx, seen) => {
          last = seen;
          await tx.kv.set("result", 1);
        },
      );
      equal(runs, 2, "how often it ran");
      const fresh = await store.transaction(read);
      equal(last, fresh, "what it read in the end");
    },
  );
}

export const isolation: Chapter = {
  section: "72",
  title: "Transactions and others at once",
  clauses: [
    clause("K-tx-at-once", "One read of several keys sees all of a transaction's writes or none", async (t) => {
      const store = await t.store();
      needSerializable(t, store);
      await store.kv.setMany([
        ["a", 0],
        ["b", 0],
      ]);
      let writing = true;
      const writer = (async () => {
        for (let i = 1; i <= 40; i++) {
          await store.transaction(async (tx) => {
            await tx.kv.set("a", i);
            await tx.kv.set("b", i);
          });
        }
      })().finally(() => {
        writing = false;
      });
      while (writing) {
        const values = [...(await store.kv.getMany<number>(["a", "b"])).values()];
        if (values[0] !== values[1]) fail(`a reader saw ${values.join(" and ")} in one getMany`);
        await new Promise((resolve) => setTimeout(resolve));
      }
      await writer;
    }),

    ...readers.map((reader) => retried(reader)),

    ...rangeReaders.map((reader) => retried(reader, needExactKeys)),

    clause("K-tx-untouched-not-retried", "A transaction runs once where what it read has not changed", async (t) => {
      const store = await t.store();
      await store.kv.setMany([
        ["k", 1],
        ["other", 1],
      ]);
      const runs = await interfered(
        store,
        (tx) => Promise.all([tx.kv.get("k"), tx.kv.keys({ prefix: "k" }).toArray(), tx.events.head("s")]),
        async () => {
          await store.kv.set("other", 2);
          await store.records.put("k", 1);
          await store.events.append("other", event(1));
        },
        (tx) => tx.kv.set("k", 2),
      );
      equal(runs, 1, "how often it ran");
    }),

    clause(
      "K-tx-blind-writes",
      "A transaction that only writes does not run again for what others write",
      async (t) => {
        const store = await t.store();
        const runs = await interfered(
          store,
          (tx) => tx.kv.set("k", "mine"),
          () => store.kv.set("k", "other"),
          (tx) => tx.records.put("k", 1),
        );
        equal([runs, await store.kv.get("k")], [1, "mine"], "runs and value");
      },
    ),

    clause("K-tx-lost-update", "Counters that transactions read and write lose no count", async (t) => {
      const store = await t.store();
      const count = () =>
        store.transaction(async (tx) => {
          const n = (await tx.kv.get<number>("n")) ?? 0;
          await tx.kv.set("n", n + 1);
        });
      await Promise.all(Array.from({ length: 25 }, count));
      equal(await store.kv.get("n"), 25, "the count");
    }),

    clause("K-tx-transfer", "Money that many transactions move about neither appears nor vanishes", async (t) => {
      const store = await t.store();
      const accounts = ["a", "b", "c"];
      for (const account of accounts) await store.records.put(account, { sum: 100 });
      const move = (i: number) =>
        store.transaction(async (tx) => {
          const from = accounts[i % 3] as string;
          const to = accounts[(i + 1 + (i % 2)) % 3] as string;
          await tx.records.update(from, (r) => ({ sum: (r as { sum: number }).sum - 7 }));
          await tx.records.update(to, (r) => ({ sum: (r as { sum: number }).sum + 7 }));
        });
      await Promise.all(Array.from({ length: 20 }, (_, i) => move(i)));
      const sums = (await store.records.list<{ sum: number }>().toArray()).map(({ value }) => value.sum);
      equal(
        sums.reduce((a, b) => a + b),
        300,
        "the sum of all",
      );
    }),

    clause(
      "K-tx-write-skew",
      "Two transactions that read what the other one writes do not both commit unseen",
      async (t) => {
        const store = await t.store();
        needExactKeys(t, store);
        for (let round = 0; round < 10; round++) {
          await store.kv.setMany([
            ["a", 1],
            ["b", 1],
          ]);
          const withdraw = (key: string) =>
            store.transaction(async (tx) => {
              const sum = ((await tx.kv.get<number>("a")) ?? 0) + ((await tx.kv.get<number>("b")) ?? 0);
              if (sum >= 2) await tx.kv.set(key, 0);
            });
          await Promise.all([withdraw("a"), withdraw("b")]);
          const left = [...(await store.kv.getMany<number>(["a", "b"])).values()].reduce((a, b) => a + b);
          equal(left, 1, "what is left, of which at most one may go");
        }
      },
    ),

    clause("K-tx-phantom", "Two transactions that list and then add do not both find nothing", async (t) => {
      const store = await t.store();
      needSerializable(t, store);
      const book = (name: string) =>
        store.transaction(async (tx) => {
          const taken = await tx.records.list({ prefix: "seat/" }).toArray();
          if (taken.length === 0) await tx.records.put(`seat/${name}`, name);
        });
      await Promise.all(["a", "b", "c", "d"].map(book));
      equal((await store.records.list({ prefix: "seat/" }).toArray()).length, 1, "how many were booked");
    }),

    clause(
      "K-tx-reads-fit",
      "What a transaction reads at different moments fits together, also where it writes nothing",
      async (t) => {
        const store = await t.store();
        needExactKeys(t, store);
        await store.kv.setMany([
          ["a", 1],
          ["b", 1],
        ]);
        let second: unknown;
        let first: unknown;
        await interfered(
          store,
          async (tx) => {
            first = await tx.kv.get("a");
          },
          () =>
            store.kv.setMany([
              ["a", 2],
              ["b", 2],
            ]),
          async (tx) => {
            second = await tx.kv.get("b");
          },
        );
        equal(first, second, "the two values");
      },
    ),

    clause(
      "K-tx-read-twice",
      "A transaction that finds two states of one key never commits on the mixture",
      async (t) => {
        const store = await t.store();
        await store.kv.set("k", 1);
        const runs = await interfered(
          store,
          (tx) => tx.kv.get("k"),
          () => store.kv.set("k", 2),
          async (tx, seen) => {
            await tx.kv.set("pair", [seen, await tx.kv.get("k")]);
          },
        );
        equal([runs, await store.kv.get("pair")], [2, [2, 2]], "runs and pair");
      },
    ),

    clause(
      "K-tx-retries",
      "It runs at most `retries` times again, then it is CONFLICT and nothing is written",
      async (t) => {
        const store = await t.store();
        for (const retries of [0, 2]) {
          let runs = 0;
          const losing = store.transaction(
            async (tx) => {
              await tx.kv.get("k");
              await store.kv.set("k", ++runs);
              await tx.kv.set("mine", 1);
            },
            { retries },
          );
          await refused(() => losing, "CONFLICT", `retries: ${retries}`);
          equal(runs, retries + 1, "how often it ran");
          equal(await store.kv.has("mine"), false, "has of its write");
        }
        for (const retries of [-1, 0.5, "1"]) {
          const call = () => store.transaction(async () => 1, { retries: retries as number });
          await refused(call, "INVALID_ARGUMENT", `retries: ${retries}`);
        }
      },
    ),

    clause(
      "K-tx-events-race",
      "Transactions that append after the head they have read come one after the other",
      async (t) => {
        const store = await t.store();
        const append = () =>
          store.transaction(async (tx) => {
            const version = await tx.events.head("s");
            await tx.events.append("s", event(version + 1), { expectedVersion: version });
          });
        await Promise.all(Array.from({ length: 12 }, append));
        const data = (await store.events.read("s").toArray()).map((one) => one.data);
        equal(
          data,
          Array.from({ length: 12 }, (_, i) => i + 1),
          "the data",
        );
      },
    ),

    clause("K-tx-concurrent-apart", "Transactions over different keys run side by side and all commit", async (t) => {
      const store = await t.store();
      await Promise.all(
        Array.from({ length: 30 }, (_, i) =>
          store.transaction(async (tx) => {
            await tx.kv.get(`k${i}`);
            await tx.kv.set(`k${i}`, i);
            await tx.events.append(`s${i}`, event(i));
          }),
        ),
      );
      equal([(await store.kv.keys().toArray()).length, await store.events.head()], [30, 30], "keys and events");
    }),
  ],
};
