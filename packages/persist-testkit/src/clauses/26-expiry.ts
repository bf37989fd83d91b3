/** Expired is gone: at once, for every operation, whenever the space is freed. */
import type { Duration, Store } from "@cuitty/persist-core";
import { equal, holds, present, refused } from "../assertions.ts";
import { type Chapter, type Clause, clause } from "../clause.ts";
import { listers } from "../listers.ts";
import { refusedBeforeIo } from "../untouched.ts";

const durations: readonly (readonly [ttl: Duration, ms: number])[] = [
  [1, 1],
  [1500, 1500],
  ["1ms", 1],
  ["250ms", 250],
  ["30s", 30_000],
  ["1.5s", 1500],
  ["15m", 900_000],
  ["12h", 43_200_000],
  ["7d", 604_800_000],
  ["36500d", 3_153_600_000_000],
];

const badDurations: readonly unknown[] = [
  0,
  -1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  "",
  "5",
  "5 s",
  "1w",
  "-1s",
  "s",
  "1e3s",
  null,
  {},
  true,
];

/** What each operation answers of a key, in kv or records, that has expired. */
const gone: readonly (readonly [slug: string, what: string, check: (store: Store) => Promise<void>])[] = [
  ["kv-get", "kv.get finds nothing", async ({ kv }) => equal(await kv.get("k"), undefined, "kv.get")],
  [
    "kv-get-entry",
    "kv.getEntry finds nothing",
    async ({ kv }) => equal(await kv.getEntry("k"), undefined, "kv.getEntry"),
  ],
  [
    "kv-get-many",
    "kv.getMany leaves it out",
    async ({ kv }) => equal([...(await kv.getMany(["k", "other"])).keys()], ["other"], "kv.getMany"),
  ],
  ["kv-has", "kv.has is false", async ({ kv }) => equal(await kv.has("k"), false, "kv.has")],
  [
    "kv-list",
    "kv.list leaves it out",
    async ({ kv }) =>
      equal(
        (await kv.list().toArray()).map(({ key }) => key),
        ["other"],
        "kv.list",
      ),
  ],
  [
    "kv-keys",
    "kv.keys leaves it out, both ways",
    async ({ kv }) => {
      equal(await kv.keys().toArray(), ["other"], "kv.keys");
      equal(await kv.keys({ reverse: true }).toArray(), ["other"], "kv.keys in reverse");
    },
  ],
  [
    "kv-delete",
    "kv.delete says that there was nothing",
    async ({ kv }) => equal(await kv.delete("k"), false, "kv.delete"),
  ],
  [
    "kv-touch",
    "kv.touch cannot revive it",
    async ({ kv }) => {
      equal(await kv.touch("k", "1h"), false, "kv.touch");
      equal(await kv.touch("k", null), false, "kv.touch with null");
      equal(await kv.has("k"), false, "kv.has");
    },
  ],
  [
    "kv-update",
    "kv.update starts from nothing, without an expiry",
    async ({ kv }) => {
      const seen: unknown[] = [];
      await kv.update("k", (value) => {
        seen.push(value);
        return 2;
      });
      equal(seen, [undefined], "what the function got");
      equal((await kv.getEntry("k"))?.expiresAt, undefined, "expiresAt");
    },
  ],
  [
    "kv-increment",
    "kv.increment starts from 0, without an expiry",
    async ({ kv }) => {
      equal(await kv.increment("k"), 1, "kv.increment");
      equal((await kv.getEntry("k"))?.expiresAt, undefined, "expiresAt");
    },
  ],
  [
    "kv-clear",
    "kv.clear counts the others only",
    async ({ kv }) => equal(await kv.clear({ all: true }), 1, "kv.clear"),
  ],
  [
    "kv-if-none-match",
    "kv.set with ifNoneMatch writes",
    async ({ kv }) => {
      await kv.set("k", 2, { ifNoneMatch: "*" });
      equal(await kv.get("k"), 2, "kv.get");
    },
  ],
  [
    "records-get",
    "records.get finds nothing",
    async ({ records }) => equal(await records.get("k"), undefined, "records.get"),
  ],
  [
    "records-get-many",
    "records.getMany leaves it out",
    async ({ records }) => equal([...(await records.getMany(["k", "other"])).keys()], ["other"], "records.getMany"),
  ],
  ["records-has", "records.has is false", async ({ records }) => equal(await records.has("k"), false, "records.has")],
  [
    "records-list",
    "records.list leaves it out",
    async ({ records }) =>
      equal(
        (await records.list().toArray()).map(({ key }) => key),
        ["other"],
        "records.list",
      ),
  ],
  [
    "records-delete",
    "records.delete says that there was nothing",
    async ({ records }) => equal(await records.delete("k"), false, "records.delete"),
  ],
  [
    "records-update",
    "records.update is NOT_FOUND",
    async ({ records }) => {
      await refused(() => records.update("k", () => 2), "NOT_FOUND", "a function");
      await refused(() => records.update("k", { a: 1 }), "NOT_FOUND", "a patch");
    },
  ],
  [
    "records-insert",
    "records.insert makes it anew",
    async ({ records }) => {
      await records.insert("k", 2);
      equal((await records.get("k"))?.value, 2, "the value");
    },
  ],
  [
    "records-clear",
    "records.clear counts the others only",
    async ({ records }) => equal(await records.clear({ all: true }), 1, "records.clear"),
  ],
  [
    "transaction",
    "a transaction does not see it",
    async (store) => {
      const seen = await store.transaction(async (tx) => [
        await tx.kv.get("k"),
        await tx.records.get("k"),
        (await tx.kv.keys().toArray()).length,
        (await tx.records.list().toArray()).length,
      ]);
      equal(seen, [undefined, undefined, 1, 1], "what it saw");
    },
  ],
];

