/** What a file goes through: it was another adapter's, is copied, restored, and forgets. */
import { join } from "node:path";
import { createStore } from "@cuitty/persist-core";
import { sqlite } from "@cuitty/persist-sqlite/adapter";
import { expect, test } from "vitest";
import { writeAtOnce } from "../../src/replica/at-once.ts";
import { createFingerprints } from "../../src/replica/fingerprints.ts";
import { createIdentifier } from "../../src/replica/identifying.ts";
import { rowId } from "../../src/state/row-id.ts";
import type { Link } from "../../src/sync/link.ts";
import { childOf, type Prefix, root } from "../../src/sync/ranges.ts";
import { createSyncer, type Syncer } from "../../src/sync/syncer.ts";
import { expectEqual, openPeer, openPeers, read, readAll, type TestPeer, temporaryFolder } from "../stores.ts";

const days = 24 * 60 * 60 * 1000;

test("a file of the SQLite adapter becomes a peer's with all that is in it", async () => {
  const path = join(temporaryFolder(), "app.db");
  const adapter = await sqlite({ path });
  const before = await createStore({ name: "test", adapter });
  await before.records.put("r", { n: 1 });
  await before.kv.set("k", 1, { ttl: "1h" });
  await before.blobs.put("b", Buffer.alloc(300_000, 7));
  await before.events.append("s", [
    { type: "t", data: 1 },
    { type: "t", data: 2 },
  ]);
  const digest = await before.digest();
  await before.close();
  await adapter.close?.();

  const a = await openPeer(path);
  const b = await openPeer();
  expect(await a.store.digest()).toBe(digest);
  readAll([a, b]);
  await expectEqual([a, b]);
  expect(await b.store.digest()).toBe(digest);
});

