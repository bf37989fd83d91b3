/** Opening, closing, giving up, and what is still there afterwards. */
import { createStore, type PersistError, type Store } from "@cuitty/persist-core";
import { equal, holds, refused } from "../assertions.ts";
import { type Chapter, clause } from "../clause.ts";
import { bytesOf } from "../content.ts";
import { turns } from "../faults/faulty.ts";
import { operations } from "../operations.ts";
import { arrive } from "../peer-needs.ts";
import { refusedBeforeIo } from "../untouched.ts";

const supports = ["native", "emulated", "local", "absent"];

export const lifecycle: Chapter = {
  section: "90",
  title: "Lifecycle",
  clauses: [
    clause("K-open-empty", "A new store is empty", async (t) => {
      const { kv, records, blobs, events } = await t.store();
      equal(await kv.keys().toArray(), [], "kv");
      equal(await records.list().toArray(), [], "records");
      equal(await blobs.list().toArray(), [], "blobs");
      equal(await events.streams().toArray(), [], "events");
    }),

    clause(
      "K-open-again",
      "A store that is opened again has all that was stored, with versions, times and places",
      async (t) => {
        const place = t.place();
        let store = await place.open();
        const { version } = await store.kv.set("k", { a: [1] }, { ttl: "1h" });
        const entry = await store.records.put("r", { b: 2 });
        const info = await store.blobs.put("b", bytesOf(400_000), { metadata: { m: "1" } });
        await store.events.append("s", [
          { type: "t", data: 1, id: "x", tags: ["y"] },
          { type: "t", data: 2 },
        ]);
        const before = await store.events.readAll().toArray();
        await place.close();
        t.clock.advance(1000);

        store = await place.open();
        const expiresAt = new Date(t.clock.now() + 3_599_000);
        equal(await store.kv.getEntry("k"), { key: "k", value: { a: [1] }, version, expiresAt }, "kv");
        equal(await store.records.get("r"), entry, "records");
        equal(await store.blobs.head("b"), info, "blobs");
        equal(await (await store.blobs.get("b"))?.bytes(), bytesOf(400_000), "the bytes of the blob");
        equal(await store.events.readAll().toArray(), before, "events");
        equal((await store.events.append("s", { type: "t", data: 3 })).position, 3, "the next position");
      },
    ),

    clause("K-open-again-deleted", "What was deleted stays deleted when the store is opened again", async (t) => {
      const place = t.place();
      const store = await place.open();
      await store.kv.setMany([
        ["a", 1],
        ["b", 1],
      ]);
      await store.kv.delete("a");
      await store.records.put("a", 1);
      await store.records.clear({ all: true });
      await store.blobs.put("a", "x");
      await store.blobs.delete("a");
      await place.close();
      const again = await place.open();
      equal(await again.kv.keys().toArray(), ["b"], "kv");
      equal(await again.records.has("a"), false, "records");
      equal(await again.blobs.has("a"), false, "blobs");
    }),

    clause("K-open-again-versions", "No version comes back after the store was opened again", async (t) => {
      const place = t.place();
      const versions: string[] = [];
      for (let i = 0; i < 4; i++) {
        const { kv } = await place.open();
        for (let n = 0; n < 5; n++) versions.push((await kv.set("k", n)).version);
        await place.close();
      }
      equal(new Set(versions).size, 20, "how many different versions");
    }),

    clause(
      "K-open-beside",
      "Two stores on the same data see each other's writes: at once, or once all peers are equal",
      async (t) => {
        const place = t.place();
        const a = await place.open();
        const b = await place.openBeside();
        for (let i = 0; i < 10; i++) {
          const [from, to] = i % 2 === 0 ? [a, b] : [b, a];
          await from.kv.set("k", i);
          await arrive(place, a);
          equal(await to.kv.get("k"), i, "kv.get");
          equal(
            (await to.kv.list().toArray()).map(({ value }) => value),
            [i],
            "kv.list",
          );
          await from.records.put("r", i);
          await arrive(place, a);
          equal((await to.records.get("r"))?.value, i, "records.get");
          await from.events.append("s", { type: "t", data: i });
          await arrive(place, a);
          equal(await to.events.head(), i + 1, "events.head");
          await from.blobs.put("b", String(i));
          await arrive(place, a);
          equal(await (await to.blobs.get("b"))?.text(), String(i), "blobs.get");
        }
      },
    ),

    clause("K-open-beside-conditions", "Conditions, counters and positions hold between two stores", async (t) => {
      const place = t.place();
      const a = await place.open();
      if (a.capabilities.conditions === "local") t.absent("conditions hold on this peer only");
      const b = await place.openBeside();
      const { version } = await a.kv.set("k", 1);
      await b.kv.set("k", 2);
      await refused(
        () => a.kv.set("k", 3, { ifMatch: version }),
        "CONFLICT",
        "ifMatch of a version that b has replaced",
      );
      const stores = [a, b];
      await Promise.all(Array.from({ length: 60 }, (_, i) => stores[i % 2]?.kv.increment("n")));
      equal(await a.kv.get("n"), 60, "the counter");
      const appends = Array.from({ length: 40 }, (_, i) => stores[i % 2]?.events.append("s", { type: "t", data: i }));
      const positions = (await Promise.all(appends)).map((answer) => answer?.position ?? 0).sort((x, y) => x - y);
      equal(
        positions,
        Array.from({ length: 40 }, (_, i) => i + 1),
        "the positions",
      );
      const count = (store: Store) =>
        store.transaction(async (tx) => tx.kv.set("m", ((await tx.kv.get<number>("m")) ?? 0) + 1));
      await Promise.all(Array.from({ length: 16 }, (_, i) => count(stores[i % 2] as Store)));
      equal(await b.kv.get("m"), 16, "the counter of transactions");
    }),

    clause("K-open-beside-close", "Closing one of two stores leaves the other one working", async (t) => {
      const place = t.place();
      const a = await place.open();
      const b = await place.openBeside();
      await a.kv.set("k", 1);
      await arrive(place, a);
      await a.close();
      equal(await b.kv.get("k"), 1, "get");
      await b.kv.set("k", 2);
      equal(await b.kv.get("k"), 2, "get after a write");
    }),

    clause("K-crash", "What was acknowledged before a crash is there after it", async (t) => {
      const place = t.place();
      const store = await place.open();
      if (t.harness.crash === undefined) t.skip("the harness has no crash");
      const versions = await Promise.all(Array.from({ length: 50 }, (_, i) => store.kv.set(`k${i}`, i)));
      await store.transaction(async (tx) => {
        await tx.records.put("r", 1);
        await tx.events.append("s", { type: "t", data: 1 });
        await tx.blobs.put("b", "content");
      });
      await place.crash();
      const again = await place.open();
      const found = (await again.kv.list().toArray()).map(({ version }) => version);
      equal(found.sort(), versions.map(({ version }) => version).sort(), "the versions of the values");
      equal((await again.records.get("r"))?.value, 1, "the record");
      equal(await again.events.head(), 1, "the head");
      equal(await (await again.blobs.get("b"))?.text(), "content", "the blob");
    }),

    clause("K-close-twice", "Closing again does nothing, also while it is closing", async (t) => {
      const store = await t.store();
      await store.kv.set("k", 1);
      await Promise.all([store.close(), store.close()]);
      await store.close();
      await store[Symbol.asyncDispose]();
    }),

    clause("K-close-waits", "close waits for what is in flight, and that succeeds", async (t) => {
      const place = t.place();
      const store = await place.open();
      const work = {
        "kv.set": store.kv.set("k", 1),
        "kv.update": store.kv.update("u", () => 1),
        "records.put": store.records.put("r", 1),
        "events.append": store.events.append("s", { type: "t", data: 1 }),
        "blobs.put": store.blobs.put("b", "content"),
        transaction: store.transaction(async (tx) => tx.kv.set("t", 1)),
      };
      const failures = Object.entries(work).map(([name, promise]) =>
        promise.then(
          () => "",
          (error: PersistError) => `${name} is ${error.code}`,
        ),
      );
      await store.close();
      equal((await Promise.all(failures)).filter(Boolean), [], "calls in flight that failed");
      await place.close();
      const again = await place.open();
      equal(await again.kv.keys().toArray(), ["k", "t", "u"], "keys");
      equal(
        [await again.records.has("r"), await again.blobs.has("b"), await again.events.head()],
        [true, true, 1],
        "the others",
      );
    }),

    clause("K-close-options", "close takes a timeout and no other option", async (t) => {
      const store = await t.store();
      await refused(() => store.close({ timeout: 0 }), "INVALID_ARGUMENT", "a timeout of 0");
      await refused(() => store.close({ timeot: 5 } as object), "INVALID_ARGUMENT", "an unknown option");
      await store.kv.set("k", 1);
      await store.close({ timeout: "5s" });
    }),

    ...operations
      .filter(({ name }) => name !== "blobs.url")
      .map(({ name, slug, run }) =>
        clause(
          `K-closed-${slug}`,
          ["Every operation of a closed store is CLOSED, without any I/O", name],
          async (t) => {
            const watched = await t.watched();
            await watched.store.close();
            await refusedBeforeIo(watched, (store) => run(store, "k"), "CLOSED", name);
          },
        ),
      ),

    clause("K-closed-raw", "raw of a closed store is CLOSED", async (t) => {
      const store = await t.store();
      store.raw();
      await store.close();
      await refused(() => store.raw(), "CLOSED", "raw");
    }),

    clause(
      "K-closed-listing",
      "A listing whose store is closed while it is read is CLOSED at its next page",
      async (t) => {
        const store = await t.store();
        await store.kv.setMany(Array.from({ length: 10 }, (_, i) => [`k${i}`, i]));
        const iterator = store.kv.keys({ batchSize: 2 })[Symbol.asyncIterator]();
        equal((await iterator.next()).value, "k0", "the first key");
        await store.close();
        await refused(
          async () => {
            while (!(await iterator.next()).done);
          },
          "CLOSED",
          "the next page",
        );
      },
    ),

    clause("K-closed-told", "CLOSED says that nothing happened, and names the store", async (t) => {
      const store = await t.store();
      await store.close();
      const error = await refused(() => store.kv.set("k", 1), "CLOSED", "kv.set");
      equal([error.outcome, error.retryable], ["not-applied", false], "outcome and retryable");
      holds(error.message.includes(store.name), "the message names the store");
    }),

    ...operations
      .filter(({ takesOptions }) => takesOptions)
      .map(({ name, slug, run }) =>
        clause(
          `K-aborted-${slug}`,
          ["Every operation with a signal that is aborted already is ABORTED before any I/O", name],
          async (t) => {
            const watched = await t.watched();
            const reason = new Error("mine");
            const o = { signal: AbortSignal.abort(reason) };
            const error = await refusedBeforeIo(watched, (store) => run(store, "k", o), "ABORTED", name);
            equal(error.outcome, "not-applied", "outcome");
            holds(error.cause === reason, "the cause is the signal's reason");
          },
        ),
      ),

    ...operations
      .filter(({ takesOptions }) => takesOptions)
      .map(({ name, slug, run }) =>
        clause(
          `K-signal-${slug}`,
          ["Every operation with a signal that nobody aborts does the same as without", name],
          async (t) => {
            const store = await t.store();
            const { signal } = new AbortController();
            await store.records.put("k", 1);
            await store.kv.set("k", 1);
            await store.blobs.put("k", "x");
            if (name === "records.insert") await store.records.delete("k");
            await run(store, "k", { signal, timeout: "10s" });
          },
        ),
      ),

    clause("K-aborted-later", "Aborting after the answer changes nothing", async (t) => {
      const store = await t.store();
      const controller = new AbortController();
      await store.kv.set("k", 1, { signal: controller.signal });
      controller.abort();
      equal(await store.kv.get("k"), 1, "get");
    }),

    clause(
      "K-aborted-midway",
      "A write that is aborted on its way either says that nothing happened, or that it may have, with its version",
      async (t) => {
        const store = await t.store();
        for (let i = 0; i < 10; i++) {
          const key = `k${i}`;
          const controller = new AbortController();
          const write = store.kv.set(key, i, { signal: controller.signal }).then(
            (answer) => ({ answer }),
            (error: PersistError) => ({ error }),
          );
          for (let turn = 0; turn < i; turn++) await Promise.resolve();
          controller.abort();
          const result = await write;
          // What may be on its way has arrived when a later write to the same key is answered.
          await store.kv.set(`${key}-later`, 1);
          const entry = await store.kv.getEntry(key);
          if ("answer" in result) equal(entry?.version, result.answer.version, "the version of what was answered");
          else {
            equal(result.error.code, "ABORTED", "code");
            if (result.error.outcome === "not-applied")
              equal(entry, undefined, "what is there of a write that did not happen");
            else if (entry !== undefined)
              equal(entry.version, result.error.version, "the version of what may have happened");
          }
        }
      },
    ),

    clause("K-aborted-listing", "A listing that is aborted while it is read is ABORTED at its next page", async (t) => {
      const store = await t.store();
      await store.kv.setMany(Array.from({ length: 10 }, (_, i) => [`k${i}`, i]));
      const controller = new AbortController();
      const work = async () => {
        for await (const key of store.kv.keys({ batchSize: 3, signal: controller.signal })) {
          if (key === "k1") controller.abort();
        }
      };
      await refused(work, "ABORTED", "the listing");
    }),

    clause(
      "K-aborted-in-transaction",
      "A transaction that is aborted while its callback runs is ABORTED and leaves nothing",
      async (t) => {
        const store = await t.store();
        const controller = new AbortController();
        const work = store.transaction(
          async (tx) => {
            await tx.kv.set("k", 1);
            controller.abort();
            await tx.kv.get("other").catch(() => undefined);
          },
          { signal: controller.signal },
        );
        await refused(() => work, "ABORTED", "transaction");
        await store.kv.set("later", 1);
        equal(await store.kv.keys().toArray(), ["later"], "keys");
      },
    ),

    clause("K-timeout-transaction", "A callback that does not end is TIMEOUT in time", async (t) => {
      const store = await t.store();
      const stuck = store.transaction(() => new Promise<never>(() => undefined), { timeout: 20 });
      await refused(() => stuck, "TIMEOUT", "transaction");
      await store.close({ timeout: 10 });
    }),

    clause(
      "K-timeout-settled",
      "A write that was given up at its deadline does not happen after a later one",
      async (t) => {
        const { kv } = await t.store();
        for (const timeout of [1, 2, 5]) {
          await kv.set("k", "given up", { timeout }).catch(() => undefined);
          await kv.set("k", timeout);
          await turns(20);
          equal(await kv.get("k"), timeout, `the value, with a timeout of ${timeout}`);
        }
      },
    ),

    clause("K-capabilities", "capabilities has a value of its set for each feature", async (t) => {
      const { capabilities } = await t.store();
      const { transactions, conditions, watch, indexes, signedUrls, expectedVersion } = capabilities;
      const { blobSnapshots, blobConditions } = capabilities;
      for (const [name, support] of Object.entries({
        transactions,
        conditions,
        watch,
        indexes,
        signedUrls,
        blobSnapshots,
        blobConditions,
        expectedVersion,
      })) {
        holds(supports.includes(support), `${name} is one of ${supports.join(", ")} (it is ${support})`);
      }
      holds(["total", "local"].includes(capabilities.order), "order is one of its set");
      holds(["serializable", "atomic", "local"].includes(capabilities.isolation), "isolation is one of its set");
      holds(["process", "host", "network", "peers"].includes(capabilities.writers), "writers is one of its set");
      holds(["strong", "causal"].includes(capabilities.consistency), "consistency is one of its set");
      holds(
        ["memory", "disk", "replicated", "unknown"].includes(capabilities.durability),
        "durability is one of its set",
      );
    }),

    clause(
      "K-capabilities-same",
      "capabilities are the same for every store of the adapter, and after closing",
      async (t) => {
        const place = t.place();
        const store = await place.open();
        const before = structuredClone(store.capabilities);
        await place.close();
        equal(store.capabilities, before, "after closing");
        equal((await place.open()).capabilities, before, "of a store that was opened again");
      },
    ),

    clause("K-capabilities-constant", "Nobody can change the capabilities of a store", async (t) => {
      const store = await t.store();
      const before = { ...store.capabilities };
      try {
        (store.capabilities as { transactions: string }).transactions = "absent";
      } catch {
        // Refused aloud: as good as refused in silence.
      }
      equal(store.capabilities, before, "capabilities");
    }),

    clause("K-require", "require of what is there opens, and of more is UNSUPPORTED", async (t) => {
      const place = t.place();
      const { isolation, signedUrls, transactions } = (await t.store()).capabilities;
      const open = async (require: object) =>
        (await createStore({ name: "kit", adapter: await t.harness.open(place.id), require })).close();
      await open({ isolation, transactions: transactions === "native" ? "emulated" : transactions });
      if (transactions === "local")
        await refused(() => open({ transactions: "emulated" }), "UNSUPPORTED", "transactions");
      if (signedUrls !== "native") await refused(() => open({ signedUrls: "native" }), "UNSUPPORTED", "signedUrls");
      await refused(() => open({ durability: "eternal" }), "INVALID_ARGUMENT", "a value that there is not");
      await refused(() => open({ speed: "high" }), "INVALID_ARGUMENT", "a feature that there is not");
    }),
  ],
};
