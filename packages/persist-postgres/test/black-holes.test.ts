// A network that swallows everything and says nothing: each operation ends by its deadline, and the same store works again once the network does.
import { randomBytes } from "node:crypto";
import type { Store } from "@cuitty/persist-core";
import { findPostgres, mayBeMissing, type Proxy as Network } from "@cuitty/persist-servers";
import { useDatabase } from "@cuitty/persist-servers/vitest";
import { describe, expect, test } from "vitest";
import { expectFailure, failureOf, openStore, startNetwork } from "./stores.ts";

const missing = mayBeMissing(() => findPostgres());

/** More than sockets and buffers hold. */
const bigBlob = randomBytes(24 * 1024 * 1024);
/** Milliseconds. */
const timeout = 700;

describe.skipIf(missing)(`in a black hole${missing && ` (skipped: ${missing})`}`, () => {
  const database = useDatabase();

  /** A store that works, and what it acknowledged is there. Then nothing gets through any more. */
  async function fallIn(): Promise<{ store: Store; network: Network; beside: Store }> {
    const network = await startNetwork(database.url);
    const store = await openStore(network.through(database.url), { timeouts: { connect: 1000 } });
    const beside = await openStore(database.url);
    await store.kv.set("acknowledged", "before");
    // As many connections as it may have stand.
    await Promise.all(Array.from({ length: 30 }, (_, n) => store.kv.get(`warm-${n}`)));
    network.blackHole();
    return { store, network, beside };
  }

  async function expectToWork(store: Store): Promise<void> {
    expect(await store.kv.get("acknowledged")).toBe("before");
    await store.kv.set("after", 1);
    expect(await store.kv.get("after")).toBe(1);
    expect(await store.health()).toMatchObject({ ok: true });
  }

  test("a read times out", async () => {
    const { store, network } = await fallIn();
    await expectFailure(store.kv.get("acknowledged", { timeout }), "TIMEOUT", "not-applied");
    await expectFailure(store.records.get("any", { timeout }), "TIMEOUT", "not-applied");
    network.heal();
    await expectToWork(store);
  });

  test("a write times out, and says that it may have happened", async () => {
    const { store, network, beside } = await fallIn();
    const error = await failureOf(store.kv.set("acknowledged", "perhaps", { timeout }));
    expect(error).toMatchObject({ code: "TIMEOUT", outcome: "unknown", version: expect.any(String) });
    network.heal();
    // It never reached the server, so that it never happens.
    await expectToWork(store);
    expect(await beside.kv.get("acknowledged")).toBe("before");
  });

  test("a transaction times out, and nothing of it is there", async () => {
    const { store, network, beside } = await fallIn();
    const work = store.transaction(
      async (tx) => {
        await tx.kv.set("in-transaction", 1);
        await tx.events.append("in-transaction", { type: "t", data: 0 });
      },
      { timeout },
    );
    // An append looks at its stream, and that went wrong before anything was sent to be committed.
    await expectFailure(work, "TIMEOUT", "not-applied");
    network.heal();
    await expectToWork(store);
    expect([await beside.kv.get("in-transaction"), await beside.events.head("in-transaction")]).toEqual([undefined, 0]);
  });

  test("the upload of a blob stops without progress, and the blob before it stays", async () => {
    const network = await startNetwork(database.url);
    const store = await openStore(network.through(database.url), { timeouts: { connect: 1000 } });
    await store.kv.set("acknowledged", "before");
    await store.blobs.put("film", "the one before");
    let isIn = false;
    async function* body() {
      for (let at = 0; at < bigBlob.length; at += 512 * 1024) {
        if (at > bigBlob.length / 2 && !isIn) {
          isIn = true;
          network.blackHole();
        }
        yield bigBlob.subarray(at, at + 512 * 1024);
      }
    }
    expect(await failureOf(store.blobs.put("film", body(), { timeout }))).toMatchObject({ code: "TIMEOUT" });
    expect(isIn).toBe(true);
    network.heal();
    await expectToWork(store);
    expect(await (await store.blobs.get("film"))?.text()).toBe("the one before");
    await store.blobs.put("film", bigBlob);
    expect(await store.blobs.verify("film")).toBe(true);
  });

  test("the download of a blob stops without progress", async () => {
    const network = await startNetwork(database.url);
    const store = await openStore(network.through(database.url), { timeouts: { connect: 1000 } });
    await store.kv.set("acknowledged", "before");
    await store.blobs.put("film", bigBlob);
    const read = async () => {
      const blob = await store.blobs.get("film", { timeout });
      let size = 0;
      for await (const chunk of blob?.body ?? []) {
        if (size === 0) network.blackHole();
        size += chunk.length;
      }
      return size;
    };
    await expectFailure(read(), "TIMEOUT", "not-applied");
    network.heal();
    await expectToWork(store);
    expect(await store.blobs.verify("film")).toBe(true);
  });

  test("who subscribes waits, and gets all events afterwards, in order and once", async () => {
    const { store, network, beside } = await fallIn();
    const { position: end } = await beside.events.append("news", { id: "first", type: "t", data: 0 });
    const subscription = store.events.subscribe({ after: end, timeout });
    const feed = subscription[Symbol.asyncIterator]();
    const first = feed.next();
    await beside.events.append("news", { id: "n-1", type: "t", data: 0 });
    await expectFailure(store.kv.get("acknowledged", { timeout }), "TIMEOUT", "not-applied");
    network.heal();
    await beside.events.append("news", { id: "n-2", type: "t", data: 0 });
    const seen = [(await first).value.id, (await feed.next()).value.id];
    // While it stands still in the middle, too.
    network.blackHole();
    const third = feed.next();
    for (let n = 3; n <= 102; n++) await beside.events.append("news", { id: `n-${n}`, type: "t", data: 0 });
    network.heal();
    seen.push((await third).value.id);
    while (seen.length < 102) seen.push((await feed.next()).value.id);
    expect(seen).toEqual(Array.from({ length: 102 }, (_, n) => `n-${n + 1}`));
    await subscription.close();
    await expectToWork(store);
  });

  test("opening a store times out, or says that nobody answers", async () => {
    const network = await startNetwork(database.url);
    network.blackHole();
    const error = await failureOf(openStore(network.through(database.url), { timeouts: { connect: 500 } }));
    expect(error.code).toBe("UNAVAILABLE");
  });
});
