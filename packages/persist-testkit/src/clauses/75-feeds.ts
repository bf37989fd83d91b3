/** Feeds: what changes is told, from now on or from a cursor, and nothing is missed. */
import type { BlobInfo, Change, RecordEntry, Store, Watcher, WatchOptions } from "@cuitty/persist-core";
import { equal, holds, present, refused } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";
import { fold, follow, take } from "../following.ts";

const day = 24 * 60 * 60 * 1000;

interface Watching {
  readonly name: string;
  readonly slug: string;
  write(store: Store, key: string): Promise<unknown>;
  remove(store: Store, key: string): Promise<boolean>;
  watch(store: Store, what: string | { prefix: string }, o?: WatchOptions): Watcher<Change<unknown>>;
}

const watchings: readonly Watching[] = [
  {
    name: "records.watch",
    slug: "records",
    write: (s, key) => s.records.put(key, { of: key }),
    remove: (s, key) => s.records.delete(key),
    watch: (s, what, o) => s.records.watch(what, o),
  },
  {
    name: "kv.watch",
    slug: "kv",
    write: (s, key) => s.kv.set(key, key),
    remove: (s, key) => s.kv.delete(key),
    watch: (s, what, o) => s.kv.watch(what, o),
  },
  {
    name: "blobs.watch",
    slug: "blobs",
    write: (s, key) => s.blobs.put(key, key),
    remove: (s, key) => s.blobs.delete(key),
    watch: (s, what, o) => s.blobs.watch(what, o),
  },
];

/** `put a`, `delete a`, `expired a`, `append s`. */
function brief(changes: readonly Change<unknown>[]): string[] {
  return changes.map((change) => {
    if (change.type === "put") return `put ${change.key}`;
    if (change.type === "delete") return `${change.reason} ${change.key}`;
    return `${change.type} ${change.stream}`;
  });
}

