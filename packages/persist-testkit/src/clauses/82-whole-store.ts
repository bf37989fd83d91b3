/** What is asked of a store as a whole: its digest, how much there is, whether it answers. */
import type { Facade, Store } from "@cuitty/persist-core";
import { equal, holds, refused } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";
import { show } from "../show.ts";
import { refusedBeforeIo } from "../untouched.ts";

/** Everything that counts in a digest. `order` changes only what does not. */
async function fill(store: Store, order: "up" | "down" = "up"): Promise<void> {
  const keys = ["a", "b", "\uff5e", "\u{1f600}", "a/b"];
  for (const key of order === "up" ? keys : keys.reverse()) {
    await store.records.put(key, { key, n: -0, date: new Date(0) });
    await store.kv.set(key, [key, 10n]);
    await store.blobs.put(key, `content of ${key}`, { contentType: "text/plain", metadata: { b: "2", a: "1" } });
  }
  for (const stream of order === "up" ? ["s", "t"] : ["t", "s"]) {
    await store.events.append(stream, [
      { type: "x", data: { stream }, id: `${stream}1`, tags: ["g"], metadata: { m: 1 } },
      { type: "y", data: null, id: `${stream}2` },
    ]);
  }
}

/** Each is a change that a user can see. */
const changes: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
  record: (store) => store.records.put("a", { key: "a", n: 0, date: new Date(0) }),
  "order-of-properties": (store) => store.records.put("a", { n: -0, key: "a", date: new Date(0) }),
  "another-record": (store) => store.records.put("c", 1),
  "record-gone": (store) => store.records.delete("a/b"),
  value: (store) => store.kv.set("a", ["a", 10]),
  expiry: (store) => store.kv.touch("a", "1h"),
  "value-moved": async (store) => {
    await store.kv.delete("a");
    await store.records.put("x", ["a", 10n]);
  },
  bytes: (store) => store.blobs.put("a", "content of A", { contentType: "text/plain", metadata: { b: "2", a: "1" } }),
  "content-type": (store) =>
    store.blobs.put("a", "content of a", { contentType: "text/html", metadata: { b: "2", a: "1" } }),
  metadata: (store) =>
    store.blobs.put("a", "content of a", { contentType: "text/plain", metadata: { b: "1", a: "2" } }),
  event: (store) => store.events.append("s", { type: "x", data: 1, id: "s3" }),
  stream: (store) => store.events.append("u", { type: "x", data: 1, id: "s3" }),
};

