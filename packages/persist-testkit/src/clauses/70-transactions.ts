/** Everything that a transaction does commits together, or nothing does. */
import type { Store, Transaction } from "@cuitty/persist-core";
import { equal, holds, identical, present, refused } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";
import { refusedBeforeIo } from "../untouched.ts";

const event = (data: unknown, id?: string) => (id === undefined ? { type: "t", data } : { type: "t", data, id });

/** One of each, inside or outside of a transaction. */
async function writeAll(to: Transaction | Store): Promise<void> {
  await to.records.put("k", { in: "records" });
  await to.kv.set("k", "in kv");
  await to.blobs.put("k", "in blobs");
  await to.events.append("k", [event(1), event(2)]);
}

/** What {@link writeAll} has left: the values, or undefined. */
async function readAll(from: Transaction | Store): Promise<unknown[]> {
  return [
    (await from.records.get("k"))?.value,
    await from.kv.get("k"),
    await (await from.blobs.get("k"))?.text(),
    (await from.events.read("k").toArray()).map(({ data }) => data),
    await from.events.head("k"),
  ];
}

const nothing = [undefined, undefined, undefined, [], 0];
const all = [{ in: "records" }, "in kv", "in blobs", [1, 2], 2];

export const transactions: Chapter = {
  section: "70",
  title: "Transactions",
  clauses: [
    clause(
      "K-tx-commits",
      "What a transaction writes is there after it, in every facade, and it gives its value back",
      async (t) => {
        const store = await t.store();
        const answer = await store.transaction(async (tx) => {
          await writeAll(tx);
          return { any: "value" };
        });
        equal(answer, { any: "value" }, "the answer");
        equal(await readAll(store), all, "what is there");
      },
    ),

    clause("K-tx-throws", "A transaction that throws leaves nothing, and its error comes through", async (t) => {
      const store = await t.store();
      const mine = new Error("mine");
      const failing = store.transaction(async (tx) => {
        await writeAll(tx);
        throw mine;
      });
      holds((await failing.catch((error: unknown) => error)) === mine, "the very error is thrown");
      equal(await readAll(store), nothing, "what is there");
      equal(await store.events.head(), 0, "the head of the store");
    }),

    clause("K-tx-throws-late", "A transaction that throws leaves what was there before as it was", async (t) => {
      const store = await t.store();
      await writeAll(store);
      const failing = store.transaction(async (tx) => {
        await tx.kv.delete("k");
        await tx.records.delete("k");
        await tx.blobs.put("k", "other");
        await tx.events.append("k", event(3));
        throw new Error("no");
      });
      await failing.catch(() => undefined);
      equal(await readAll(store), all, "what is there");
    }),

    clause("K-tx-sees-own", "A transaction sees its own writes, in every facade", async (t) => {
      const store = await t.store();
      await store.transaction(async (tx) => {
        await writeAll(tx);
        equal(await readAll(tx), all, "what it sees");
        equal(await tx.kv.keys().toArray(), ["k"], "kv.keys");
        equal(
          (await tx.records.list().toArray()).map(({ value }) => value),
          [{ in: "records" }],
          "records.list",
        );
        equal([...(await tx.kv.getMany(["k", "other"]))], [["k", "in kv"]], "kv.getMany");
      });
    }),

    clause("K-tx-invisible", "Nobody sees what a transaction writes before it commits", async (t) => {
      const store = await t.store();
      await store.transaction(async (tx) => {
        await writeAll(tx);
        equal(await readAll(store), nothing, "what the store sees");
        equal(await store.kv.keys().toArray(), [], "kv.keys of the store");
        equal(await store.blobs.list().toArray(), [], "blobs.list of the store");
        equal(await store.events.streams().toArray(), [], "events.streams of the store");
      });
    }),

    clause("K-tx-sees-own-deletes", "A transaction sees its own deletions, and writes after them", async (t) => {
      const store = await t.store();
      await writeAll(store);
      await store.transaction(async (tx) => {
        equal([await tx.kv.delete("k"), await tx.kv.delete("k")], [true, false], "kv.delete, twice");
        equal([await tx.records.delete("k"), await tx.records.has("k")], [true, false], "records.delete and has");
        equal([await tx.blobs.delete("k"), await tx.blobs.has("k")], [true, false], "blobs.delete and has");
        equal(await tx.kv.keys().toArray(), [], "kv.keys");
        await tx.kv.set("k", "again");
        await tx.records.insert("k", "again");
        equal(await tx.kv.get("k"), "again", "kv.get");
      });
      equal(await readAll(store), ["again", "again", undefined, [1, 2], 2], "what is there");
    }),

    clause(
      "K-tx-condition-at-once",
      "A condition that is not met is CONFLICT at the call, and may be caught there",
      async (t) => {
        const store = await t.store();
        const { version } = await store.kv.set("k", 1);
        await store.kv.set("k", 2);
        await store.records.put("k", 1);
        await store.events.append("s", event(1));
        let runs = 0;
        await store.transaction(async (tx) => {
          runs++;
          await refused(() => tx.kv.set("k", 3, { ifMatch: version }), "CONFLICT", "kv.set with an old version");
          await refused(() => tx.kv.set("k", 3, { ifNoneMatch: "*" }), "CONFLICT", "kv.set with ifNoneMatch");
          await refused(() => tx.kv.delete("k", { ifMatch: version }), "CONFLICT", "kv.delete with an old version");
          await refused(() => tx.records.insert("k", 2), "CONFLICT", "records.insert");
          await refused(() => tx.events.append("s", event(2), { expectedVersion: 0 }), "CONFLICT", "events.append");
          await tx.kv.set("after", 1);
        });
        equal(runs, 1, "how often it ran");
        equal(await store.kv.get("k"), 2, "kv.get");
        equal(await store.kv.get("after"), 1, "kv.get of what was written after");
      },
    ),

    clause(
      "K-tx-condition-uncaught",
      "A CONFLICT that is not caught ends the transaction without another attempt",
      async (t) => {
        const store = await t.store();
        await store.records.put("k", 1);
        let runs = 0;
        const failing = store.transaction(async (tx) => {
          runs++;
          await tx.kv.set("x", 1);
          await tx.records.insert("k", 2);
        });
        await refused(() => failing, "CONFLICT", "transaction");
        equal([runs, await store.kv.has("x")], [1, false], "runs, and has of its write");
      },
    ),

    clause("K-tx-conditions-hold", "Conditions hold for the transaction's own writes too", async (t) => {
      const store = await t.store();
      await store.transaction(async (tx) => {
        const first = await tx.records.put("k", 1);
        await refused(() => tx.records.insert("k", 2), "CONFLICT", "insert over its own write");
        const second = await tx.records.put("k", 2, { ifMatch: first.version });
        await refused(() => tx.records.put("k", 3, { ifMatch: first.version }), "CONFLICT", "its own old version");
        equal((await tx.records.get("k"))?.version, second.version, "the version");
      });
      equal((await store.records.get("k"))?.value, 2, "the value");
    }),

    clause("K-tx-version-told", "The version that a call in a transaction answers is that of the commit", async (t) => {
      const store = await t.store();
      const versions = await store.transaction(async (tx) => {
        await tx.kv.set("k", 1);
        const { version } = await tx.kv.set("k", 2);
        return [version, (await tx.records.put("k", 1)).version];
      });
      const found = [(await store.kv.getEntry("k"))?.version, (await store.records.get("k"))?.version];
      equal(found, versions, "the versions");
    }),

    clause("K-tx-created", "createdAt stays that of a record which a transaction replaces", async (t) => {
      const store = await t.store();
      const { createdAt } = await store.records.put("k", 1);
      t.clock.advance(1000);
      const inside = await store.transaction((tx) => tx.records.put("k", 2));
      equal(inside.createdAt, createdAt, "createdAt inside");
      equal(await store.records.get("k"), inside, "the entry");
    }),

    clause(
      "K-tx-recreated",
      "A record that a transaction deletes and makes anew is replaced: createdAt stays, inside and after the commit",
      async (t) => {
        const store = await t.store();
        const { createdAt } = await store.records.put("k", 1);
        t.clock.advance(1000);
        const inside = await store.transaction(async (tx) => {
          await tx.records.delete("k");
          return tx.records.insert("k", 2);
        });
        equal(inside.createdAt, createdAt, "createdAt inside");
        equal(await store.records.get("k"), inside, "the entry after the commit");
      },
    ),

    clause(
      "K-tx-update-increment",
      "update, increment, touch and putMany work in transactions as outside",
      async (t) => {
        const store = await t.store();
        await store.kv.setMany([
          ["n", 5],
          ["u", 1],
          ["t", 1],
          ["gone", 1],
        ]);
        await store.records.put("r", { a: 1, b: 2 });
        await store.transaction(async (tx) => {
          equal(
            [await tx.kv.increment("n"), await tx.kv.increment("n", 10), await tx.kv.increment("new")],
            [6, 16, 1],
            "increment",
          );
          equal(await tx.kv.update<number>("u", (u) => (u ?? 0) + 1), 2, "kv.update");
          equal(await tx.kv.update("gone", () => undefined), undefined, "kv.update that removes");
          equal(await tx.kv.touch("t", "1h"), true, "touch");
          identical((await tx.records.update("r", { a: 3 })).value, { a: 3, b: 2 }, "records.update");
          await tx.records.putMany([
            ["x", 1],
            ["y", 2],
          ]);
          await tx.kv.setMany([["z", 1]]);
          await refused(
            () => tx.records.update("missing", { a: 1 }),
            "NOT_FOUND",
            "records.update of what is not there",
          );
          await tx.kv.set("text", "x");
          await refused(() => tx.kv.increment("text"), "INVALID_VALUE", "increment of a text");
        });
        equal(
          [...(await store.kv.getMany(["n", "u", "gone", "new", "z"]))],
          [
            ["n", 16],
            ["u", 2],
            ["new", 1],
            ["z", 1],
          ],
          "kv",
        );
        equal((await store.kv.getEntry("t"))?.expiresAt, new Date(t.clock.now() + 3_600_000), "expiresAt of t");
        equal(
          (await store.records.list().toArray()).map(({ key }) => key),
          ["r", "x", "y"],
          "the records",
        );
      },
    ),

    clause(
      "K-tx-events",
      "Appends of a transaction stand together, with versions told at once and positions at the commit",
      async (t) => {
        const store = await t.store();
        await store.events.append("s", event("before"));
        const answers = await store.transaction(async (tx) => {
          const first = await tx.events.append("s", event(1));
          const other = await tx.events.append("other", [event(2), event(3)]);
          const second = await tx.events.append("s", event(4));
          equal([await tx.events.head("s"), await tx.events.head("other")], [3, 2], "heads inside");
          equal(await tx.events.head(), 5, "the head of the store inside");
          equal(
            (await tx.events.read("s").toArray()).map(({ data }) => data),
            ["before", 1, 4],
            "read inside",
          );
          const backward = await tx.events.read("s", { direction: "backward", limit: 2 }).toArray();
          equal(
            backward.map(({ data }) => data),
            [4, 1],
            "read backward inside",
          );
          return [first.version, other.version, second.version];
        });
        equal(answers, [2, 2, 3], "the versions that were answered");
        const events = await store.events.readAll().toArray();
        equal(
          events.map(({ position }) => position),
          [1, 2, 3, 4, 5],
          "positions",
        );
        equal(
          events.filter(({ stream }) => stream === "s").map(({ version, data }) => [version, data]),
          [
            [1, "before"],
            [2, 1],
            [3, 4],
          ],
          "stream s",
        );
      },
    ),

    clause("K-tx-events-expected", "expectedVersion counts what the transaction itself has appended", async (t) => {
      const store = await t.store();
      await store.transaction(async (tx) => {
        await tx.events.append("s", event(1), { expectedVersion: "noStream" });
        await tx.events.append("s", event(2), { expectedVersion: 1 });
        await tx.events.append("s", event(3), { expectedVersion: "streamExists" });
        await refused(() => tx.events.append("s", event(4), { expectedVersion: "noStream" }), "CONFLICT", "noStream");
      });
      equal(await store.events.head("s"), 3, "head");
    }),

    clause(
      "K-tx-events-again",
      "The same ids again in a transaction are answered with the first versions, and written once",
      async (t) => {
        const store = await t.store();
        await store.events.append("s", [event("a", "a"), event("b", "b")]);
        await store.transaction(async (tx) => {
          equal(
            await tx.events.append("s", [event("a", "a"), event("b", "b")]),
            { version: 2, ids: ["a", "b"] },
            "of before",
          );
          await tx.events.append("s", event("c", "c"));
          equal(await tx.events.append("s", event("c", "c")), { version: 3, ids: ["c"] }, "of its own");
          await refused(() => tx.events.append("s", [event("c", "c"), event("d", "d")]), "CONFLICT", "only some");
        });
        equal(await store.events.head("s"), 3, "head");
      },
    ),

    clause("K-tx-blobs", "A blob of a transaction is read inside of it, and outside after the commit", async (t) => {
      const store = await t.store();
      await store.blobs.put("k", "before");
      await store.transaction(async (tx) => {
        const info = await tx.blobs.put("k", "inside", { metadata: { a: "1" }, contentType: "a/b" });
        equal(await (await tx.blobs.get("k"))?.text(), "inside", "text inside");
        equal(await (await tx.blobs.get("k", { range: { offset: 2, length: 2 } }))?.text(), "si", "range inside");
        equal((await tx.blobs.head("k"))?.etag, info.etag, "etag inside");
        equal(await (await store.blobs.get("k"))?.text(), "before", "text outside");
      });
      const blob = present(await store.blobs.get("k"), "the blob");
      equal(
        [await blob.text(), blob.contentType, blob.metadata],
        ["inside", "a/b", { a: "1" }],
        "the blob after the commit",
      );
    }),

    clause("K-tx-blobs-twice", "Of two blobs under one key in a transaction the last one is stored", async (t) => {
      const store = await t.store();
      await store.transaction(async (tx) => {
        await tx.blobs.put("k", "first");
        await tx.blobs.put("k", "second");
        await tx.blobs.put("gone", "x");
        await tx.blobs.delete("gone");
      });
      equal(await (await store.blobs.get("k"))?.text(), "second", "text");
      equal(await store.blobs.has("gone"), false, "has of the deleted one");
    }),

    clause(
      "K-tx-lists-merge",
      "Lists in a transaction merge its writes with what is stored, in order, both ways, in pages",
      async (t) => {
        const store = await t.store();
        await store.kv.setMany(["b", "d", "f", "h"].map((key) => [key, "stored"]));
        await store.transaction(async (tx) => {
          for (const key of ["a", "c", "d", "i"]) await tx.kv.set(key, "mine");
          await tx.kv.delete("f");
          const expected = ["a", "b", "c", "d", "h", "i"];
          equal(await tx.kv.keys().toArray(), expected, "keys");
          equal(await tx.kv.keys({ reverse: true }).toArray(), [...expected].reverse(), "keys in reverse");
          equal(await tx.kv.keys({ batchSize: 1 }).toArray(), expected, "keys in batches of one");
          equal(await tx.kv.keys({ limit: 3 }).toArray(), ["a", "b", "c"], "keys with a limit");
          equal(await tx.kv.keys({ start: "c", end: "h" }).toArray(), ["c", "d"], "keys in a range");
          equal(await tx.kv.keys({ prefix: "d" }).toArray(), ["d"], "keys with a prefix");
          equal(
            (await tx.kv.list({ start: "b", end: "e" }).toArray()).map(({ value }) => value),
            ["stored", "mine", "mine"],
            "values",
          );
          const page = await tx.kv.keys({ limit: 2 }).page();
          const next = await tx.kv.keys({ limit: 2, cursor: page.cursor }).page();
          equal(
            [page.items, next.items],
            [
              ["a", "b"],
              ["c", "d"],
            ],
            "two pages",
          );
        });
      },
    ),

    clause(
      "K-tx-lists-hollow",
      "A list goes on behind several pages of keys that the transaction has deleted",
      async (t) => {
        const store = await t.store();
        const keys = Array.from({ length: 120 }, (_, i) => `k${String(i).padStart(4, "0")}`);
        await store.kv.setMany([...keys.map((key): [string, number] => [key, 1]), ["z", 1]]);
        await store.transaction(async (tx) => {
          for (const key of keys) await tx.kv.delete(key);
          equal(await tx.kv.keys({ batchSize: 50 }).toArray(), ["z"], "keys");
          equal((await tx.kv.keys({ limit: 1 }).page()).items, ["z"], "a page of one");
        });
        equal(await store.kv.keys().toArray(), ["z"], "keys after the commit");
      },
    ),

    clause("K-tx-copies", "What a transaction reads of its own writes is a copy", async (t) => {
      const store = await t.store();
      await store.transaction(async (tx) => {
        const value = [1];
        await tx.kv.set("k", value);
        value.push(2);
        present(await tx.kv.get<number[]>("k"), "the value").push(3);
        identical(await tx.kv.get("k"), [1], "the value");
      });
      identical(await store.kv.get("k"), [1], "the value after the commit");
    }),

    clause(
      "K-tx-outside-inside",
      "The store itself stays outside, also when it is used inside of the callback",
      async (t) => {
        const store = await t.store();
        const failing = store.transaction(async (tx) => {
          await tx.kv.set("inside", 1);
          await store.kv.set("outside", 1);
          throw new Error("no");
        });
        await failing.catch(() => undefined);
        equal(await store.kv.keys().toArray(), ["outside"], "keys");
      },
    ),

    clause("K-tx-ended", "What a transaction has handed out is refused after it has ended", async (t) => {
      const store = await t.store();
      let kept: Transaction | undefined;
      await store.transaction(async (tx) => {
        kept = tx;
        await tx.kv.set("k", 1);
      });
      const tx = present(kept, "the transaction");
      const late: readonly (() => unknown)[] = [
        () => tx.kv.get("k"),
        () => tx.kv.set("k", 2),
        () => tx.records.put("k", 2),
        () => tx.kv.list().toArray(),
        () => tx.blobs.put("k", "x"),
        () => tx.events.append("s", event(1)),
        () => tx.events.read("s").toArray(),
      ];
      for (const call of late) await refused(call, "INVALID_ARGUMENT", call.toString());
      equal(await store.kv.get("k"), 1, "the value");
    }),

    clause("K-tx-empty", "A transaction that does nothing asks the backend for nothing", async (t) => {
      const { store, calls } = await t.watched();
      equal(await store.transaction(async () => 5), 5, "the answer");
      equal(calls, [], "what the backend was asked");
    }),

    clause("K-tx-no-function", "transaction without a function is refused before any I/O", async (t) => {
      const watched = await t.watched();
      for (const fn of [undefined, null, 5, {}]) {
        await refusedBeforeIo(watched, (s) => s.transaction(fn as never), "INVALID_ARGUMENT", "transaction");
      }
    }),

    clause("K-tx-many-reads", "A transaction may read more than it may write", async (t) => {
      const store = await t.store();
      await store.kv.setMany(Array.from({ length: 1000 }, (_, i) => [`k${i}`, i]));
      const sum = await store.transaction(async (tx) => {
        let total = 0;
        for await (const { value } of tx.kv.list<number>()) total += value;
        await Promise.all(Array.from({ length: 1500 }, (_, i) => tx.kv.get(`other${i}`)));
        await tx.kv.set("sum", total);
        return total;
      });
      equal([sum, await store.kv.get("sum")], [499_500, 499_500], "the sum");
    }),

    clause("K-tx-reopened", "What a transaction has written is there after the store was opened anew", async (t) => {
      const place = t.place();
      await (await place.open()).transaction(writeAll);
      await place.close();
      equal(await readAll(await place.open()), all, "what is there");
    }),
  ],
};
