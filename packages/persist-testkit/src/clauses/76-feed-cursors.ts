/** Feeds that go on from a cursor, or begin with what is there: nothing is missed, wherever they were left. */
import type { Change, Store } from "@cuitty/persist-core";
import { equal, holds, refused } from "../assertions.ts";
import type { Chapter } from "../clause.ts";
import { feedClause } from "../feed-clause.ts";
import { fold, follow, take } from "../following.ts";
import { brief, watchings } from "../watchings.ts";

const day = 24 * 60 * 60 * 1000;

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

export const feedCursors: Chapter = {
  section: "76",
  title: "Feeds from a cursor",
  clauses: [
    feedClause(
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

    feedClause(
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

    feedClause(
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

    feedClause(
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
      feedClause(
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

    feedClause(
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

    feedClause(
      "K-feed-initial-seam",
      "Between what is there and what changes nothing is missed while sixteen write",
      async (t) => {
        const store = await t.store();
        const keys = Array.from({ length: 1200 }, (_, i) => `p${1000 + i}`);
        for (const half of [keys.slice(0, 600), keys.slice(600)]) await store.kv.setMany(half.map((key) => [key, 0]));
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

    feedClause(
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

    feedClause(
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
  ],
};
