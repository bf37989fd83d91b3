/** A bucket: the keys of kv under `name/`, shown without it. */
import { equal, holds, refused } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";
import { show } from "../show.ts";
import { refusedBeforeIo } from "../untouched.ts";

const minute = 60_000;

export const buckets: Chapter = {
  section: "42",
  title: "Buckets",
  clauses: [
    clause("K-bucket-keys", "A bucket is the keys under its name and a slash, and shows them without", async (t) => {
      const { kv } = await t.store();
      const bucket = kv.bucket<number>("b");
      await bucket.set("k", 1);
      await bucket.setMany([
        ["l", 2],
        ["m/n", 3],
      ]);
      await kv.set("b", "beside");
      await kv.set("bb/k", "beside");
      await kv.set("b/from outside", 4);
      equal(await kv.get("b/k"), 1, "from outside");
      equal(await bucket.get("from outside"), 4, "from inside");
      equal(await bucket.keys().toArray(), ["from outside", "k", "l", "m/n"], "the keys");
      equal(
        (await bucket.list({ prefix: "m/" }).toArray()).map(({ key, value }) => [key, value]),
        [["m/n", 3]],
        "a prefix",
      );
      equal(await bucket.keys({ start: "k", end: "m", reverse: true }).toArray(), ["l", "k"], "a range, backwards");
      equal([...(await bucket.getMany(["k", "x", "l"])).keys()], ["k", "l"], "of many");
      equal((await bucket.getEntry("k"))?.key, "k", "the key of an entry");
      equal(await bucket.delete("k"), true, "deleted");
      equal(await kv.has("b/k"), false, "there afterwards");
    }),

    clause("K-bucket-pages", "Pages and cursors of a bucket go through all of it once", async (t) => {
      const { kv } = await t.store();
      const bucket = kv.bucket("b");
      const keys = Array.from({ length: 25 }, (_, i) => `k${i + 10}`);
      await bucket.setMany(keys.map((key) => [key, 1]));
      await kv.setMany(["a/x", "b", "b0", "c/x"].map((key) => [key, 1]));
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await bucket.keys({ limit: 7, cursor }).page();
        found.push(...page.items);
        cursor = page.cursor;
      } while (cursor !== undefined);
      equal(found, keys, "the keys of all pages");
    }),

    clause("K-bucket-clear", "Clearing a bucket empties it and nothing else", async (t) => {
      const { kv } = await t.store();
      await kv.setMany(["a", "b/1", "b/2", "b0", "bb/1"].map((key) => [key, 1]));
      equal(await kv.bucket("b").clear({ prefix: "1" }), 1, "how many under a prefix");
      equal(await kv.bucket("b").clear({ all: true }), 1, "how many in all");
      equal(await kv.keys().toArray(), ["a", "b0", "bb/1"], "what is left");
    }),

    clause("K-bucket-nested", "A bucket has buckets", async (t) => {
      const { kv } = await t.store();
      await kv.bucket("a").bucket("b").set("k", 1);
      equal(await kv.keys().toArray(), ["a/b/k"], "the keys");
      equal(await kv.bucket("a").keys().toArray(), ["b/k"], "the keys of the outer one");
    }),

    clause(
      "K-bucket-expiry",
      "The ttl of a bucket is that of new entries and of sets, unless the call says otherwise",
      async (t) => {
        const { kv } = await t.store();
        const bucket = kv.bucket<number>("b", { ttl: "1m" });
        await bucket.set("set", 1);
        await bucket.setMany([["many", 1]]);
        await bucket.increment("increment");
        await bucket.update("update", () => 1);
        await bucket.set("longer", 1, { ttl: "1h" });
        await kv.set("b/outside", 1);
        t.clock.advance(minute / 2);
        await bucket.increment("increment");
        await bucket.update("update", () => 2);
        await bucket.set("set", 2);
        t.clock.advance(minute / 2);
        equal(await bucket.keys().toArray(), ["longer", "outside", "set"], "what has not expired after a minute");
        equal(await bucket.increment("increment"), 1, "counted anew");
        t.clock.advance(minute);
        equal(await bucket.keys().toArray(), ["longer", "outside"], "what has not expired after two minutes");
        await bucket.touch("longer", null);
        t.clock.advance(100 * minute);
        equal(await bucket.keys().toArray(), ["longer", "outside"], "what no longer expires");
      },
    ),

    clause("K-bucket-transaction", "tx.use takes a bucket into a transaction", async (t) => {
      const store = await t.store();
      const outer = store.kv.bucket<number>("a", { ttl: "1m" });
      const inner = outer.bucket<number>("b");
      await inner.set("k", 1);
      await store.transaction(async (tx) => {
        const bucket = tx.use(inner);
        equal(await bucket.get("k"), 1, "what was there");
        await bucket.set("k", 2);
        await bucket.set("l", 3);
        equal(await bucket.keys().toArray(), ["k", "l"], "its own writes");
        equal(await tx.kv.get("a/b/k"), 2, "by the whole key");
        equal(await store.kv.get("a/b/k"), 1, "outside, meanwhile");
      });
      equal(await store.kv.keys().toArray(), ["a/b/k", "a/b/l"], "the keys afterwards");
      holds(
        (await inner.getEntry("l"))?.expiresAt !== undefined,
        "what was set in the transaction expires as the bucket says",
      );
    }),

    clause("K-bucket-transaction-foreign", "tx.use refuses what is no bucket of its store", async (t) => {
      const [store, other] = [await t.store(), await t.store()];
      for (const handle of [other.kv.bucket("b"), store.kv, {}, undefined, "b"]) {
        await refused(
          () => store.transaction(async (tx) => tx.use(handle as typeof store.kv)),
          "INVALID_ARGUMENT",
          "using another thing",
        );
      }
    }),

    clause("K-bucket-key-length", "The limit of keys is that of the whole key", async (t) => {
      const { kv } = await t.store();
      const bucket = kv.bucket("b".repeat(12));
      await bucket.set("k".repeat(499), 1);
      await refused(() => bucket.set("k".repeat(500), 1), "INVALID_KEY", "setting a longer key");
      await refused(() => bucket.get("k".repeat(500)), "INVALID_KEY", "getting a longer key");
    }),

    clause("K-bucket-bad-input", "A malformed name or option of a bucket is refused before any I/O", async (t) => {
      const watched = await t.watched();
      for (const name of ["", "a/b", "ä", "n".repeat(65), 1, undefined]) {
        await refusedBeforeIo(
          watched,
          ({ kv }) => kv.bucket(name as string),
          "INVALID_ARGUMENT",
          `the name ${show(name)}`,
        );
      }
      for (const o of [{ ttl: 0 }, { ttl: "1 day" }, { tll: "1h" }, null]) {
        await refusedBeforeIo(watched, ({ kv }) => kv.bucket("b", o as object), "INVALID_ARGUMENT", show(o));
      }
    }),
  ],
};
