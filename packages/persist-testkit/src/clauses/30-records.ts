/** Documents by key, each with a version, and with the times when it was made and changed. */
import { equal, fail, holds, identical, present, refused } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";
import { show } from "../show.ts";
import { refusedBeforeIo } from "../untouched.ts";

const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export const records: Chapter = {
  section: "30",
  title: "Records",
  clauses: [
    clause("K-records-missing", "What is not there is undefined, and no error", async (t) => {
      const { records } = await t.store();
      equal(await records.get("k"), undefined, "get");
      equal(await records.has("k"), false, "has");
      equal(await records.delete("k"), false, "delete");
      equal((await records.getMany(["k"])).size, 0, "the size of getMany");
      equal(await records.list().toArray(), [], "list");
      equal(await records.conflicts("k"), [], "conflicts");
    }),

    clause("K-records-entry", "get gives key, value, version and times, and put has answered the same", async (t) => {
      const { records } = await t.store();
      const put = await records.put("k", { a: 1 });
      const got = present(await records.get("k"), "the entry");
      const { version, ...rest } = got;
      const now = new Date(t.clock.now());
      equal(rest, { key: "k", value: { a: 1 }, createdAt: now, updatedAt: now }, "the entry without its version");
      holds(typeof version === "string" && version.length > 0, "the version is a text");
      equal(put, got, "the answer of put");
      equal(await records.list().toArray(), [got], "list");
      equal([...(await records.getMany(["k"]))], [["k", got]], "getMany");
    }),

    clause("K-records-version-changes", "Each write gives another version, also one of the same value", async (t) => {
      const { records } = await t.store();
      const versions = [];
      for (let i = 0; i < 5; i++) versions.push((await records.put("k", { same: true })).version);
      versions.push((await records.update("k", {})).version);
      equal(new Set(versions).size, versions.length, "how many different versions there are");
      equal((await records.get("k"))?.version, versions.at(-1), "the version at the end");
    }),

    clause(
      "K-records-version-never-reused",
      "No version comes back after the record was deleted and made anew",
      async (t) => {
        const { records } = await t.store();
        const versions = new Set<string>();
        for (let i = 0; i < 20; i++) {
          const { version } = await records.put("k", 1);
          if (versions.has(version)) fail(`the version ${version} was used twice`);
          versions.add(version);
          await records.delete("k");
        }
      },
    ),

    clause("K-records-version-by-reading", "Reading changes no version", async (t) => {
      const { records } = await t.store();
      const { version } = await records.put("k", 1);
      for (let i = 0; i < 3; i++) equal((await records.get("k"))?.version, version, "the version");
    }),

    clause("K-records-times", "createdAt stays from the first write, updatedAt is of the last", async (t) => {
      const { records } = await t.store();
      const first = new Date(t.clock.now());
      await records.put("k", 1);
      t.clock.advance(5000);
      const put = await records.put("k", 2);
      equal([put.createdAt, put.updatedAt], [first, new Date(t.clock.now())], "the times after put");
      t.clock.advance(5000);
      const updated = await records.update("k", () => 3);
      equal([updated.createdAt, updated.updatedAt], [first, new Date(t.clock.now())], "the times after update");
      equal(await records.get("k"), updated, "the entry");
    }),

    clause("K-records-recreated", "A record that was deleted and made again was created again", async (t) => {
      const { records } = await t.store();
      await records.put("k", 1);
      await records.delete("k");
      t.clock.advance(1000);
      const { createdAt } = await records.put("k", 2);
      equal(createdAt, new Date(t.clock.now()), "createdAt");
    }),

    clause("K-records-replace", "put replaces the whole document", async (t) => {
      const { records } = await t.store();
      await records.put("k", { a: 1, b: 2 });
      await records.put("k", { b: 3 });
      identical((await records.get("k"))?.value, { b: 3 }, "the value");
    }),

    clause("K-records-insert", "insert makes what is not there, and is CONFLICT where the key is taken", async (t) => {
      const { records } = await t.store();
      const { version } = await records.insert("k", 1);
      await refused(() => records.insert("k", 2), "CONFLICT", "the second insert");
      const entry = await records.get("k");
      equal([entry?.value, entry?.version], [1, version], "value and version after the second insert");
      await records.delete("k");
      equal((await records.insert("k", 3)).value, 3, "the value of an insert after the deletion");
    }),

    clause("K-records-insert-race", "Of many inserts at once one wins", async (t) => {
      const { records } = await t.store();
      const tries = await Promise.allSettled(Array.from({ length: 16 }, (_, i) => records.insert("k", i)));
      const winners = tries.filter((one) => one.status === "fulfilled");
      equal(winners.length, 1, "how many won");
      equal((await records.get("k"))?.value, winners[0]?.value.value, "the value that stands");
      for (const one of tries) if (one.status === "rejected") equal(one.reason.code, "CONFLICT", "the code of a loser");
    }),

    clause("K-records-add", "add stores under a new UUID of version 7", async (t) => {
      const { records } = await t.store();
      const { key, value } = await records.add({ a: 1 });
      holds(uuidV7.test(key), `${key} is a UUID of version 7`);
      identical(value, { a: 1 }, "the value in the answer");
      identical((await records.get(key))?.value, { a: 1 }, "the value");
    }),

    clause("K-records-add-order", "Keys that add makes one after the other sort in that order", async (t) => {
      const { records } = await t.store();
      const made = [];
      for (let i = 0; i < 50; i++) made.push((await records.add(i)).key);
      equal(
        (await records.list().toArray()).map(({ key }) => key),
        made,
        "the keys in order",
      );
    }),

    clause("K-records-put-many", "putMany writes all and answers in the order of the entries", async (t) => {
      const { records } = await t.store();
      const answers = await records.putMany([
        ["b", 1],
        ["a", 2],
      ]);
      equal(
        answers.map(({ key, value }) => [key, value]),
        [
          ["b", 1],
          ["a", 2],
        ],
        "the answers",
      );
      for (const answer of answers) equal(await records.get(answer.key), answer, "the entry");
    }),

    clause(
      "K-records-put-many-iterables",
      "putMany takes any iterable, such as a Map, and nothing at all",
      async (t) => {
        const { records } = await t.store();
        equal((await records.putMany(new Map([["a", 1]]))).length, 1, "a Map");
        equal(await records.putMany([]), [], "nothing");
      },
    ),

    clause("K-records-put-many-twice", "Of one key the last entry of putMany counts", async (t) => {
      const { records } = await t.store();
      await records.putMany([
        ["a", 1],
        ["b", 2],
        ["a", 3],
      ]);
      equal((await records.get("a"))?.value, 3, "the value");
      equal((await records.list().toArray()).length, 2, "how many there are");
    }),

    clause("K-records-put-many-bad", "One bad entry in putMany, and nothing is written", async (t) => {
      const watched = await t.watched();
      const value = [
        ["a", 1],
        ["b", () => 1],
      ] as [string, unknown][];
      const key = [
        ["a", 1],
        ["", 2],
      ] as [string, unknown][];
      await refusedBeforeIo(watched, ({ records }) => records.putMany(value), "INVALID_VALUE", "a bad value");
      await refusedBeforeIo(watched, ({ records }) => records.putMany(key), "INVALID_KEY", "a bad key");
      equal(await watched.store.records.has("a"), false, "has of the good one");
    }),

    clause("K-records-get-many", "getMany gives what is there, in the order of the keys, each once", async (t) => {
      const { records } = await t.store();
      await records.putMany([
        ["a", 1],
        ["b", 2],
        ["c", 3],
      ]);
      const found = await records.getMany(["c", "missing", "a", "c"]);
      equal(
        Array.from(found, ([key, { value }]) => [key, value]),
        [
          ["c", 3],
          ["a", 1],
        ],
        "what was found",
      );
      equal((await records.getMany([])).size, 0, "getMany of nothing");
    }),

    clause("K-records-get-many-large", "getMany takes any number of keys", async (t) => {
      const { records } = await t.store();
      const keys = Array.from({ length: 2500 }, (_, i) => `k${i}`);
      await records.putMany(keys.slice(0, 900).map((key) => [key, key]));
      equal((await records.getMany(keys)).size, 900, "how many of 2500 were found");
    }),

    clause("K-records-patch", "A patch replaces top-level fields, adds new ones and keeps the others", async (t) => {
      const { records } = await t.store();
      await records.put("k", { a: 1, b: { c: 1, d: 2 } });
      const { value } = await records.update("k", { b: { c: 3 }, e: 4 });
      identical(value, { a: 1, b: { c: 3 }, e: 4 }, "the answer");
      identical((await records.get("k"))?.value, { a: 1, b: { c: 3 }, e: 4 }, "the value");
    }),

    clause("K-records-patch-removes", "A patch removes the fields that it gives as undefined", async (t) => {
      const { records } = await t.store();
      await records.put("k", { a: 1, b: 2 });
      identical((await records.update("k", { a: undefined })).value, { b: 2 }, "the answer");
      identical((await records.get("k"))?.value, { b: 2 }, "the value");
    }),

    clause("K-records-patch-null", "A patch sets a field to null like any other value", async (t) => {
      const { records } = await t.store();
      await records.put("k", { a: 1 });
      identical((await records.update("k", { a: null })).value, { a: null }, "the answer");
    }),

    clause("K-records-patch-proto", "A patch may have a field named __proto__", async (t) => {
      const { records } = await t.store();
      await records.put("k", { a: 1 });
      const { value } = await records.update("k", JSON.parse('{"__proto__":{"b":2}}'));
      identical(value, JSON.parse('{"a":1,"__proto__":{"b":2}}'), "the answer");
    }),

    clause(
      "K-records-patch-no-object",
      "A patch is refused where document or patch is no object of fields",
      async (t) => {
        const { records } = await t.store();
        for (const value of [1, null, [1], new Date(0), new Map(), new Set(), new Uint8Array(1)]) {
          await records.put("k", value);
          await refused(() => records.update("k", { a: 1 }), "INVALID_ARGUMENT", "a patch of no object");
          identical((await records.get("k"))?.value, value, "the value afterwards");
        }
        await records.put("k", { a: 1 });
        for (const patch of [null, 1, "x", [1], new Date(0), new Map()]) {
          await refused(() => records.update("k", patch as never), "INVALID_ARGUMENT", "a patch that is no object");
        }
      },
    ),

    clause(
      "K-records-update-function",
      "update takes a function, which may be async, of a fresh copy of the value",
      async (t) => {
        const { records } = await t.store();
        await records.put("k", { n: [1] });
        await records.update("k", (current) => {
          const { n } = current as { n: number[] };
          n.push(2);
          return { n };
        });
        await records.update("k", async (current) => ({ n: [...(current as { n: number[] }).n, 3] }));
        identical((await records.get("k"))?.value, { n: [1, 2, 3] }, "the value");
      },
    ),

    clause(
      "K-records-update-missing",
      "update of what is not there is NOT_FOUND, and its function is not called",
      async (t) => {
        const { records } = await t.store();
        let called = false;
        const change = () => {
          called = true;
          return 1;
        };
        await refused(() => records.update("k", change), "NOT_FOUND", "a function");
        await refused(() => records.update("k", { a: 1 }), "NOT_FOUND", "a patch");
        equal(called, false, "whether it was called");
        equal(await records.has("k"), false, "has");
      },
    ),

    clause("K-records-update-throws", "What the function throws comes through, and nothing is written", async (t) => {
      const { records } = await t.store();
      const { version } = await records.put("k", 1);
      const mine = new Error("mine");
      const caught = await records
        .update("k", () => {
          throw mine;
        })
        .catch((error: unknown) => error);
      holds(caught === mine, "the very error is thrown");
      equal((await records.get("k"))?.version, version, "the version");
    }),

    clause("K-records-update-concurrent", "Updates that run at once are all counted", async (t) => {
      const { records } = await t.store();
      await records.put("k", { n: 0 });
      const increase = (current: unknown) => ({ n: (current as { n: number }).n + 1 });
      await Promise.all(Array.from({ length: 30 }, () => records.update("k", increase)));
      identical((await records.get("k"))?.value, { n: 30 }, "the value");
    }),

    clause("K-records-update-again", "The function runs again where somebody else wrote meanwhile", async (t) => {
      const { records } = await t.store();
      await records.put("k", 1);
      let runs = 0;
      const { value } = await records.update("k", async (current) => {
        if (++runs === 1) await records.put("k", 10);
        return (current as number) + 1;
      });
      equal([runs, value], [2, 11], "runs and value");
    }),

    clause("K-records-update-retries", "It runs at most `retries` times again, then it is CONFLICT", async (t) => {
      const { records } = await t.store();
      await records.put("k", 0);
      for (const retries of [0, 2]) {
        let runs = 0;
        const interfered = async () => {
          await records.put("k", ++runs);
          return -1;
        };
        await refused(() => records.update("k", interfered, { retries }), "CONFLICT", `retries: ${retries}`);
        equal(runs, retries + 1, "how often it ran");
        equal((await records.get("k"))?.value, runs, "the value");
      }
    }),

    clause(
      "K-records-update-if-match",
      "update with ifMatch changes that version and no other, and is not tried again",
      async (t) => {
        const { records } = await t.store();
        const first = await records.put("k", 1);
        const second = await records.update("k", () => 2, { ifMatch: first.version });
        let runs = 0;
        const count = () => ++runs;
        await refused(() => records.update("k", count, { ifMatch: first.version }), "CONFLICT", "the old version");
        holds(runs <= 1, "the function ran at most once");
        equal(await records.get("k"), second, "the entry");
      },
    ),

    clause("K-records-delete", "delete removes, and says whether there was anything", async (t) => {
      const { records } = await t.store();
      await records.put("k", 1);
      await records.put("other", 2);
      equal(await records.delete("k"), true, "the first delete");
      equal(await records.delete("k"), false, "the second delete");
      equal(await records.get("k"), undefined, "get");
      equal(await records.has("other"), true, "has of another key");
    }),

    clause(
      "K-records-clear-all",
      "clear({ all: true }) removes all records and nothing else, and counts them",
      async (t) => {
        const store = await t.store();
        await store.records.putMany([
          ["a", 1],
          ["b", 2],
        ]);
        await store.kv.set("a", 1);
        await store.blobs.put("a", "x");
        await store.events.append("a", { type: "t", data: 1 });
        equal(await store.records.clear({ all: true }), 2, "how many it removed");
        equal(await store.records.list().toArray(), [], "records.list");
        equal(await store.records.clear({ all: true }), 0, "how many it removed again");
        equal(await store.kv.has("a"), true, "kv.has");
        equal(await store.blobs.has("a"), true, "blobs.has");
        equal(await store.events.head("a"), 1, "events.head");
      },
    ),

    clause("K-records-clear-prefix", "clear({ prefix }) removes what starts with exactly that", async (t) => {
      const { records } = await t.store();
      await records.putMany(["a", "a%", "a%b", "aXb", "b"].map((key) => [key, 1]));
      equal(await records.clear({ prefix: "a%" }), 2, "how many it removed");
      equal(
        (await records.list().toArray()).map(({ key }) => key),
        ["a", "aXb", "b"],
        "what is left",
      );
    }),

    clause("K-records-clear-many", "clear removes any number", async (t) => {
      const { records } = await t.store();
      for (let i = 0; i < 2; i++) {
        await records.putMany(Array.from({ length: 1000 }, (_, n): [string, number] => [`k${i}-${n}`, n]));
      }
      equal(await records.clear({ prefix: "k" }), 2000, "how many it removed");
      equal(await records.list().toArray(), [], "what is left");
    }),

    clause("K-records-clear-refused", "clear without saying what is refused before any I/O", async (t) => {
      const watched = await t.watched();
      for (const what of [
        undefined,
        null,
        {},
        { prefix: "" },
        { prefix: undefined },
        { all: false },
        { prefix: "a", all: true },
        { prefx: "a" },
        "a",
      ]) {
        const clear = (store: typeof watched.store) => store.records.clear(what as never);
        await refusedBeforeIo(watched, clear, "INVALID_ARGUMENT", `clear(${show(what)})`);
      }
    }),

    clause("K-records-list-entries", "list gives the same entries as get", async (t) => {
      const { records } = await t.store();
      await records.putMany([
        ["a", { n: 1 }],
        ["b", { n: 2 }],
      ]);
      for (const entry of await records.list().toArray()) equal(await records.get(entry.key), entry, entry.key);
    }),

    clause("K-records-conflicts", "Without concurrent writes of several peers there are no conflicts", async (t) => {
      const { records } = await t.store();
      await Promise.all([records.put("k", 1), records.put("k", 2)]);
      equal(await records.conflicts("k"), [], "conflicts");
    }),

    clause("K-records-read-your-writes", "What was written is read at once, by every reader", async (t) => {
      const { records } = await t.store();
      for (let i = 0; i < 20; i++) {
        const { version } = await records.put("k", i);
        const [got, many, listed] = await Promise.all([
          records.get("k"),
          records.getMany(["k"]),
          records.list({ prefix: "k" }).toArray(),
        ]);
        const found = [got?.version, many.get("k")?.version, listed[0]?.version];
        equal(found, [version, version, version], "the versions that get, getMany and list found");
      }
    }),
  ],
};
