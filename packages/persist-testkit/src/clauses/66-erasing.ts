/** truncate and deleteStream: what goes, and what stays for ever. And fold, which goes through what is left. */
import type { Store } from "@cuitty/persist-core";
import { equal, refused } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";
import { dataOf, event, filled, numbered, read, withIds } from "../sample-events.ts";
import { refusedBeforeIo } from "../untouched.ts";

const sum = (store: Store, stream: string) =>
  store.events.fold(stream, 0, (state, { data }) => state + (data as number));

const seenFrom = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);

export const erasing: Chapter = {
  section: "66",
  title: "Erasing and folding",
  clauses: [
    clause("K-erase-truncate", "truncate takes the events below a version from every reader", async (t) => {
      const store = await filled(await t.store());
      await store.events.truncate("s", 8);
      equal(await read(store, "s"), [8, 9, 10], "the stream");
      equal(await read(store, "s", { direction: "backward" }), [10, 9, 8], "the stream, backward");
      equal(await read(store, "s", { to: 7 }), [], "the part that went");
      const log = await store.events.readAll().toArray();
      equal(
        log.map(({ stream, position, data }) => [stream, position, data]),
        [
          ["other", 6, "other 6"],
          ["other", 8, "other 7"],
          ["other", 10, "other 8"],
          ["s", 11, 8],
          ["other", 12, "other 9"],
          ["s", 13, 9],
          ["other", 14, "other 10"],
          ["s", 15, 10],
        ],
        "the log",
      );
      equal([await store.events.head("s"), await store.events.head()], [10, 15], "the heads");
    }),

    clause("K-erase-truncate-none", "truncate with nothing to erase changes nothing", async (t) => {
      const store = await t.store();
      await store.events.append("s", numbered(3));
      for (const before of [0, 1]) await store.events.truncate("s", before);
      await store.events.truncate("none", 5);
      equal(await read(store, "s"), [1, 2, 3], "the stream");
      await store.events.truncate("s", 3);
      await store.events.truncate("s", 2);
      equal(await read(store, "s"), [3], "after one that erases less than is erased");
      equal(await store.events.head("none"), 0, "a stream that never was");
    }),

    clause("K-erase-truncate-all", "truncate beyond the end erases everything, and versions go on", async (t) => {
      const store = await t.store();
      await store.events.append("s", numbered(3));
      await store.events.truncate("s", Number.MAX_SAFE_INTEGER);
      equal(await read(store, "s"), [], "the stream");
      const { version, position } = await store.events.append("s", event(4));
      equal([version, position], [4, 4], "the next event's place");
      equal(await read(store, "s"), [4], "the stream after it");
    }),

    clause("K-erase-delete-stream", "deleteStream erases all events, and says whether there were any", async (t) => {
      const store = await filled(await t.store());
      equal(await store.events.deleteStream("s"), true, "the answer");
      equal(await store.events.deleteStream("s"), false, "the second answer");
      equal(await store.events.deleteStream("none"), false, "for a stream that never was");
      equal(await read(store, "s"), [], "the stream");
      equal(dataOf(await store.events.readAll().toArray()).length, 5, "events of the other");
      equal(await store.events.streams().toArray(), [{ stream: "other", version: 5 }], "the streams");
      equal([await store.events.head("s"), await store.events.head()], [10, 15], "the heads");
    }),

    clause("K-erase-expected", "A deleted stream is none to expectedVersion, or has its version", async (t) => {
      const store = await t.store();
      const append = (expectedVersion: number | "noStream" | "streamExists") =>
        store.events.append("s", event(0), { expectedVersion });
      await store.events.append("s", numbered(2));
      await store.events.truncate("s", 2);
      await refused(() => append("noStream"), "CONFLICT", "noStream where one event is left");
      await store.events.deleteStream("s");
      await refused(() => append("streamExists"), "CONFLICT", "streamExists");
      await refused(() => append(1), "CONFLICT", "another version");
      equal((await append("noStream")).version, 3, "noStream");
      await store.events.deleteStream("s");
      equal((await append(3)).version, 4, "its version");
      await store.events.deleteStream("s");
      equal((await append(0)).version, 5, "0");
      equal((await append("streamExists")).version, 6, "streamExists again");
    }),

    clause("K-erase-delete-expected", "deleteStream erases nothing where expectedVersion does not hold", async (t) => {
      const store = await t.store();
      await store.events.append("s", numbered(3));
      for (const expectedVersion of [2, 4, "noStream"] as const) {
        const error = await refused(
          () => store.events.deleteStream("s", { expectedVersion }),
          "CONFLICT",
          String(expectedVersion),
        );
        equal(error.key, "s", "the error's key");
      }
      await refused(() => store.events.deleteStream("none", { expectedVersion: "streamExists" }), "CONFLICT", "none");
      equal(await store.events.deleteStream("none", { expectedVersion: "noStream" }), false, "none, as expected");
      equal(await read(store, "s"), [1, 2, 3], "the stream");
      equal(await store.events.deleteStream("s", { expectedVersion: 3 }), true, "the right version");
    }),

    clause(
      "K-erase-ids",
      "Ids of erased events count for ever: the same append again gives the first result",
      async (t) => {
        const place = t.place();
        let store = await place.open();
        const first = await store.events.append("s", withIds("a", "b"));
        await store.events.append("s", withIds("c"));
        await store.events.deleteStream("s");
        await place.close();
        store = await place.open();
        equal(await store.events.append("s", withIds("a", "b")), { ...first, duplicate: true }, "the same ids again");
        await refused(() => store.events.append("s", withIds("b", "new")), "CONFLICT", "some of them");
        await store.transaction(async (tx) => {
          const { version } = await tx.events.append("s", withIds("a", "b"));
          equal(version, 2, "the version in a transaction");
          equal(await tx.events.head("s"), 3, "the head in a transaction");
        });
        equal([await read(store, "s"), await store.events.head("s")], [[], 3], "what is there");
        equal((await store.events.append("s", withIds("d"))).version, 4, "the next version");
      },
    ),

    clause("K-erase-transaction", "A transaction that has read a stream conflicts with its erasure", async (t) => {
      const store = await t.store();
      await store.events.append("s", numbered(3));
      const seen: unknown[] = [];
      await store.transaction(async (tx) => {
        seen.push(dataOf(await tx.events.read("s").toArray()));
        if (seen.length === 1) await store.events.truncate("s", 3);
        await tx.kv.set("seen", seen.length);
      });
      equal(seen, [[1, 2, 3], [3]], "what it read, run by run");
      await store.events.deleteStream("s");
      await store.transaction(async (tx) => {
        equal(await tx.events.head("s"), 3, "the head");
        equal(dataOf(await tx.events.read("s").toArray()), [], "the events");
        const error = await refused(
          () => tx.events.append("s", event(4), { expectedVersion: "streamExists" }),
          "CONFLICT",
          "streamExists",
        );
        equal(error.key, "s", "the error's key");
        equal((await tx.events.append("s", event(4), { expectedVersion: "noStream" })).version, 4, "the version");
        equal(dataOf(await tx.events.read("s").toArray()), [4], "the events then");
      });
      equal(await read(store, "s"), [4], "the stream");
    }),

    clause("K-erase-long", "Long streams are erased to the end, and readers see only their beginning go", async (t) => {
      const store = await t.store();
      const count = 2500;
      for (let from = 1; from <= count; from += 500) await store.events.append("s", numbered(500, from));
      let isOver = false;
      const truncation = store.events.truncate("s", count).finally(() => {
        isOver = true;
      });
      while (!isOver) {
        const seen = (await read(store, "s")) as number[];
        const sorted = [...new Set(seen)].sort((a, b) => a - b);
        equal([seen, seen.at(-1)], [sorted, count], "what a reader sees meanwhile");
        const page = (await read(store, "s", { limit: 100 })) as number[];
        const first = page[0] ?? 0;
        equal(page, seenFrom(first, page.length), "a page that a reader sees meanwhile");
      }
      await truncation;
      equal(await read(store, "s"), [count], "what is left");
      equal((await store.events.readAll().toArray()).length, 1, "what is left of the log");
    }),

    clause("K-erase-reopened", "What was erased stays erased when the store is opened again", async (t) => {
      const place = t.place();
      const store = await filled(await place.open());
      await store.events.truncate("s", 5);
      await store.events.deleteStream("other");
      await place.close();
      const again = await place.open();
      equal(await read(again, "s"), [5, 6, 7, 8, 9, 10], "the stream");
      equal(await again.events.streams().toArray(), [{ stream: "s", version: 10 }], "the streams");
      equal((await again.events.append("other", event(0))).version, 6, "the next version of the other");
    }),

    clause("K-fold", "fold gives the state that all events of a stream add up to, and its version", async (t) => {
      const store = await t.store();
      equal(await sum(store, "none"), { state: 0, version: 0 }, "of no stream");
      for (let from = 1; from <= 1200; from += 400) await store.events.append("s", numbered(400, from));
      await store.events.append("other", event(7));
      equal(await sum(store, "s"), { state: 720_600, version: 1200 }, "of 1200 events");
      const data = await store.events.fold("s", [] as unknown[], (all, { data }) => [...all, data]);
      equal(
        data.state,
        Array.from({ length: 1200 }, (_, i) => i + 1),
        "their order",
      );
      const { state, version } = await sum(store, "other");
      await store.events.append("other", event(state + 1), { expectedVersion: version });
      equal(await sum(store, "other"), { state: 15, version: 2 }, "after an append that expects its version");
    }),

    clause("K-fold-erased", "fold goes through what was not erased, and its version can be expected", async (t) => {
      const store = await t.store();
      await store.events.append("s", numbered(4));
      await store.events.truncate("s", 3);
      equal(await sum(store, "s"), { state: 7, version: 4 }, "of what is left");
      await store.events.deleteStream("s");
      equal(await sum(store, "s"), { state: 0, version: 4 }, "of a deleted stream");
      await store.events.append("s", event(1), { expectedVersion: 4 });
    }),

    clause("K-fold-throws", "What the step throws comes out of fold", async (t) => {
      const store = await t.store();
      await store.events.append("s", numbered(2));
      const error = new Error("no");
      const outcome = await store.events
        .fold("s", 0, () => {
          throw error;
        })
        .catch((thrown: unknown) => thrown);
      equal(outcome === error, true, "whether it is the same error");
    }),

    clause("K-erase-refused", "What cannot be meant is refused before any I/O", async (t) => {
      const watched = await t.watched();
      for (const before of [-1, 1.5, Number.NaN, "2", undefined, null]) {
        const truncate = (s: Store) => s.events.truncate("s", before as number);
        await refusedBeforeIo(watched, truncate, "INVALID_ARGUMENT", `truncate before ${String(before)}`);
      }
      for (const o of [{ expectedVersion: undefined }, { expectedVersion: -1 }, { expectedversion: 1 }]) {
        const remove = (s: Store) => s.events.deleteStream("s", o as never);
        await refusedBeforeIo(watched, remove, "INVALID_ARGUMENT", `deleteStream with ${JSON.stringify(o)}`);
      }
      const fold = (s: Store) => s.events.fold("s", 0, undefined as never);
      await refusedBeforeIo(watched, fold, "INVALID_ARGUMENT", "fold without a function");
    }),
  ],
};
