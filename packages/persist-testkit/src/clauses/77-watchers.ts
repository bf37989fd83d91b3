/** Watchers: how they are read, and how they end. */
import type { Change } from "@cuitty/persist-core";
import { equal, refused } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";
import { feedClause } from "../feed-clause.ts";
import { follow, take } from "../following.ts";
import { brief } from "../watchings.ts";

export const watchers: Chapter = {
  section: "77",
  title: "Watchers",
  clauses: [
    feedClause(
      "K-feed-parallel-next",
      "Several calls of next at once get what comes in order, each its own",
      async (t) => {
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
      },
    ),

    feedClause("K-feed-closed", "close, disposing and break end a watcher quietly, and once", async (t) => {
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

    feedClause(
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

    feedClause("K-feed-store-closed", "Closing the store ends its watchers quietly; a new one is CLOSED", async (t) => {
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