test("a peer's file is not opened by the SQLite adapter, whose writes would never be told", async () => {
  const path = join(temporaryFolder(), "app.db");
  await openPeer(path);
  await expect(sqlite({ path })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
});

test.each([false, true])(
  "the sums of parts are those of their rows, whatever is written meanwhile (prepared: %s)",
  async (isPrepared) => {
    const [a, b] = await openPeers(2);
    if (a === undefined || b === undefined) throw new Error("There are two.");
    const put = (peer: TestPeer, first: number, count: number) =>
      Promise.all(Array.from({ length: count }, (_, i) => peer.store.kv.set(`k${first + i}`, i)));
    await put(a, 0, 11_000);
    // Eleven steps give ids and marks to all, and the next one takes the first of two pages.
    if (isPrepared) for (let step = 0; step < 12; step++) a.replica.identify();
    const writes = [() => put(a, 5_000, 3), () => put(a, 2_000, 2_000), () => a.store.kv.delete("k7")];
    for (const write of writes) {
      await write();
      for (let nibbles = 0; nibbles < 6; nibbles++) {
        const { prefix } = prefixOf("k1", nibbles);
        for (const [i, part] of a.replica.fingerprints(prefix, nibbles).entries()) {
          const child = childOf({ prefix, nibbles }, i);
          expect(part).toEqual(a.replica.fingerprint(child.prefix, child.nibbles));
          const marks = a.replica.marks(child.prefix, child.nibbles, 20_000);
          const sum = marks.reduce((all, { mark }) => all + Buffer.from(mark).readBigUInt64BE(), 0n);
          expect([part.count, Buffer.from(part.sum).readBigUInt64BE()]).toEqual([
            marks.length,
            BigInt.asUintN(64, sum),
          ]);
        }
      }
    }
    read(a, b);
    await expectEqual([a, b]);
  },
);

test("sums leave for later what another process writes while they are made", async () => {
  const { store, replica } = await openPeer();
  const { connection } = replica.parts;
  await Promise.all(Array.from({ length: 50 }, (_, i) => store.kv.set(`k${i}`, i)));
  const identifier = createIdentifier(replica.parts);
  let isWriting = false;
  const sums = createFingerprints(connection, {
    lines: () => identifier.lines(),
    step: () => identifier.step(),
    all() {
      identifier.all();
      if (!isWriting) return;
      isWriting = false;
      // One row written over, and a new one, as they are before they are identified.
      writeAtOnce(connection, () => {
        const [seq, row] = [connection.nextSeq(), "namespace, space, key, seq, stamp"];
        connection.statement("update replica_rows set mark = null, seq = ? where key = 'k7'").run(seq);
        connection
          .statement(`insert into replica_rows (${row}) values ('', 'kv', ?, ?, zeroblob(24))`)
          .run(`new${seq}`, seq);
      });
    },
  });
  const isTrue = () => {
    identifier.all();
    const { count, sum } = sums.fingerprint(root.prefix, 0);
    const marks = replica.marks(root.prefix, 0, 1_000);
    const total = marks.reduce((all, { mark }) => all + Buffer.from(mark).readBigUInt64BE(), 0n);
    expect([count, Buffer.from(sum).readBigUInt64BE()]).toEqual([marks.length, BigInt.asUintN(64, total)]);
  };
  // The first time all are summed, and then those that have changed.
  for (const value of ["first", "second", "third"]) {
    await store.kv.set("k8", value);
    isWriting = true;
    expect(sums.fingerprint(root.prefix, 0).count).toBeGreaterThan(49);
    isTrue();
  }
});

/** The first so many half bytes of a row's id. */
function prefixOf(key: string, nibbles: number): Prefix {
  const id = Buffer.from(rowId("", "kv", key)).toString("hex");
  let prefix = root;
  for (let i = 0; i < nibbles; i++) prefix = childOf(prefix, Number.parseInt(id[i] as string, 16));
  return prefix;
}

test("what was removed is forgotten after a month, and does not come back from who was away", async () => {
  const [a, b] = await openPeers(2);
  if (a === undefined || b === undefined) throw new Error("There are two.");
  await a.store.records.put("gone", 1);
  await a.store.records.put("kept", 1);
  readAll([a, b]);
  b.replica.confirmed(a.replica.id, b.replica.head());
  await a.store.records.delete("gone");
  await a.store.kv.set("last", 1);
  const rows = () => a.replica.fingerprint(new Uint8Array(16), 0).count;
  expect(rows()).toBe(3);
  a.replica.forget(Date.now() + 29 * days);
  expect(rows()).toBe(3);
  a.replica.forget(Date.now() + 31 * days);
  expect(rows()).toBe(2);
  expect(a.replica.floor()).toBeGreaterThan(Date.now());

  // b has not heard of the deletion, and will not any more.
  const had = b.replica.marks(new Uint8Array(16), 0, 10);
  const lackedByA = a.replica.lacking(had);
  expect(lackedByA).toHaveLength(1);
  expect(b.replica.unlessRemoved(lackedByA, a.replica.id, a.replica.floor())).toEqual([]);
  expect(await b.store.records.get("gone")).toBeUndefined();
  read(a, b);
  await expectEqual([a, b]);
});

test("what nobody has confirmed stays, however old it is", async () => {
  const [a, b] = await openPeers(2);
  if (a === undefined || b === undefined) throw new Error("There are two.");
  await b.store.records.put("new", 1);
  await a.store.kv.set("k", 1);
  const had = b.replica.marks(new Uint8Array(16), 0, 10);
  expect(b.replica.unlessRemoved(had, a.replica.id, Date.now() + 100 * days)).toEqual(had);
  expect((await b.store.records.get("new"))?.value).toBe(1);
});

test("two stores of one process on one file are one peer", async () => {
  const path = join(temporaryFolder(), "app.db");
  const one = await openPeer(path);
  const other = await openPeer(path);
  expect(other.replica).toBe(one.replica);
  await one.store.kv.set("k", 1);
  expect(await other.store.kv.get("k")).toBe(1);
});

test("who was away for longer than deletions are remembered learns of them when sets are compared", async () => {
  const [a, b] = await openPeers(2);
  if (a === undefined || b === undefined) throw new Error("There are two.");
  await a.store.records.put("gone", 1);
  await a.store.records.put("kept", 1);
  await b.store.records.put("gone too", 1);
  const first = connect(a, b);
  await first.synced();
  first.close();
  await a.store.records.delete("gone");
  await a.store.records.delete("gone too");
  await a.store.kv.set("last", 1);
  a.replica.forget(Date.now() + 31 * days);
  await b.store.records.put("new", 1);

  const second = connect(a, b);
  const keys = async ({ store }: TestPeer) => (await store.records.list().toArray()).map(({ key }) => key);
  await expect.poll(() => keys(b), { timeout: 10_000 }).toEqual(["kept", "new"]);
  await second.synced();
  second.close();
  await expectEqual([a, b]);
  expect(await keys(a)).toEqual(["kept", "new"]);
});

/** Compares all that both have soon after they are equal. */
const limits = { selfCheck: 20 };

function connect(a: TestPeer, b: TestPeer): Pick<Syncer, "synced" | "close"> {
  const [one, other] = [a, b].map(({ replica }) => createSyncer({ replica, limits })) as [Syncer, Syncer];
  const [here, there] = linkPair();
  one.connect(here);
  other.connect(there);
  const close = () => {
    one.close();
    other.close();
  };
  return { synced: one.synced, close };
}

/** Two ends of one link within this process. */
function linkPair(): [Link, Link] {
  const ends: { frame?: (frame: Uint8Array) => void; end?: (why: Error | undefined) => void }[] = [{}, {}];
  let ended = false;
  const endOf = (i: number): Link => ({
    peer: `peer ${1 - i}`,
    address: "here",
    limited: false,
    send(frame) {
      queueMicrotask(() => ended || ends[1 - i]?.frame?.(frame));
      return true;
    },
    onDrain: () => undefined,
    onFrame(listener) {
      (ends[i] as { frame?: typeof listener }).frame = listener;
    },
    onEnd(listener) {
      (ends[i] as { end?: typeof listener }).end = listener;
    },
    end() {
      if (ended) return;
      ended = true;
      for (const { end } of ends) end?.(undefined);
    },
  });
  return [endOf(0), endOf(1)];
}
