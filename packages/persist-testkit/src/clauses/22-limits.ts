/** The limits are the same everywhere, and what is above them is refused whole. */
import type { Store } from "@cuitty/persist-core";
import { equal, holds, identical, refused } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";
import { dataOf, event, numbered } from "../sample-events.ts";
import { refusedBeforeIo } from "../untouched.ts";
import { places, writers } from "../value-places.ts";

function nested(depth: number): unknown {
  let value: unknown = "core";
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { in: value };
  return value;
}

export const limits: Chapter = {
  section: "22",
  title: "Limits",
  clauses: [
    clause("K-value-longest", "A value may be 1 MiB long when encoded, quotes included", async (t) => {
      const store = await t.store();
      const text = "x".repeat(1024 * 1024 - 2);
      for (const { name, write, read } of places) {
        await write(store, text);
        holds((await read(store)) === text, `${name} gives the same text back`);
      }
    }),

    clause(
      "K-value-too-large",
      "A value of 1 MiB and one byte is TOO_LARGE before any I/O, by every writer",
      async (t) => {
        const { store, calls } = await t.watched();
        const text = "x".repeat(1024 * 1024 - 1);
        const astral = "😀".repeat(256 * 1024); // 4 bytes each, in 2 units
        for (const [name, write] of writers) {
          await refused(() => write(store, text), "TOO_LARGE", name);
          await refused(() => write(store, astral), "TOO_LARGE", `${name}: 1 MiB in half as many units`);
        }
        equal(calls, [], "what the backend was asked before the refusals");
      },
    ),

    clause("K-value-depth", "A value may be nested 100 deep, and no deeper", async (t) => {
      const { store, calls } = await t.watched();
      for (const { name, write } of places) {
        await refused(() => write(store, nested(101)), "INVALID_VALUE", `${name}: 101 deep`);
        await refused(() => write(store, nested(100_000)), "INVALID_VALUE", `${name}: 100 000 deep`);
      }
      equal(calls, [], "what the backend was asked before the refusals");
      for (const { name, write, read } of places) {
        await write(store, nested(100));
        identical(await read(store), nested(100), `${name}: 100 deep`);
      }
    }),

    clause("K-value-exploding", "A small value that stands for millions of items is refused at once", async (t) => {
      const store = await t.store();
      let value: unknown = 1;
      for (let i = 0; i < 40; i++) value = [value, value];
      await refused(() => store.kv.set("k", value), "TOO_LARGE", "kv.set");
    }),

    clause("K-events-longest-names", "Types, ids and tags may have 128 bytes of any characters", async (t) => {
      const { events } = await t.store();
      const name = "😀".repeat(32);
      const odd = "'\"%_\\/..";
      await events.append("s", [
        event(1, { type: name, id: name, tags: [name, odd] }),
        event(2, { type: odd, id: odd }),
      ]);
      const [first, second] = await events.read("s").toArray();
      equal([first?.type, first?.id, first?.tags], [name, name, [name, odd]], "the first");
      equal([second?.type, second?.id], [odd, odd], "the second");
      equal(dataOf(await events.read("s", { filter: { types: [odd] } }).toArray()), [2], "filtered by type");
      equal(dataOf(await events.read("s", { filter: { tags: [name] } }).toArray()), [1], "filtered by tag");
    }),

    clause("K-records-put-many-limit", "putMany takes 1 000 documents, and not one more", async (t) => {
      const watched = await t.watched();
      const entries = Array.from({ length: 1001 }, (_, i): [string, number] => [`k${i}`, i]);
      await refusedBeforeIo(watched, ({ records }) => records.putMany(entries), "TOO_LARGE", "1001 documents");
      const { records } = watched.store;
      equal((await records.putMany(entries.slice(0, 1000))).length, 1000, "the answers to 1000 documents");
      equal((await records.list().toArray()).length, 1000, "how many there are");
    }),

    clause("K-kv-set-many-limit", "setMany takes 1 000 values, and not one more", async (t) => {
      const watched = await t.watched();
      const entries = Array.from({ length: 1001 }, (_, i): [string, number] => [`k${i}`, i]);
      await refusedBeforeIo(watched, ({ kv }) => kv.setMany(entries), "TOO_LARGE", "1001 values");
      await watched.store.kv.setMany(entries.slice(1));
      equal((await watched.store.kv.keys().toArray()).length, 1000, "how many there are");
    }),

    clause("K-events-largest-append", "An append takes 1 000 events", async (t) => {
      const { events } = await t.store();
      const answer = await events.append("s", numbered(1000));
      equal([answer.version, answer.position, answer.ids.length], [1000, 1000, 1000], "the answer");
      equal((await events.read("s").toArray()).length, 1000, "how many there are");
    }),

    clause(
      "K-tx-too-many",
      "A transaction of more than 1 000 writes is TOO_LARGE, and nothing is written",
      async (t) => {
        const store = await t.store();
        const write = (count: number) =>
          store.transaction(async (tx) => {
            for (let i = 0; i < count; i++) await tx.kv.set(`k${i}`, i);
          });
        await refused(() => write(1001), "TOO_LARGE", "1001 writes");
        equal(await store.kv.keys().toArray(), [], "keys");
        await write(1000);
        equal((await store.kv.keys().toArray()).length, 1000, "how many keys");
      },
    ),

    clause("K-records-put-many-bytes", "One commit takes 8 MiB, and not more", async (t) => {
      const watched = await t.watched();
      const megabyte = "x".repeat(1024 * 1024 - 2);
      const entries = Array.from({ length: 9 }, (_, i): [string, string] => [`k${i}`, megabyte]);
      await refusedBeforeIo(watched, ({ records }) => records.putMany(entries), "TOO_LARGE", "9 MiB");
      equal((await watched.store.records.putMany(entries.slice(0, 8))).length, 8, "the answers to 8 MiB");
    }),

    clause("K-events-largest", "Data of an event may be 1 MiB, and 8 MiB in one append", async (t) => {
      const { events } = await t.store();
      const megabyte = "x".repeat(1024 * 1024 - 2);
      const batch = Array.from({ length: 8 }, () => event(megabyte));
      equal((await events.append("s", batch)).version, 8, "the version");
      equal(
        dataOf(await events.read("s", { from: 8 }).toArray()).map((data) => data === megabyte),
        [true],
        "the last",
      );
    }),

    clause("K-blobs-metadata-limit", "Metadata takes 1 KiB, and not a byte more", async (t) => {
      const watched = await t.watched();
      const metadata = (bytes: number) => ({ n: "é".repeat((bytes - 1) / 2) });
      const put = (store: Store) => store.blobs.put("k", "x", { metadata: metadata(1025) });
      await refusedBeforeIo(watched, put, "TOO_LARGE", "1025 bytes");
      await watched.store.blobs.put("k", "x", { metadata: { ...metadata(1023), a: "" } });
      equal((await watched.store.blobs.head("k"))?.metadata, { ...metadata(1023), a: "" }, "metadata of 1024 bytes");
    }),

    clause("K-value-limits-told", "capabilities.limits has the limits that are in force", async (t) => {
      const { limits } = (await t.store()).capabilities;
      equal(limits.keyBytes, 512, "keyBytes");
      equal(limits.valueBytes, 1024 * 1024, "valueBytes");
      equal(limits.commitOps, 1000, "commitOps");
      equal(limits.commitBytes, 8 * 1024 * 1024, "commitBytes");
      holds(limits.blobBytes >= 1024 * 1024, "blobBytes is at least 1 MiB");
    }),
  ],
};
