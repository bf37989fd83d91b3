/** Small values by key. */
import { equal, fail, holds, identical, present, refused } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";
import { show } from "../show.ts";
import { refusedBeforeIo } from "../untouched.ts";

export const kv: Chapter = {
  section: "40",
  title: "Key-value",
  clauses: [
    clause("K-kv-missing", "What is not there is undefined, and no error", async (t) => {
      const { kv } = await t.store();
      equal(await kv.get("k"), undefined, "get");
      equal(await kv.getEntry("k"), undefined, "getEntry");
      equal(await kv.has("k"), false, "has");
      equal((await kv.getMany(["k"])).size, 0, "the size of getMany");
      equal(await kv.delete("k"), false, "delete");
      equal(await kv.touch("k", "1h"), false, "touch");
      equal(await kv.list().toArray(), [], "list");
      equal(await kv.keys().toArray(), [], "keys");
    }),

    clause(
      "K-kv-entry",
      "getEntry and list give key, value and version, and set has answered that version",
      async (t) => {
        const { kv } = await t.store();
        const { version } = await kv.set("k", { a: 1 });
        equal(await kv.getEntry("k"), { key: "k", value: { a: 1 }, version }, "getEntry");
        equal(await kv.list().toArray(), [{ key: "k", value: { a: 1 }, version }], "list");
      },
    ),

    clause("K-kv-replace", "set replaces the value", async (t) => {
      const { kv } = await t.store();
      await kv.set("k", { a: 1 });
      await kv.set("k", "text");
      equal(await kv.get("k"), "text", "get");
      equal(await kv.keys().toArray(), ["k"], "keys");
    }),

    clause("K-kv-version-changes", "Every kind of write gives another version", async (t) => {
      const { kv } = await t.store();
      const seen = new Set<string>();
      const look = async (what: string) => {
        const { version } = present(await kv.getEntry("k"), what);
        if (seen.has(version)) fail(`${what} left a version that was there before`);
        seen.add(version);
      };
      await kv.set("k", 1);
      await look("set");
      await kv.set("k", 1);
      await look("set of the same value");
      await kv.update("k", () => 1);
      await look("update");
      await kv.increment("k");
      await look("increment");
      await kv.increment("k", 0);
      await look("increment by 0");
      await kv.setMany([["k", 1]]);
      await look("setMany");
      await kv.delete("k");
      await kv.set("k", 1);
      await look("delete and set");
    }),

    clause("K-kv-set-many", "setMany writes all; of one key the last entry counts", async (t) => {
      const { kv } = await t.store();
      await kv.setMany([
        ["a", 1],
        ["b", 2],
        ["a", 3],
      ]);
      equal(
        [...(await kv.getMany(["a", "b"]))],
        [
          ["a", 3],
          ["b", 2],
        ],
        "getMany",
      );
    }),

    clause("K-kv-set-many-iterables", "setMany takes any iterable, such as a Map, and nothing at all", async (t) => {
      const { kv } = await t.store();
      await kv.setMany(new Map([["a", 1]]));
      await kv.setMany([]);
      equal(await kv.keys().toArray(), ["a"], "keys");
    }),

    clause("K-kv-set-many-bad", "One bad entry in setMany, and nothing is written", async (t) => {
      const watched = await t.watched();
      const value = [
        ["a", 1],
        ["b", () => 1],
      ] as [string, unknown][];
      const key = [
        ["a", 1],
        ["", 2],
      ] as [string, unknown][];
      await refusedBeforeIo(watched, ({ kv }) => kv.setMany(value), "INVALID_VALUE", "a bad value");
      await refusedBeforeIo(watched, ({ kv }) => kv.setMany(key), "INVALID_KEY", "a bad key");
    }),

    clause("K-kv-get-many", "getMany gives what is there, in the order of the keys, each once", async (t) => {
      const { kv } = await t.store();
      await kv.setMany([
        ["a", 1],
        ["b", 2],
      ]);
      equal(
        [...(await kv.getMany(["b", "x", "a", "b"]))],
        [
          ["b", 2],
          ["a", 1],
        ],
        "what was found",
      );
      equal((await kv.getMany([])).size, 0, "getMany of nothing");
      await refused(() => kv.getMany("ab" as never), "INVALID_ARGUMENT", "getMany of a text");
    }),

    clause("K-kv-concurrent-gets", "A thousand gets at once are answered right", async (t) => {
      const { kv } = await t.store();
      const keys = Array.from({ length: 1000 }, (_, i) => `k${i}`);
      await kv.setMany(keys.map((key, i) => [key, i]));
      const found = await Promise.all(keys.map((key) => kv.get(key)));
      equal(
        found,
        keys.map((_, i) => i),
        "the values",
      );
    }),

    clause("K-kv-concurrent-sets", "A thousand sets at once are all in effect once they are answered", async (t) => {
      const { kv } = await t.store();
      const versions = await Promise.all(Array.from({ length: 1000 }, (_, i) => kv.set(`k${i}`, i)));
      equal(new Set(versions.map(({ version }) => version)).size, 1000, "how many versions");
      equal((await kv.list().toArray()).length, 1000, "how many entries");
    }),

    clause(
      "K-kv-last-set-wins",
      "Of sets to one key, one after the other without waiting, the last one stands",
      async (t) => {
        const { kv } = await t.store();
        await Promise.all(Array.from({ length: 100 }, (_, i) => kv.set("k", i)));
        equal(await kv.get("k"), 99, "get");
      },
    ),

    clause("K-kv-read-your-writes", "What was written is read at once, by every reader", async (t) => {
      const { kv } = await t.store();
      for (let i = 0; i < 20; i++) {
        await kv.set("k", i);
        const [got, entry, many, listed] = await Promise.all([
          kv.get("k"),
          kv.getEntry("k"),
          kv.getMany(["k"]),
          kv.list({ prefix: "k" }).toArray(),
        ]);
        equal([got, entry?.value, many.get("k"), listed[0]?.value], [i, i, i, i], "what the readers found");
      }
    }),

    clause("K-kv-delete", "delete removes, and says whether there was anything", async (t) => {
      const { kv } = await t.store();
      await kv.set("k", 1);
      equal(await kv.delete("k"), true, "the first delete");
      equal(await kv.delete("k"), false, "the second delete");
      equal(await kv.has("k"), false, "has");
    }),

    clause("K-kv-delete-race", "Of many deletes at once one says that there was something", async (t) => {
      const { kv } = await t.store();
      await kv.set("k", 1);
      const answers = await Promise.all(Array.from({ length: 16 }, () => kv.delete("k")));
      equal(answers.filter(Boolean).length, 1, "how many said so");
    }),

    clause("K-kv-update", "update reads, changes and writes, and answers what it has written", async (t) => {
      const { kv } = await t.store();
      equal(await kv.update<number>("k", (n) => (n ?? 0) + 1), 1, "update of what is not there");
      equal(await kv.update<number>("k", async (n) => (n ?? 0) + 1), 2, "update by an async function");
      equal(await kv.get("k"), 2, "get");
    }),

    clause("K-kv-update-removes", "update removes where the function returns undefined", async (t) => {
      const { kv } = await t.store();
      await kv.set("k", 1);
      equal(await kv.update("k", () => undefined), undefined, "the answer");
      equal(await kv.has("k"), false, "has");
      equal(await kv.update("k", () => undefined), undefined, "the answer where there is nothing");
      equal(await kv.has("k"), false, "has after that");
    }),

    clause("K-kv-update-copies", "The function gets a copy of its own, and so does the caller", async (t) => {
      const { kv } = await t.store();
      await kv.set("k", [1]);
      const answer = await kv.update<number[]>("k", (list) => [...(list ?? []), 2]);
      present(answer, "the answer").push(3);
      identical(await kv.get("k"), [1, 2], "get after the answer was changed");
      const failing = kv.update<number[]>("k", (list) => {
        list?.push(9);
        throw new Error("no");
      });
      await failing.catch(() => undefined);
      identical(await kv.get("k"), [1, 2], "get after the function changed its copy");
    }),

    clause("K-kv-update-throws", "What the function throws comes through, and nothing is written", async (t) => {
      const { kv } = await t.store();
      await kv.set("k", 1);
      const mine = new Error("mine");
      const caught = await kv.update("k", () => Promise.reject(mine)).catch((error: unknown) => error);
      holds(caught === mine, "the very error is thrown");
      equal(await kv.get("k"), 1, "get");
    }),

    clause("K-kv-update-concurrent", "Updates that run at once are all counted", async (t) => {
      const { kv } = await t.store();
      await Promise.all(Array.from({ length: 30 }, () => kv.update<number>("k", (n) => (n ?? 0) + 1)));
      equal(await kv.get("k"), 30, "get");
    }),

    clause("K-kv-update-retries", "update runs at most `retries` times again, then it is CONFLICT", async (t) => {
      const { kv } = await t.store();
      for (const retries of [0, 3]) {
        let runs = 0;
        const interfered = async () => {
          await kv.set("k", ++runs);
          return -1;
        };
        await refused(() => kv.update("k", interfered, { retries }), "CONFLICT", `retries: ${retries}`);
        equal([runs, await kv.get("k")], [retries + 1, runs], "runs and value");
      }
      for (const retries of [-1, 1.5, Number.NaN, "1"]) {
        const update = () => kv.update("k", () => 1, { retries: retries as number });
        await refused(update, "INVALID_ARGUMENT", `retries: ${String(retries)}`);
      }
    }),

    clause("K-kv-increment", "increment adds 1, or what is given, to a number that starts at 0", async (t) => {
      const { kv } = await t.store();
      equal(await kv.increment("k"), 1, "the first");
      equal(await kv.increment("k"), 2, "the second");
      equal(await kv.increment("k", 40), 42, "by 40");
      equal(await kv.increment("k", -50), -8, "by -50");
      equal(await kv.increment("k", 0.5), -7.5, "by a half");
      equal(await kv.get("k"), -7.5, "get");
    }),

    clause("K-kv-increment-doubles", "increment adds doubles as JavaScript does", async (t) => {
      const { kv } = await t.store();
      for (const [start, by] of [
        [0.1, 0.2],
        [2 ** 53, 1],
        [Number.MAX_VALUE, Number.MAX_VALUE],
        [Number.NaN, 1],
        [Number.NEGATIVE_INFINITY, 5],
        [-0, 0],
        [-0, -0],
      ] as const) {
        await kv.set("k", start);
        equal(await kv.increment("k", by), start + by, `${start} + ${by}`);
        equal(await kv.get("k"), start + by, "get");
      }
    }),

    clause(
      "K-kv-increment-concurrent",
      "Increments that run at once are all counted, and each answer is given once",
      async (t) => {
        const { kv } = await t.store();
        const answers = await Promise.all(Array.from({ length: 200 }, () => kv.increment("k")));
        equal(await kv.get("k"), 200, "get");
        equal(new Set(answers).size, 200, "how many different answers");
      },
    ),

    clause(
      "K-kv-increment-no-number",
      "increment of what is no number is INVALID_VALUE and leaves it as it is",
      async (t) => {
        const { kv } = await t.store();
        for (const value of ["1", null, true, 1n, [1], { n: 1 }, new Date(0)]) {
          await kv.set("k", value);
          await refused(() => kv.increment("k"), "INVALID_VALUE", "increment");
          identical(await kv.get("k"), value, "the value afterwards");
        }
      },
    ),

    clause("K-kv-increment-bad", "increment by what is no finite number is refused before any I/O", async (t) => {
      const watched = await t.watched();
      for (const by of [Number.NaN, Number.POSITIVE_INFINITY, "1", null, 1n, {}]) {
        await refusedBeforeIo(watched, ({ kv }) => kv.increment("k", by as number), "INVALID_ARGUMENT", String(by));
      }
    }),

    clause("K-kv-clear-all", "clear({ all: true }) removes all values and nothing else, and counts them", async (t) => {
      const store = await t.store();
      await store.kv.setMany([
        ["a", 1],
        ["b", 2],
      ]);
      await store.records.put("a", 1);
      equal(await store.kv.clear({ all: true }), 2, "how many it removed");
      equal(await store.kv.keys().toArray(), [], "keys");
      equal(await store.records.has("a"), true, "records.has");
    }),

    clause("K-kv-clear-prefix", "clear({ prefix }) removes what starts with exactly that", async (t) => {
      const { kv } = await t.store();
      await kv.setMany(["a", "a_", "a_b", "aXb", "A_", "b"].map((key) => [key, 1]));
      equal(await kv.clear({ prefix: "a_" }), 2, "how many it removed");
      equal(await kv.keys().toArray(), ["A_", "a", "aXb", "b"], "what is left");
    }),

    clause("K-kv-clear-refused", "clear without saying what is refused before any I/O", async (t) => {
      const watched = await t.watched();
      for (const what of [undefined, {}, { prefix: "" }, { all: false }, { prefix: "a", all: true }]) {
        const clear = (store: typeof watched.store) => store.kv.clear(what as never);
        await refusedBeforeIo(watched, clear, "INVALID_ARGUMENT", `clear(${show(what)})`);
      }
    }),

    clause("K-kv-keys-without-values", "keys and list tell of the same keys", async (t) => {
      const { kv } = await t.store();
      await kv.setMany(Array.from({ length: 300 }, (_, i) => [`k${i}`, "x".repeat(100)]));
      const listed = (await kv.list().toArray()).map(({ key }) => key);
      equal(await kv.keys().toArray(), listed, "keys");
      equal(listed.length, 300, "how many there are");
    }),
  ],
};