async function presentState(store: Store): Promise<Map<string, unknown>> {
  const state = new Map<string, unknown>();
  for await (const { key, version } of store.records.list()) state.set(`records/${key}`, version);
  for await (const { key, version } of store.kv.list()) state.set(`kv/${key}`, version);
  for await (const { stream, version } of store.events.streams()) state.set(`events/${stream}`, version);
  return new Map([...state].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Sixteen writers at once, each with keys of its own and one that all share. */
async function writeAtOnce(store: Store, rounds: number): Promise<void> {
  const writer = async (w: number) => {
    for (let i = 0; i < rounds; i++) {
      await store.kv.set(`w${w}/${i % 5}`, i);
      await store.kv.increment("shared");
      if (i % 3 === 0) await store.kv.delete(`w${w}/${(i + 1) % 5}`);
      if (i % 4 === 0) await store.events.append(`s${w}`, { type: "t", data: i });
      if (i % 5 === 0) await store.records.put(`w${w}`, { i });
    }
  };
  await Promise.all(Array.from({ length: 16 }, (_, w) => writer(w)));
}

export const feeds: Chapter = {
  section: "75",
  title: "Feeds",
  clauses: [
    ...watchings.map(({ name, slug, write, remove, watch }) =>
      clause(
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
      clause(
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
      clause(`K-feed-values-${slug}`, ["With values: false a put comes without its value", name], async (t) => {
        const store = await t.store();
        await write(store, "before");
        const { seen, until } = await follow(watch(store, { prefix: "" }, { values: false, initial: true }));
        await until(() => seen.length === 1);
        await write(store, "a");
        await until(() => brief(seen).includes("put a"));
        for (const change of seen) equal("value" in change, false, "whether there is a value");
      }),
    ),

    clause("K-feed-value-kv", "kv.watch gives values as they were set, with their versions", async (t) => {
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

    clause("K-feed-value-records", "records.watch gives entries as get does", async (t) => {
      const { records } = await t.store();
      const { seen, until } = await follow(records.watch());
      await records.put("k", { a: 1 }, { ttl: "1h" });
      await until(() => seen.length === 1);
      const [change] = seen;
      equal(change?.type === "put" && change.value, (await records.get("k")) as RecordEntry<unknown>, "the value");
    }),

    clause("K-feed-value-blobs", "blobs.watch gives what head does", async (t) => {
      const { blobs } = await t.store();
      const { seen, until } = await follow(blobs.watch("k"));
      await blobs.put("k", "text", { contentType: "text/plain", metadata: { a: "b" } });
      await until(() => seen.length === 1);
      const [change] = seen;
      equal(change?.type === "put" && change.value, (await blobs.head("k")) as BlobInfo, "the value");
    }),

    clause("K-feed-all", "changes tells of all facades in the order of the commits", async (t) => {
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

    clause("K-feed-facades", "changes tells of the facades that are asked for, and no others", async (t) => {
      const store = await t.store();
      const { seen, until } = await follow(store.changes({ facades: ["records", "events"] }));
      await store.kv.set("k", 1);
      await store.blobs.put("b", "1");
      await store.events.append("s", { type: "t", data: 1 });
      await store.records.put("r", 1);
      await until(() => seen.length === 2);
      equal(brief(seen), ["append s", "put r"], "the changes");
    }),

    clause("K-feed-truncated", "Erasing a stream is told as truncate", async (t) => {
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

    clause(
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

    clause(
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

    clause(
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

    clause(
      "K-feed-resume",
      "Every cursor goes on right after its change, also when the store was opened again",
      async (t) => {
        const place = t.place();
        const store = await place.open();
        const { seen, until } = await follow(store.changes());
        for (const key of ["a", "b", "c", "d"]) await store.kv.set(key, key);
        await store.kv.delete("b");
        await until(() => brief(seen).includes("delete b"));
        const all = seen.filter((change) => brief([change])[0] !== "put b");
        await place.close();
        const again = await place.open();
        for (const [i, { cursor }] of all.entries()) {
          const rest = all.slice(i + 1);
          const found = await Array.fromAsync(again.changes({ since: cursor, live: false }));
          equal(brief(found), brief(rest), `after change ${i + 1}`);
          if (rest.length === 0) continue;
          equal(
            brief(await take(again.kv.watch({ prefix: "" }, { since: cursor }), rest.length)),
            brief(rest),
            "kv.watch",
          );
        }
      },
    ),

    clause(
      "K-feed-caught-up",
      "With live: false changes ends when it has caught up; without since it tells everything from the beginning",
      async (t) => {
        const store = await t.store();
        equal(await Array.fromAsync(store.changes({ live: false })), [], "the changes of an empty store");
        const keys = Array.from({ length: 1200 }, (_, i) => `k${i}`);
        await store.kv.setMany(keys.slice(0, 600).map((key) => [key, 1]));
        await store.kv.setMany(keys.slice(600).map((key) => [key, 1]));
        const all = await Array.fromAsync(store.changes({ live: false }));
        equal(all.length, 1200, "how many changes");
        equal(new Set(brief(all)).size, 1200, "of how many keys");
        equal(
          await Array.fromAsync(store.changes({ since: all.at(-1)?.cursor as string, live: false })),
          [],
          "the rest",
        );
      },
    ),

    clause(
      "K-feed-many-writers",
      "Who follows the changes while sixteen write has the present state when they are done",
      async (t) => {
        const store = await t.store();
        const following = await follow(store.changes());
        await writeAtOnce(store, 20);
        await store.kv.set("end", 1);
        await following.until((seen) => brief(seen).includes("put end"));
        equal(fold(following.seen), await presentState(store), "versions by key");
      },
    ),

    clause(
      "K-feed-interrupted",
      "Who follows the changes with a new watcher from each tenth cursor misses nothing while sixteen write",
      async (t) => {
        const store = await t.store();
        const start = store.changes();
        await start.ready;
        let isDone = false;
        const writing = writeAtOnce(store, 12).then(async () => {
          await store.kv.set("end", 1);
          isDone = true;
        });
        const seen: Change[] = await take(start, 10);
        while (!brief(seen).includes("put end")) {
          const since = seen.at(-1)?.cursor as string;
          if (isDone) seen.push(...(await Array.fromAsync(store.changes({ since, live: false }))));
          else seen.push(...(await take(store.changes({ since }), 1)));
        }
        await writing;
        equal(fold(seen), await presentState(store), "versions by key");
      },
    ),

    ...watchings.map(({ name, slug, write, watch }) =>
      clause(
        `K-feed-initial-${slug}`,
        ["With initial, what is there comes first, in key order and with its cursor, and then what changes", name],
        async (t) => {
          const store = await t.store();
          for (const key of ["c", "a", "b", "other"]) await write(store, key);
          const { seen, until } = await follow(watch(store, { prefix: "" }, { initial: true }));
          await until(() => seen.length === 4);
          await write(store, "d");
          await until(() => seen.length === 5);
          equal(brief(seen), ["put a", "put b", "put c", "put other", "put d"], "the changes");
          for (const i of [0, 1, 3]) {
            const rest = brief(seen).slice(i + 1);
            const since = seen[i]?.cursor as string;
            const found = await take(watch(store, { prefix: "" }, { since }), rest.length);
            equal(brief(found).sort(), rest.sort(), `from the cursor of entry ${i + 1} on`);
          }
          await refused(
            () => take(watch(store, { prefix: "o" }, { since: seen[0]?.cursor as string }), 1),
            "INVALID_ARGUMENT",
            "the cursor of an entry in another watch",
          );
        },
      ),
    ),

    clause(
      "K-feed-initial-key",
      "With initial, the watch of a key begins with the entry, where there is one",
      async (t) => {
        const { kv } = await t.store();
        const none = await follow(kv.watch("k", { initial: true }));
        await kv.set("k", 1);
        await none.until((seen) => seen.length > 0);
        equal(new Set(brief(none.seen)), new Set(["put k"]), "the changes where there was none");
        const [change] = await take(kv.watch("k", { initial: true }), 1);
        equal(change?.type === "put" && change.value, 1, "the first change where there is one");
      },
    ),

    clause(
      "K-feed-initial-seam",
      "Between what is there and what changes nothing is missed while sixteen write",
      async (t) => {
        const store = await t.store();
        const keys = Array.from({ length: 2000 }, (_, i) => `p${1000 + i}`);
        for (const half of [keys.slice(0, 1000), keys.slice(1000)]) await store.kv.setMany(half.map((key) => [key, 0]));
        const watcher = store.kv.watch({ prefix: "" }, { initial: true });
        await watcher.ready;
        const first = await watcher[Symbol.asyncIterator]().next();
        // Some of what was listed changes while the rest is still to be listed.
        await store.kv.set("p1000", "anew");
        await store.kv.delete("p1001");
        await store.kv.set("a", "before all others");
        const writing = writeAtOnce(store, 12);
        const following = await follow(watcher);
        await writing;
        await store.kv.set("end", 1);
        await following.until((seen) => brief(seen).includes("put end"));
        const kept = [...(await presentState(store))].filter(([name]) => name.startsWith("kv/"));
        equal(fold([first.value as Change, ...following.seen]), new Map(kept), "versions by key");
      },
    ),

    clause("K-feed-parallel-next", "Several calls of next at once get what comes in order, each its own", async (t) => {
      const { kv } = await t.store();
      const watcher = kv.watch({ prefix: "" });
      await watcher.ready;
      const iterator = watcher[Symbol.asyncIterator]();
      const waiting = [iterator.next(), iterator.next(), iterator.next()];
      for (const key of ["a", "b", "c"]) await kv.set(key, key);
      const found = (await Promise.all(waiting)).map(({ value }) => value as Change);
      equal(brief(found), ["put a", "put b", "put c"], "what the calls got");
      const last = iterator.next();
      await watcher.close();
      equal(await last, { done: true, value: undefined }, "what a call gets that waits while it is closed");
      equal(await iterator.next(), { done: true, value: undefined }, "what a call gets afterwards");
    }),

    clause("K-feed-closed", "close, disposing and break end a watcher quietly, and once", async (t) => {
      const { kv } = await t.store();
      const closed = kv.watch("k");
      const following = await follow(closed);
      await closed.close();
      equal(await following.ended, undefined, "what a closed one throws");
      await closed.close();
      const disposed = kv.watch("k");
      await disposed[Symbol.asyncDispose]();
      equal(await Array.fromAsync(disposed), [], "what a disposed one gives");
      const broken = kv.watch("k", { initial: true });
      await kv.set("k", 1);
      equal((await take(broken, 1)).length, 1, "what one gives before break");
      equal(await Array.fromAsync(broken), [], "what it gives afterwards");
    }),

    clause(
      "K-feed-signal",
      "A signal ends a watcher with ABORTED, and the next call says that it has ended",
      async (t) => {
        const { kv } = await t.store();
        const controller = new AbortController();
        const watcher = kv.watch("k", { signal: controller.signal });
        await watcher.ready;
        const iterator = watcher[Symbol.asyncIterator]();
        const waiting = iterator.next();
        controller.abort();
        await refused(() => waiting, "ABORTED", "the call that waits");
        equal(await iterator.next(), { done: true, value: undefined }, "the next call");
        await refused(async () => kv.watch("k", { signal: controller.signal }), "ABORTED", "an aborted signal");
      },
    ),

    clause("K-feed-store-closed", "Closing the store ends its watchers quietly; a new one is CLOSED", async (t) => {
      const store = await t.place().open();
      const followings = [
        await follow(store.kv.watch("k")),
        await follow(store.records.watch()),
        await follow(store.blobs.watch({ prefix: "" })),
        await follow(store.changes()),
      ];
      await store.close();
      for (const { ended } of followings) equal(await ended, undefined, "what it throws");
      await refused(async () => store.kv.watch("k"), "CLOSED", "kv.watch");
      await refused(async () => store.records.watch(), "CLOSED", "records.watch");
      await refused(async () => store.blobs.watch("k"), "CLOSED", "blobs.watch");
      await refused(async () => store.changes(), "CLOSED", "changes");
    }),

    clause("K-feed-two-stores", "What another store over the same data writes is told too", async (t) => {
      const place = t.place();
      const here = await place.open();
      const there = await place.openBeside();
      const { seen, until } = await follow(here.changes());
      for (const key of ["a", "b"]) {
        await there.kv.set(key, 1);
        await here.kv.set(`${key}-here`, 1);
      }
      await until(() => seen.length === 4);
      equal(brief(seen), ["put a", "put a-here", "put b", "put b-here"], "the changes");
    }),

    clause("K-feed-scopes", "What other namespaces write is not told", async (t) => {
      const store = await t.store();
      const { seen, until } = await follow(store.changes());
      await store.namespace("other").kv.set("theirs", 1);
      await store.kv.set("ours", 1);
      await until(() => seen.length === 1);
      equal(brief(seen), ["put ours"], "the changes");
    }),

    clause(
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

    clause(
      "K-feed-bad-cursor",
      "A cursor that is none is INVALID_ARGUMENT, for who waits for ready and for who reads",
      async (t) => {
        const store = await t.store();
        for (const since of ["nonsense", "-1"]) {
          const watcher = store.kv.watch("k", { since });
          await refused(() => watcher.ready, "INVALID_ARGUMENT", `ready, since ${since}`);
          await refused(() => take(watcher, 1), "INVALID_ARGUMENT", `reading, since ${since}`);
        }
        for (const since of ["initial.", "initial.AAAA"]) {
          await refused(async () => store.kv.watch("k", { since }), "INVALID_ARGUMENT", `since ${since}`);
        }
        for (const since of ["", 1, null, "9".repeat(5000)]) {
          await refused(
            async () => store.changes({ since: since as string }),
            "INVALID_ARGUMENT",
            `since ${String(since)}`,
          );
        }
      },
    ),

    clause(
      "K-feed-cursor-expired",
      "A cursor that is older than the deletions still known is CURSOR_EXPIRED, and the message says what to do",
      async (t) => {
        const store = await t.place().open();
        for (const key of ["a", "b", "c"]) await store.kv.set(key, 1);
        const [{ cursor: since } = { cursor: "" }] = await Array.fromAsync(store.changes({ live: false }));
        for (const key of ["a", "b", "c"]) await store.kv.delete(key);
        t.clock.advance(8 * day);
        const { ended } = await follow(store.changes()); // somebody watches, so it is swept
        let refusal: unknown;
        while (refusal === undefined) {
          refusal = await Array.fromAsync(store.changes({ since, live: false })).then(
            () => undefined,
            (error) => error,
          );
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        const error = await refused(() => Promise.reject(refusal), "CURSOR_EXPIRED", "changes");
        holds(error.message.includes("initial"), `the message says how to begin anew: ${error.message}`);
        await refused(() => store.kv.watch("a", { since }).ready, "CURSOR_EXPIRED", "ready of kv.watch");
        await store.close();
        equal(await ended, undefined, "the end of the watcher that was ahead");
      },
    ),

    clause(
      "K-feed-bad-input",
      "What is malformed is refused at the call, with INVALID_ARGUMENT or INVALID_KEY",
      async (t) => {
        const store = await t.store();
        const bad: readonly (readonly [string, () => unknown])[] = [
          ["no key", () => store.kv.watch(undefined as never)],
          ["a misspelt option", () => store.kv.watch("k", { intial: true } as never)],
          ["a misspelt prefix", () => store.blobs.watch({ prefx: "a" } as never)],
          ["initial is no boolean", () => store.records.watch("k", { initial: 1 as never })],
          ["values is no boolean", () => store.records.watch("k", { values: "no" as never })],
          ["since and initial", () => store.kv.watch("k", { since: "1", initial: true })],
          ["an unknown facade", () => store.changes({ facades: ["kvs" as never] })],
          ["live is no boolean", () => store.changes({ live: 0 as never })],
          ["initial of changes", () => store.changes({ initial: true } as never)],
        ];
        for (const [what, call] of bad) await refused(async () => call(), "INVALID_ARGUMENT", what);
        await refused(async () => store.kv.watch(""), "INVALID_KEY", "an empty key");
        await refused(async () => store.kv.watch({ prefix: "\0" }), "INVALID_KEY", "a prefix with NUL");
      },
    ),
  ],
};
