// The server does what it is asked, and its answer is lost: it comes out as done, or as unknown, and asking again for the same is exactly once.
import { PersistError, type Store } from "@cuitty/persist-core";
import { findPostgres, mayBeMissing, type Proxy as Network } from "@cuitty/persist-servers";
import { useDatabase } from "@cuitty/persist-servers/vitest";
import { describe, expect, test } from "vitest";
import { openStore, startNetwork } from "./stores.ts";

const missing = mayBeMissing(() => findPostgres());
/** Of each kind of write: replies are lost at other moments each time. */
const times = 25;

describe.skipIf(missing)(`where the reply to a write is lost${missing && ` (skipped: ${missing})`}`, () => {
  const database = useDatabase();
  const tally = { applied: 0, unknown: 0, "not-applied": 0 };
  let network: Network;
  let store: Store;
  let beside: Store;

  async function open(): Promise<void> {
    network = await startNetwork(database.url);
    store = await openStore(network.through(database.url));
    beside = await openStore(database.url);
    await store.kv.get("warm");
  }

  /** Loses the reply to the next thing that is sent. Answers what the write did, or `undefined` where that is unknown. `isLong`: it sends something before it writes. */
  async function withLostReply<T>(write: () => Promise<T>, isLong = false): Promise<T | undefined> {
    const lost = network.loseReplyAfter(() => true);
    const outcome = await write().then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    await lost;
    if ("value" in outcome) {
      tally.applied++;
      return outcome.value;
    }
    if (!PersistError.is(outcome.error)) throw outcome.error;
    expect(outcome.error).toMatchObject({ code: "UNAVAILABLE", retryable: true });
    if (!isLong) expect(outcome.error.outcome).toBe("unknown");
    tally[outcome.error.outcome]++;
    return undefined;
  }

  test("a value is there with the version that was told, or was not written", async () => {
    await open();
    await store.kv.set("k", 0);
    for (let n = 1; n <= times; n++) {
      const written = await withLostReply(() => store.kv.set("k", n));
      const entry = await beside.kv.getEntry("k");
      if (written !== undefined) expect(entry).toMatchObject({ value: n, version: written.version });
      else expect(entry?.value).toBeOneOf([n, n - 1]);
      await store.kv.set("k", n);
    }
  });

  test("a record with a condition is written once", async () => {
    await open();
    let { version } = await store.records.put("r", { n: 0 });
    for (let n = 1; n <= times; n++) {
      const written = await withLostReply(() => store.records.put("r", { n }, { ifMatch: version }));
      const found = await beside.records.get("r");
      if (written !== undefined) expect(found).toMatchObject({ value: { n }, version: written.version });
      else if (found?.version !== version) expect(found?.value).toEqual({ n });
      ({ version } = await store.records.put("r", { n }));
    }
  });

  test("an increment counts once, or not at all", async () => {
    await open();
    let sum = 0;
    for (let n = 1; n <= times; n++) {
      const told = await withLostReply(() => store.kv.increment("count", 1));
      const found = (await beside.kv.get("count")) ?? 0;
      if (told !== undefined) expect([told, found]).toEqual([sum + 1, sum + 1]);
      else expect(found).toBeOneOf([sum, sum + 1]);
      sum = found as number;
    }
  });

  test("events that are appended again with the same ids stand there once", async () => {
    await open();
    const ids: string[] = [];
    for (let n = 1; n <= times; n++) {
      const events = [1, 2, 3].map((i) => ({ id: `e-${n}-${i}`, type: "t", data: 0 }));
      ids.push(...events.map(({ id }) => id));
      const told = await withLostReply(() => store.events.append("s", events));
      const again = await store.events.append("s", events);
      expect(again.version).toBe(ids.length);
      if (told !== undefined) expect(again).toMatchObject({ version: told.version, position: told.position });
    }
    expect((await beside.events.read("s").toArray({ max: 1000 })).map(({ id }) => id)).toEqual(ids);
  });

  test("a transaction is there whole, or not at all", async () => {
    await open();
    for (let n = 1; n <= times; n++) {
      const told = await withLostReply(() =>
        store.transaction(async (tx) => {
          await tx.kv.set("t", n);
          await tx.records.put("t", { n });
          await tx.events.append("t", { id: `t-${n}`, type: "t", data: 0 });
          return n;
        }),
      );
      const [log] = await beside.events.read("t", { direction: "backward", limit: 1 }).toArray({ max: 1 });
      const found = [await beside.kv.get("t"), (await beside.records.get("t"))?.value, log?.id];
      const after = [n, { n }, `t-${n}`];
      if (told !== undefined || found[0] === n) expect(found).toEqual(after);
      else {
        expect(found[2]).not.toBe(`t-${n}`);
        expect(found[1]).not.toEqual({ n });
      }
    }
  });

  test("a blob is the one before or the new one, whole", async () => {
    await open();
    for (let n = 1; n <= times; n++) {
      const told = await withLostReply(() => store.blobs.put("b", `content ${n}`), true);
      const text = await (await beside.blobs.get("b"))?.text();
      if (told !== undefined) expect(text).toBe(`content ${n}`);
      else expect(text).toBeOneOf([`content ${n}`, n === 1 ? undefined : `content ${n - 1}`]);
      await store.blobs.put("b", `content ${n}`);
    }
  });

  test("nearly all of them could be found out", () => {
    expect(tally.applied).toBeGreaterThan(0);
    console.log(`lost replies: ${tally.applied} found out, ${tally.unknown} unknown`);
  });
});