export const expiry: Chapter = {
  section: "26",
  title: "Expiry",
  clauses: [
    ...gone.map(
      ([slug, what, check]): Clause =>
        clause(`K-expiry-gone-${slug}`, ["Once expired, an entry is absent for every operation", what], async (t) => {
          const store = await t.store();
          await store.kv.setMany([["k", 1]], { ttl: 1000 });
          await store.kv.set("other", 1);
          await store.records.put("k", 1, { ttl: 1000 });
          await store.records.put("other", 1);
          t.clock.advance(1000);
          await check(store);
        }),
    ),

    ...durations.map(([ttl, ms]) =>
      clause(
        `K-expiry-ttl-${typeof ttl === "string" ? ttl.replace(".", "-") : `number-${ttl}`}`,
        [
          "A ttl is a number of milliseconds or a number with its unit, and ends the entry to the millisecond",
          `${JSON.stringify(ttl)} is ${ms}`,
        ],
        async (t) => {
          const { kv, records } = await t.store();
          const at = new Date(t.clock.now() + ms);
          await kv.set("k", 1, { ttl });
          const put = await records.put("k", 1, { ttl });
          equal((await kv.getEntry("k"))?.expiresAt, at, "expiresAt in kv");
          equal(put.expiresAt, at, "expiresAt in the answer of records.put");
          equal((await records.get("k"))?.expiresAt, at, "expiresAt in records");
          t.clock.advance(ms - 1);
          equal([await kv.has("k"), await records.has("k")], [true, true], "a millisecond before");
          t.clock.advance(1);
          equal([await kv.has("k"), await records.has("k")], [false, false], "in that moment");
        },
      ),
    ),

    clause("K-expiry-bad-ttl", "A ttl that is no duration above 0 is refused before any I/O", async (t) => {
      const watched = await t.watched();
      for (const ttl of badDurations as Duration[]) {
        const writers: readonly ((store: Store) => unknown)[] = [
          ({ kv }) => kv.set("k", 1, { ttl }),
          ({ kv }) => kv.setMany([["k", 1]], { ttl }),
          ({ kv }) => kv.update("k", () => 1, { ttl }),
          ({ kv }) => kv.increment("k", 1, { ttl }),
          ({ records }) => records.put("k", 1, { ttl }),
          ({ records }) => records.insert("k", 1, { ttl }),
          ({ records }) => records.add(1, { ttl }),
        ];
        for (const write of writers) await refusedBeforeIo(watched, write, "INVALID_ARGUMENT", `ttl: ${String(ttl)}`);
        if (ttl !== null)
          await refusedBeforeIo(watched, ({ kv }) => kv.touch("k", ttl), "INVALID_ARGUMENT", `touch: ${String(ttl)}`);
      }
    }),

    clause("K-expiry-bad-date", "An expiresAt that is no valid Date is refused before any I/O", async (t) => {
      const watched = await t.watched();
      for (const expiresAt of [new Date(Number.NaN), 0, "2030-01-01", null] as Date[]) {
        const what = `expiresAt: ${String(expiresAt)}`;
        await refusedBeforeIo(watched, ({ kv }) => kv.set("k", 1, { expiresAt }), "INVALID_ARGUMENT", what);
        await refusedBeforeIo(watched, ({ records }) => records.put("k", 1, { expiresAt }), "INVALID_ARGUMENT", what);
      }
    }),

    clause("K-expiry-both", "ttl and expiresAt together are refused before any I/O", async (t) => {
      const both = { ttl: 1000, expiresAt: new Date(t.clock.now() + 1000) };
      const watched = await t.watched();
      await refusedBeforeIo(watched, ({ kv }) => kv.set("k", 1, both), "INVALID_ARGUMENT", "kv.set");
      await refusedBeforeIo(watched, ({ records }) => records.put("k", 1, both), "INVALID_ARGUMENT", "records.put");
    }),

    clause("K-expiry-undefined", "ttl and expiresAt given as undefined are as good as left out", async (t) => {
      const { kv } = await t.store();
      await kv.set("k", 1, { ttl: undefined, expiresAt: undefined });
      equal((await kv.getEntry("k"))?.expiresAt, undefined, "expiresAt");
    }),

    clause(
      "K-expiry-clock-fractions",
      "A clock that has fractions of milliseconds serves as one that has none",
      async (t) => {
        const store = await t.store();
        t.clock.advance(0.75);
        const time = new Date(Math.floor(t.clock.now()));
        equal((await store.records.put("r", 1)).updatedAt, time, "updatedAt");
        await store.events.append("s", { type: "t", data: 1 });
        equal((await store.events.read("s").toArray())[0]?.time, time, "the time of the event");
        await store.kv.set("k", 1, { ttl: 1000 });
        equal((await store.kv.getEntry("k"))?.expiresAt, new Date(time.getTime() + 1000), "expiresAt");
        await (await store.blobs.createUpload("b")).abort();
        t.clock.advance(1000);
        equal(await store.kv.get("k"), undefined, "what has expired");
      },
    ),

    clause("K-expiry-date", "expiresAt is kept to the millisecond", async (t) => {
      const { kv, records } = await t.store();
      const expiresAt = new Date(t.clock.now() + 12_345);
      await kv.set("k", 1, { expiresAt });
      equal((await kv.getEntry("k"))?.expiresAt, expiresAt, "expiresAt in kv");
      equal((await kv.list().toArray())[0]?.expiresAt, expiresAt, "expiresAt in kv.list");
      await records.insert("k", 1, { expiresAt });
      equal((await records.list().toArray())[0]?.expiresAt, expiresAt, "expiresAt in records.list");
    }),

    clause(
      "K-expiry-past",
      "What expires in the past is gone as soon as it is written, and so is what it replaced",
      async (t) => {
        const { kv, records } = await t.store();
        const expiresAt = new Date(t.clock.now() - 1);
        await kv.set("k", 1);
        await kv.set("k", 2, { expiresAt });
        equal(await kv.get("k"), undefined, "kv.get");
        await records.put("k", 1, { expiresAt: new Date(0) });
        equal(await records.get("k"), undefined, "records.get");
      },
    ),

    clause("K-expiry-cleared", "set, setMany and put without an expiry end the one before", async (t) => {
      const { kv, records } = await t.store();
      const ttl = 1000;
      await kv.setMany(
        [
          ["a", 1],
          ["b", 1],
        ],
        { ttl },
      );
      await kv.set("a", 2);
      await kv.setMany([["b", 2]]);
      await records.put("a", 1, { ttl });
      await records.put("b", 1, { ttl });
      await records.put("a", 2);
      await records.putMany([["b", 2]]);
      t.clock.advance(ttl);
      equal(
        [...(await kv.getMany(["a", "b"]))],
        [
          ["a", 2],
          ["b", 2],
        ],
        "kv",
      );
      equal(
        (await records.list().toArray()).map(({ value }) => value),
        [2, 2],
        "records",
      );
      equal((await records.get("a"))?.expiresAt, undefined, "expiresAt");
    }),

    clause("K-expiry-kept", "update and increment keep the expiry unless one is given", async (t) => {
      const { kv, records } = await t.store();
      const at = new Date(t.clock.now() + 1000);
      await kv.set("n", 1, { ttl: 1000 });
      await records.put("r", { a: 1 }, { ttl: 1000 });
      t.clock.advance(400);
      await kv.update<number>("n", (n) => (n ?? 0) + 1);
      await kv.increment("n");
      const updated = await records.update("r", { a: 2 });
      equal((await kv.getEntry("n"))?.expiresAt, at, "expiresAt in kv");
      equal(updated.expiresAt, at, "expiresAt in the answer of records.update");
      equal((await records.get("r"))?.expiresAt, at, "expiresAt in records");
      await kv.increment("n", 1, { ttl: 5000 });
      equal((await kv.getEntry("n"))?.expiresAt, new Date(t.clock.now() + 5000), "expiresAt after increment with ttl");
      await kv.update("n", () => 1, { ttl: 7000 });
      equal((await kv.getEntry("n"))?.expiresAt, new Date(t.clock.now() + 7000), "expiresAt after update with ttl");
    }),

    clause("K-expiry-increment-new", "increment gives a new counter the expiry that it is given", async (t) => {
      const { kv } = await t.store();
      await kv.increment("n", 1, { ttl: 1000 });
      t.clock.advance(999);
      equal(await kv.increment("n"), 2, "a millisecond before");
      t.clock.advance(1);
      equal(await kv.increment("n"), 1, "in that moment");
    }),

    clause("K-expiry-touch", "touch moves the expiry and changes nothing else", async (t) => {
      const { kv } = await t.store();
      await kv.set("k", { a: 1 });
      equal(await kv.touch("k", "1m"), true, "touch of what does not expire");
      equal((await kv.getEntry("k"))?.expiresAt, new Date(t.clock.now() + 60_000), "expiresAt");
      t.clock.advance(59_999);
      equal(await kv.touch("k", 500), true, "touch of what does");
      t.clock.advance(499);
      equal(await kv.get("k"), { a: 1 }, "the value");
      equal(await kv.touch("k", null), true, "touch with null");
      t.clock.advance(1_000_000);
      equal(await kv.get("k"), { a: 1 }, "the value, long after");
      equal((await kv.getEntry("k"))?.expiresAt, undefined, "expiresAt after null");
    }),

    clause("K-expiry-created-anew", "Who writes over an expired record makes a new one", async (t) => {
      const { records } = await t.store();
      await records.put("k", 1, { ttl: 1000 });
      t.clock.advance(1000);
      const { createdAt } = await records.put("k", 2);
      equal(createdAt, new Date(t.clock.now()), "createdAt");
    }),

    clause("K-expiry-version", "Nothing matches the version of what has expired", async (t) => {
      const { kv, records } = await t.store();
      const { version } = await kv.set("k", 1, { ttl: 1000 });
      const put = await records.put("k", 1, { ttl: 1000 });
      t.clock.advance(1000);
      await refused(() => kv.set("k", 2, { ifMatch: version }), "CONFLICT", "kv.set");
      await refused(() => kv.delete("k", { ifMatch: version }), "CONFLICT", "kv.delete");
      await refused(() => records.put("k", 2, { ifMatch: put.version }), "CONFLICT", "records.put");
      await refused(() => records.delete("k", { ifMatch: put.version }), "CONFLICT", "records.delete");
    }),

    clause("K-expiry-transaction", "A transaction writes with an expiry, and sees its own expire", async (t) => {
      const store = await t.store();
      await store.transaction(async (tx) => {
        await tx.kv.set("short", 1, { ttl: 10 });
        await tx.kv.set("long", 1, { ttl: 1000 });
        t.clock.advance(10);
        equal(await tx.kv.get("short"), undefined, "the short one, inside");
        equal(await tx.kv.keys().toArray(), ["long"], "the keys, inside");
      });
      equal(await store.kv.keys().toArray(), ["long"], "the keys, outside");
      t.clock.advance(990);
      equal(await store.kv.keys().toArray(), [], "the keys, later");
    }),

    ...listers
      .filter(({ slug }) => slug === "kv-list" || slug === "kv-keys")
      .map(({ name, slug, list }) =>
        clause(
          `K-expiry-many-${slug}`,
          ["A listing finds what is left behind a thousand that have expired", name],
          async (t) => {
            const store = await t.store();
            await store.kv.setMany(
              Array.from({ length: 1000 }, (_, i) => [`a${i}`, i]),
              { ttl: 1 },
            );
            await store.kv.setMany([
              ["b", 1],
              ["0", 1],
            ]);
            t.clock.advance(1);
            equal((await list(store, { batchSize: 10 }).toArray()).length, 2, "in small batches");
            equal((await list(store).page()).items.length, 2, "in one page");
            equal((await list(store, { limit: 2 }).page()).items.length, 2, "in a page of two");
            equal((await list(store, { limit: 1, reverse: true }).page()).items.length, 1, "the last one");
          },
        ),
      ),

    clause("K-expiry-reopened", "What has expired while nobody had the store open is gone", async (t) => {
      const place = t.place();
      const store = await place.open();
      await store.kv.set("short", 1, { ttl: 1000 });
      await store.kv.set("long", 1, { ttl: 9000 });
      await place.close();
      t.clock.advance(1000);
      const { kv } = await place.open();
      equal(await kv.keys().toArray(), ["long"], "keys");
      equal(present(await kv.getEntry("long"), "the entry").expiresAt, new Date(t.clock.now() + 8000), "expiresAt");
    }),

    clause("K-expiry-blobs-events", "Blobs and events do not expire: they take no ttl", async (t) => {
      const watched = await t.watched();
      const o = { ttl: 1000 } as object;
      await refusedBeforeIo(watched, ({ blobs }) => blobs.put("k", "x", o), "INVALID_ARGUMENT", "blobs.put");
      const append = (store: Store) => store.events.append("s", { type: "t", data: 1 }, o);
      const error = await refusedBeforeIo(watched, append, "INVALID_ARGUMENT", "events.append");
      holds(error.message.includes("ttl"), "the message names the option");
    }),
  ],
};