export const wholeStore: Chapter = {
  section: "82",
  title: "Digest, stats and health",
  clauses: [
    clause("K-digest-equal", "Stores with equal contents have equal digests, whatever their history", async (t) => {
      const [a, b] = [await t.store(), await t.store()];
      await fill(a);
      await b.kv.set("gone", 1);
      await b.kv.set("a", "before");
      await fill(b, "down");
      await b.kv.delete("gone");
      await b.kv.set("expired", 1, { ttl: 1 });
      await b.kv.delete("expired");
      const digest = await a.digest();
      holds(/^[0-9a-f]{64}$/.test(digest), "a digest is 64 hex digits");
      equal(await b.digest(), digest, "the digest of the other");
    }),

    clause("K-digest-empty", "Empty stores have the same digest, and so has one that was emptied", async (t) => {
      const [a, b] = [await t.store(), await t.store()];
      const digest = await a.digest();
      await b.kv.set("k", 1);
      holds((await b.digest()) !== digest, "a store that is not empty has another digest");
      await b.kv.clear({ all: true });
      equal(await b.digest(), digest, "the digest of the one that was emptied");
    }),

    ...Object.entries(changes).map(([slug, change]) =>
      clause(
        `K-digest-changes-${slug}`,
        ["The digest changes with its contents", slug.replaceAll("-", " ")],
        async (t) => {
          const store = await t.store();
          await fill(store);
          const before = await store.digest();
          await change(store);
          holds((await store.digest()) !== before, "the digest is another one");
        },
      ),
    ),

    clause("K-digest-boundaries", "Where one field ends and the next begins counts", async (t) => {
      const digests = new Set<string>();
      for (const [key, value] of [
        ["a", "bc"],
        ["ab", "c"],
        ['a"', "bc"],
        ["a", "1:b"],
      ] as const) {
        const store = await t.store();
        await store.kv.set(key, value);
        digests.add(await store.digest());
      }
      equal(digests.size, 4, "how many different digests");
    }),

    clause("K-digest-facades", "A digest may be of some facades only", async (t) => {
      const store = await t.store();
      await fill(store);
      const all: Facade[] = ["records", "kv", "blobs", "events"];
      const before = await Promise.all(all.map((facade) => store.digest({ facades: [facade] })));
      equal(new Set(before).size, 4, "how many different digests");
      equal(
        await store.digest({ facades: ["kv", "records"] }),
        await store.digest({ facades: ["records", "kv"] }),
        "in another order",
      );
      equal(await store.digest({ facades: all }), await store.digest(), "of all facades");
      await store.kv.set("new", 1);
      const after = await Promise.all(all.map((facade) => store.digest({ facades: [facade] })));
      equal(
        after.map((digest, i) => digest === before[i]),
        [true, false, true, true],
        "which ones are as before",
      );
    }),

    clause("K-digest-reopened", "A digest is the same after the store was opened again", async (t) => {
      const place = t.place();
      const store = await place.open();
      await fill(store);
      const digest = await store.digest();
      await place.close();
      equal(await (await place.open()).digest(), digest, "the digest");
    }),

    clause("K-digest-expired", "What has expired does not count", async (t) => {
      const store = await t.store();
      const digest = await store.digest();
      await store.kv.set("k", 1, { ttl: 10 });
      await store.records.put("k", 1, { ttl: 10 });
      t.clock.advance(10);
      equal(await store.digest(), digest, "the digest");
    }),

    clause("K-digest-bad-input", "A facade that there is not is refused before any I/O", async (t) => {
      const watched = await t.watched();
      for (const facades of [["record"], [], "kv", [undefined], [1]]) {
        await refusedBeforeIo(
          watched,
          (store) => store.digest({ facades: facades as Facade[] }),
          "INVALID_ARGUMENT",
          show(facades),
        );
      }
    }),

    clause("K-stats", "Stats count what is there, and the bytes of it", async (t) => {
      const store = await t.store();
      const none = { count: 0, bytes: 0 };
      equal(await store.stats(), { records: none, kv: none, blobs: none, events: none }, "of an empty store");
      await store.records.put("a", "é");
      await store.records.put("b", { n: 1 });
      await store.kv.set("a", 12345);
      await store.kv.set("b", 1, { ttl: 10 });
      await store.blobs.put("a", "four");
      await store.blobs.put("b", new Uint8Array(1000));
      await store.events.append("s", [
        { type: "t", data: 1 },
        { type: "t", data: "ab", metadata: { m: 1 } },
      ]);
      t.clock.advance(10);
      equal(
        await store.stats(),
        {
          records: { count: 2, bytes: 4 + 7 },
          kv: { count: 1, bytes: 5 },
          blobs: { count: 2, bytes: 1004 },
          events: { count: 2, bytes: 1 + 4 + 7 },
        },
        "the stats",
      );
    }),

    clause("K-health", "Health says that the backend answers", async (t) => {
      const { ok, latencyMs } = await (await t.store()).health();
      equal(ok, true, "ok");
      holds(latencyMs >= 0, "latencyMs is a time");
    }),

    clause("K-health-closed", "The health of a closed store is bad, and says why", async (t) => {
      const store = await t.store();
      await store.close();
      const { ok, detail } = await store.health();
      equal(ok, false, "ok");
      holds(detail?.includes("closed") === true, "the detail says that it is closed");
      await refused(() => store.digest(), "CLOSED", "the digest of a closed store");
      await refused(() => store.stats(), "CLOSED", "the stats of a closed store");
    }),
  ],
};
