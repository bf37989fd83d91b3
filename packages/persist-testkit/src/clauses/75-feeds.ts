/** Feeds: what is told of each change. */
import type { BlobInfo, RecordEntry } from "@cuitty/persist-core";
import { equal, holds, present } from "../assertions.ts";
import type { Chapter } from "../clause.ts";
import { feedClause } from "../feed-clause.ts";
import { follow } from "../following.ts";
import { arrive } from "../peer-needs.ts";
import { brief, watchings } from "../watchings.ts";

export const feeds: Chapter = {
  section: "75",
  title: "Feeds",
  clauses: [
    ...watchings.map(({ name, slug, write, remove, watch }) =>
      feedClause(
        `K-feed-now-${slug}`,
        ["A watch begins where `ready` resolves: it tells what is written and deleted from there on, in order", name],
        async (t) => {
          const store = await t.store();
          await write(store, "before");
          const { seen, until } = await follow(watch(store, { prefix: "" }));
          await write(store, "a");
          await until(() => seen.length === 1);
          await remove(store, "a");
          await until(() => seen.length === 2);
          await write(store, "a");
          await until(() => seen.length === 3);
          equal(brief(seen), ["put a", "delete a", "put a"], "the changes");
          holds(new Set(seen.map(({ cursor }) => cursor)).size === 3, "each has a cursor of its own");
        },
      ),
    ),

    ...watchings.map(({ name, slug, write, watch }) =>
      feedClause(
        `K-feed-key-${slug}`,
        ["A watch of a key tells of that key only, and a watch of a prefix of exactly the keys that begin so", name],
        async (t) => {
          const store = await t.store();
          const one = await follow(watch(store, "a_"));
          const many = await follow(watch(store, { prefix: "a_" }));
          for (const key of ["a", "ab", "a_", "A_", "a_b", "b", "end a_", "a_z"]) await write(store, key);
          await many.until((seen) => brief(seen).includes("put a_z"));
          equal(new Set(brief(many.seen)), new Set(["put a_", "put a_b", "put a_z"]), "those of the prefix");
          await write(store, "a_");
          await one.until((seen) => seen.length > 0);
          equal(new Set(brief(one.seen)), new Set(["put a_"]), "those of the key");
        },
      ),
    ),

    ...watchings.map(({ name, slug, write, watch }) =>
      feedClause(`K-feed-values-${slug}`, ["With values: false a put comes without its value", name], async (t) => {
        const store = await t.store();
        await write(store, "before");
        const { seen, until } = await follow(watch(store, { prefix: "" }, { values: false, initial: true }));
        await until(() => seen.length === 1);
        await write(store, "a");
        await until(() => brief(seen).includes("put a"));
        for (const change of seen) equal("value" in change, false, "whether there is a value");
      }),
    ),

    feedClause("K-feed-value-kv", "kv.watch gives values as they were set, with their versions", async (t) => {
      const { kv } = await t.store();
      const value = { at: new Date(0), n: -0, big: 2n ** 70n, none: null };
      const { seen, until } = await follow(kv.watch("k"));
      const { version } = await kv.set("k", value);
      await until(() => seen.length === 1);
      const { cursor, ...change } = present(seen[0], "the change");
      holds(typeof cursor === "string" && cursor.length > 0, "it has a cursor");
      const time = new Date(t.clock.now());
      equal(change, { type: "put", facade: "kv", key: "k", value, version, time }, "the change");
    }),

    feedClause("K-feed-value-records", "records.watch gives entries as get does", async (t) => {
      const { records } = await t.store();
      const { seen, until } = await follow(records.watch());
      await records.put("k", { a: 1 }, { ttl: "1h" });
      await until(() => seen.length === 1);
      const [change] = seen;
      equal(change?.type === "put" && change.value, (await records.get("k")) as RecordEntry<unknown>, "the value");
    }),

    feedClause("K-feed-value-blobs", "blobs.watch gives what head does", async (t) => {
      const { blobs } = await t.store();
      const { seen, until } = await follow(blobs.watch("k"));
      await blobs.put("k", "text", { contentType: "text/plain", metadata: { a: "b" } });
      await until(() => seen.length === 1);
      const [change] = seen;
      equal(change?.type === "put" && change.value, (await blobs.head("k")) as BlobInfo, "the value");
    }),

    feedClause("K-feed-all", "changes tells of all facades in the order of the commits", async (t) => {
      const store = await t.store();
      const { seen, until } = await follow(store.changes());
      await store.records.put("r", 1);
      await store.kv.set("k", 1);
      await store.blobs.put("b", "1");
      await store.events.append("s", [
        { type: "t", data: 1 },
        { type: "t", data: 2 },
      ]);
      await store.kv.delete("k");
      await until(() => brief(seen).includes("delete k"));
      equal(
        brief(seen).filter((text) => text !== "put k"), // may be superseded by the deletion
        ["put r", "put b", "append s", "delete k"],
        "the changes",
      );
      const appended = present(
        seen.find(({ type }) => type === "append"),
        "the append",
      );
      if (appended.type === "append") {
        equal([appended.facade, appended.version, appended.position], ["events", 2, 2], "facade, version and position");
      }
    }),

    feedClause("K-feed-facades", "changes tells of the facades that are asked for, and no others", async (t) => {
      const store = await t.store();
      const { seen, until } = await follow(store.changes({ facades: ["records", "events"] }));
      await store.kv.set("k", 1);
      await store.blobs.put("b", "1");
      await store.events.append("s", { type: "t", data: 1 });
      await store.records.put("r", 1);
      await until(() => seen.length === 2);
      equal(brief(seen), ["append s", "put r"], "the changes");
    }),

    feedClause("K-feed-truncated", "Erasing a stream is told as truncate", async (t) => {
      const store = await t.store();
      await store.events.append("s", [
        { type: "t", data: 1 },
        { type: "t", data: 2 },
      ]);
      const { seen, until } = await follow(store.changes());
      await store.events.truncate("s", 2);
      await until(() => seen.length === 1);
      equal(brief(seen), ["truncate s"], "the changes");
    }),

    feedClause(
      "K-feed-expired",
      "That an entry has expired is told while somebody watches, without any other activity, and once",
      async (t) => {
        const store = await t.store();
        const { seen, until } = await follow(store.changes());
        await store.kv.set("goes", 1, { ttl: 100 });
        await store.records.put("r", 1, { ttl: 100 });
        await store.kv.set("stays", 1, { ttl: "1h" });
        await until(() => seen.length === 3);
        t.clock.advance(100);
        await until(() => seen.length >= 5);
        await store.kv.set("end", 1);
        await until(() => brief(seen).includes("put end"));
        equal(brief(seen).slice(3).sort(), ["expired goes", "expired r", "put end"], "the changes from then on");
      },
    ),

    feedClause(
      "K-feed-expired-overwritten",
      "Who writes over an entry that has expired makes its new state be told, at last and not as expired",
      async (t) => {
        const { kv } = await t.store();
        await kv.set("k", 1, { ttl: 100 });
        const watcher = kv.watch("k");
        await watcher.ready;
        t.clock.advance(100);
        await kv.set("k", 2);
        const { seen, until } = await follow(watcher);
        await until(() => brief(seen).includes("put k"));
        const last = seen.at(-1);
        equal(last?.type === "put" && last.value, 2, "the last change");
      },
    ),

    feedClause(
      "K-feed-transaction",
      "All that a transaction writes is told, and nothing of one that is given up",
      async (t) => {
        const store = await t.store();
        const { seen, until } = await follow(store.changes());
        await store
          .transaction(async (tx) => {
            await tx.kv.set("no", 1);
            throw new Error("given up");
          })
          .catch(() => undefined);
        await store.transaction(async (tx) => {
          await tx.kv.set("k", 1);
          await tx.records.put("r", 1);
          await tx.blobs.put("b", "1");
          await tx.events.append("s", { type: "t", data: 1 });
        });
        await until(() => seen.length === 4);
        equal(brief(seen).sort(), ["append s", "put b", "put k", "put r"], "the changes");
      },
    ),

    feedClause("K-feed-two-stores", "What another store over the same data writes is told too", async (t) => {
      const place = t.place();
      const here = await place.open();
      const there = await place.openBeside();
      const { seen, until } = await follow(here.changes());
      for (const key of ["a", "b"]) {
        await there.kv.set(key, 1);
        await arrive(place, here);
        await here.kv.set(`${key}-here`, 1);
      }
      await until(() => seen.length === 4);
      equal(brief(seen), ["put a", "put a-here", "put b", "put b-here"], "the changes");
    }),

    feedClause("K-feed-scopes", "What other namespaces write is not told", async (t) => {
      const store = await t.store();
      const { seen, until } = await follow(store.changes());
      await store.namespace("other").kv.set("theirs", 1);
      await store.kv.set("ours", 1);
      await until(() => seen.length === 1);
      equal(brief(seen), ["put ours"], "the changes");
    }),

    feedClause(
      "K-feed-prefixed",
      "The watch of a bucket or collection tells of its own keys, as they are called there",
      async (t) => {
        const store = await t.store();
        const bucket = store.kv.bucket("b");
        const users = store.records.collection("users");
        await bucket.set("before", 0);
        const inBucket = await follow(bucket.watch({ prefix: "" }, { initial: true }));
        const inCollection = await follow(users.watch());
        await store.kv.set("k", 1);
        await bucket.set("k", 2);
        await store.kv.set("b/through", 3);
        await store.records.put("k", 1);
        await users.put("ada", { name: "Ada" });
        await inBucket.until((seen) => seen.length === 3);
        equal(brief(inBucket.seen), ["put before", "put k", "put through"], "in the bucket");
        await inCollection.until((seen) => seen.length === 1);
        const [change] = inCollection.seen;
        equal(change?.type === "put" && change.value?.key, "ada", "the key of the entry in the collection");
        equal(brief(inCollection.seen), ["put ada"], "in the collection");
      },
    ),
  ],
};
