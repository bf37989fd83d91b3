/** Blobs under other keys. */
import { PersistError, type Store } from "@cuitty/persist-core";
import { equal, holds, present, refused } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";
import { bytesOf } from "../content.ts";
import type { Context } from "../context.ts";

const content = bytesOf(1_300_000);
const day = 24 * 3_600_000;

const ways = ["copy", "move"] as const;

async function withConditions(t: Context): Promise<Store> {
  const store = await t.store();
  if (store.capabilities.blobConditions === "absent") t.absent("blobConditions is absent");
  return store;
}

async function bytesAt(store: Store, key: string): Promise<Uint8Array> {
  return present(await store.blobs.get(key), `the blob ${key}`).bytes();
}

export const copyingBlobs: Chapter = {
  section: "54",
  title: "Copying and moving blobs",
  clauses: [
    ...ways.flatMap((way) => [
      clause(`K-blobs-${way}`, `${way} gives another key the same content, type and metadata`, async (t) => {
        const store = await t.store();
        const before = await store.blobs.put("a", content, { contentType: "a/b", metadata: { m: "1", ü: "😀" } });
        t.clock.advance(1000);
        const info = await store.blobs[way]("a", "b");
        equal(info, { ...before, key: "b", lastModified: new Date(t.clock.now()) }, "the answer");
        equal(await store.blobs.head("b"), info, "head");
        equal(await bytesAt(store, "b"), content, "the bytes");
        equal(await store.blobs.head("a"), way === "copy" ? before : undefined, "head of the source");
      }),

      clause(`K-blobs-${way}-empty`, `${way} of an empty blob`, async (t) => {
        const store = await t.store();
        await store.blobs.put("a", "");
        await store.blobs[way]("a", "b");
        equal(await bytesAt(store, "b"), new Uint8Array(0), "the bytes");
      }),

      clause(`K-blobs-${way}-over`, `${way} replaces the target whole, and who reads that goes on`, async (t) => {
        const store = await t.store();
        await store.blobs.put("a", content, { contentType: "a/b" });
        await store.blobs.put("b", bytesOf(900_000, 2), { metadata: { old: "1" } });
        const reading = present(await store.blobs.get("b"), "the target before");
        await store.blobs[way]("a", "b");
        if (store.capabilities.blobSnapshots !== "absent") {
          equal(await reading.bytes(), bytesOf(900_000, 2), "what was being read");
        }
        const after = present(await store.blobs.get("b"), "the target");
        equal([after.contentType, after.metadata], ["a/b", {}], "type and metadata");
        equal(await after.bytes(), content, "the bytes");
      }),

      clause(`K-blobs-${way}-missing`, `${way} of what is not there is NOT_FOUND, and the target stays`, async (t) => {
        const { blobs } = await t.store();
        await blobs.put("b", "target");
        const error = await refused(() => blobs[way]("a", "b"), "NOT_FOUND", way);
        holds(error.message.includes('"a"') && error.key === "a", "the error names the source");
        await refused(() => blobs[way]("a", "a"), "NOT_FOUND", "onto itself");
        equal(await (await blobs.get("b"))?.text(), "target", "the target");
      }),

      clause(`K-blobs-${way}-itself`, `${way} onto itself changes nothing`, async (t) => {
        const store = await t.store();
        const before = await store.blobs.put("a", content, { metadata: { m: "1" } });
        t.clock.advance(1000);
        equal(await store.blobs[way]("a", "a"), before, "the answer");
        if (store.capabilities.blobConditions !== "absent") {
          equal(await store.blobs[way]("a", "a", { ifMatch: before.etag }), before, "with its etag");
          await refused(() => store.blobs[way]("a", "a", { ifNoneMatch: "*" }), "CONFLICT", "where there must be none");
          await refused(() => store.blobs[way]("a", "a", { ifMatch: "other" }), "CONFLICT", "with another etag");
        }
        t.clock.advance(2 * day);
        await store.kv.set("other", 1);
        equal(await store.blobs.head("a"), before, "head");
        equal(await bytesAt(store, "a"), content, "the bytes");
      }),

      clause(`K-blobs-${way}-if-none-match`, `${way} with ifNoneMatch only where there is no target`, async (t) => {
        const store = await withConditions(t);
        await store.blobs.put("a", "source");
        await store.blobs.put("b", "target");
        await refused(() => store.blobs[way]("a", "b", { ifNoneMatch: "*" }), "CONFLICT", way);
        equal(await (await store.blobs.get("b"))?.text(), "target", "the target");
        equal(await (await store.blobs.get("a"))?.text(), "source", "the source");
        await store.blobs[way]("a", "c", { ifNoneMatch: "*" });
        equal(await (await store.blobs.get("c"))?.text(), "source", "another target");
      }),

      clause(`K-blobs-${way}-if-match`, `${way} with ifMatch only over a target of that etag`, async (t) => {
        const store = await withConditions(t);
        const { etag: source } = await store.blobs.put("a", "source");
        const { etag: target } = await store.blobs.put("b", "target");
        await refused(() => store.blobs[way]("a", "b", { ifMatch: source }), "CONFLICT", "the etag of the source");
        await refused(() => store.blobs[way]("a", "c", { ifMatch: target }), "CONFLICT", "where there is no target");
        equal(await store.blobs.has("a"), true, "has of the source");
        await store.blobs[way]("a", "b", { ifMatch: target });
        equal(await (await store.blobs.get("b"))?.text(), "source", "the target");
      }),

      clause(
        `K-blobs-${way}-independent`,
        `What ${way} has made stays when the source is replaced or deleted`,
        async (t) => {
          const store = await t.store();
          for (const end of ["replaced", "deleted"]) {
            await store.blobs.put("a", content);
            await store.blobs[way]("a", end);
            if (end === "replaced") await store.blobs.put("a", "another");
            else await store.blobs.delete("a");
          }
          t.clock.advance(2 * day);
          for (let i = 0; i < 3; i++) await store.kv.set("other", i);
          equal(await bytesAt(store, "replaced"), content, "where the source was replaced");
          equal(await bytesAt(store, "deleted"), content, "where the source was deleted");
        },
      ),

      clause(
        `K-blobs-${way}-race-if-none-match`,
        `Of several that ${way} to one key with ifNoneMatch, one gets through`,
        async (t) => {
          const { blobs } = await withConditions(t);
          const keys = ["a", "b", "c", "d"];
          for (const key of keys) await blobs.put(key, key);
          const results = await Promise.allSettled(keys.map((key) => blobs[way](key, "target", { ifNoneMatch: "*" })));
          const winners = keys.filter((_, i) => results[i]?.status === "fulfilled");
          equal(winners.length, 1, "how many got through");
          for (const result of results) {
            if (result.status === "rejected")
              holds(PersistError.is(result.reason, "CONFLICT"), "the others get CONFLICT");
          }
          equal(await (await blobs.get("target"))?.text(), winners[0], "the target");
          equal((await blobs.list().toArray()).length, way === "copy" ? 5 : 4, "how many blobs");
        },
      ),

      clause(
        `K-blobs-${way}-while-replaced`,
        `What is replaced while it is under ${way} arrives whole, old or new`,
        async (t) => {
          const store = await t.store();
          await store.blobs.put("a", bytesOf(900_000, 0));
          const replace = async () => {
            for (let seed = 1; seed <= 5; seed++) await store.blobs.put("a", bytesOf(900_000 + seed, seed));
          };
          const transfer = async () => {
            for (let i = 0; i < 5; i++) {
              const info = await store.blobs[way]("a", "b").catch((error: unknown) => {
                if (way === "move" && PersistError.is(error, "NOT_FOUND")) return undefined;
                throw error;
              });
              if (info === undefined) continue;
              equal(await bytesAt(store, "b"), bytesOf(info.size, info.size - 900_000), "the bytes");
            }
          };
          await Promise.all([replace(), transfer()]);
        },
      ),
    ]),

    clause("K-blobs-move-atomic", "Of a move nobody sees half", async (t) => {
      const store = await t.store();
      const isAtOnce = store.capabilities.blobSnapshots !== "absent"; // else both may be seen, but never none
      await store.blobs.put("a", content);
      let moving = true;
      const look = async () => {
        while (moving) {
          const { length } = await store.blobs.list().toArray();
          holds(length === 1 || (length === 2 && !isAtOnce), `there are ${length} blobs`);
        }
      };
      const move = async () => {
        for (let i = 0; i < 20; i++) await store.blobs.move(i % 2 === 0 ? "a" : "b", i % 2 === 0 ? "b" : "a");
        moving = false;
      };
      await Promise.all([look(), move()]);
      equal(await bytesAt(store, "a"), content, "the bytes in the end");
    }),

    clause("K-blobs-move-race", "Of several moves of one blob, one gets through", async (t) => {
      const store = await t.store();
      await store.blobs.put("a", content);
      const targets = ["b", "c", "d", "e"];
      const results = await Promise.allSettled(targets.map((target) => store.blobs.move("a", target)));
      const winners = targets.filter((_, i) => results[i]?.status === "fulfilled");
      equal(winners.length, 1, "how many got through");
      for (const result of results) {
        if (result.status === "rejected") holds(PersistError.is(result.reason, "NOT_FOUND"), "the others find nothing");
      }
      equal(
        (await store.blobs.list().toArray()).map(({ key }) => key),
        winners,
        "the keys",
      );
      equal(await bytesAt(store, winners[0] as string), content, "the bytes");
    }),

    clause("K-blobs-move-swept", "Moved bytes are kept, however often they were moved", async (t) => {
      const place = t.place();
      let store = await place.open();
      await store.blobs.put("a", content);
      await store.blobs.put("b", bytesOf(10));
      await store.blobs.move("a", "b");
      await store.blobs.move("b", "a");
      await store.blobs.copy("a", "c");
      await store.blobs.move("c", "d");
      t.clock.advance(2 * day);
      for (let i = 0; i < 3; i++) await store.kv.set("other", i);
      await place.close();
      store = await place.open();
      for (const key of ["a", "d"]) equal(await bytesAt(store, key), content, `the bytes of ${key}`);
      equal(
        (await store.blobs.list().toArray()).map(({ key }) => key),
        ["a", "d"],
        "the keys",
      );
    }),

    clause(
      "K-blobs-verify",
      "verify tells that a blob is what was stored; of one that is not there, NOT_FOUND",
      async (t) => {
        const { blobs } = await t.store();
        await blobs.put("a", content);
        await blobs.put("empty", "");
        equal(await blobs.verify("a"), true, "verify");
        equal(await blobs.verify("empty"), true, "verify of an empty one");
        await refused(() => blobs.verify("none"), "NOT_FOUND", "verify of none");
      },
    ),
  ],
};
