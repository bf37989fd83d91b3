/** Lines that are made later: whoever asks finds the log as if they had been made at once. */
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { betterSqlite3 } from "@cuitty/persist-sqlite/adapter";
import { expect, onTestFinished, test, vi } from "vitest";
import { expectEqual, openPeer, openPeers, read, readAll, type TestPeer, temporaryFolder } from "../stores.ts";

const waiting = ({ replica }: TestPeer): number =>
  (replica.parts.connection.statement("select count(*) as count from replica_pending").get() as { count: number })
    .count;

const two = async () => (await openPeers(2)) as [TestPeer, TestPeer];

test("a put waits until its line is asked for, and then is there", async () => {
  const [a, b] = await two();
  await a.store.kv.set("k", 1);
  await a.store.records.put("r", { n: 1 });
  await a.store.transaction(async ({ kv, records }) => {
    await kv.set("in", 1);
    await records.put("both", 1);
  });
  expect(waiting(a)).toBe(3);
  read(a, b);
  expect(waiting(a)).toBe(0);
  expect([await b.store.kv.get("k"), await b.store.kv.get("in")]).toEqual([1, 1]);
  await expectEqual([a, b]);
});

test("no more than so many wait, though nobody asks", async () => {
  const [a, b] = await two();
  for (let i = 0; i < 11_000; i++) await a.store.kv.set(`k${i % 10}`, i);
  expect(waiting(a)).toBeLessThanOrEqual(10_000);
  readAll([a, b]);
  await expectEqual([a, b]);
  expect(await b.store.kv.get("k9")).toBe(10_999);
});

test("what changes a row finds what was put before it", async () => {
  const [a, b] = await two();
  await a.store.kv.set("n", 10);
  await a.store.kv.increment("n", 5);
  await a.store.records.put("r", { n: 1 });
  await a.store.records.update("r", { m: 2 });
  await a.store.kv.set("gone", 1);
  await a.store.kv.delete("gone");
  await a.store.kv.set("passing", 1);
  await a.store.kv.set("passing", 2, { ttl: "1h" });
  await a.store.kv.set("again", 1, { ttl: "1h" });
  await a.store.kv.set("again", 2);
  readAll([a, b]);
  await expectEqual([a, b]);
  await b.store.kv.increment("n");
  await a.store.kv.increment("n");
  readAll([a, b]);
  expect(await a.store.kv.get("n")).toBe(17);
  expect((await b.store.records.get("r"))?.value).toEqual({ n: 1, m: 2 });
  expect((await b.store.kv.getEntry("again"))?.expiresAt).toBeUndefined();
});

test("a put decides a conflict before its line is made", async () => {
  const [a, b] = await two();
  await a.store.records.put("r", { title: "one" });
  readAll([a, b]);
  await a.store.records.update("r", { title: "a" });
  await b.store.records.update("r", { title: "b" });
  readAll([a, b]);
  expect(await a.store.records.conflicts("r")).toHaveLength(1);
  await a.store.records.put("r", { title: "both" });
  expect(waiting(a)).toBe(1);
  expect(await a.store.records.conflicts("r")).toEqual([]);
});

test("a put that waits wins over what it has replaced, though that was stamped by a clock that is ahead", async () => {
  const [a, b] = await two();
  const early = a.replica.parts.clock.tick();
  await b.store.kv.set("k", "ahead");
  await b.store.records.put("r", "ahead");
  read(b, a);
  await a.store.kv.set("k", "seen");
  await a.store.records.put("r", "seen");
  // As by another process of the file, whose clock has not heard of it.
  a.replica.parts.connection.statement("update replica_pending set stamp = ?").run(early);
  readAll([a, b]);
  await expectEqual([a, b]);
  expect([await b.store.kv.get("k"), (await b.store.records.get("r"))?.value]).toEqual(["seen", "seen"]);
});

test("whatever else comes to the log comes after the puts that wait", async () => {
  const [a, reader] = await two();
  const writes = [
    () => a.store.events.append("s", { type: "t", data: 1 }),
    () => a.store.events.truncate("s", 2),
    () => a.store.kv.increment("n"),
    () => a.store.kv.set("soon", 1, { ttl: "1h" }),
    () => a.store.kv.delete("n"),
    async () => {
      await reader.store.kv.set("theirs", 1);
      read(reader, a);
    },
  ];
  for (const write of writes) {
    await a.store.kv.set("k", 1);
    expect(waiting(a)).toBe(1);
    await write();
    expect(waiting(a)).toBe(0);
  }
  readAll([a, reader]);
  await expectEqual([a, reader]);
});

test("as long as another process holds the file the log is told without what waits, and afterwards that there is more", async () => {
  const path = join(temporaryFolder(), "app.db");
  const [a, reader] = [await openPeer(path), await openPeer()];
  const holder = await betterSqlite3.open(path, { readOnly: false });
  onTestFinished(() => holder.close());
  await a.store.kv.set("k", 1);
  holder.exec("begin immediate");
  const notify = vi.spyOn(a.replica.parts.connection.wake, "notify");
  const held = a.replica.commitsAfter(0, { bytes: 1e6, without: "" });
  holder.exec("rollback");
  expect(held).toEqual({ commits: [], place: 0, more: false });
  await vi.waitUntil(() => notify.mock.calls.length > 0);
  read(a, reader);
  await expectEqual([a, reader]);
});

test("a put that waits outlives the end of its process", async () => {
  const path = join(temporaryFolder(), "app.db");
  const [a, b] = [await openPeer(path), await openPeer()];
  await a.store.kv.set("k", 1);
  copyFileSync(path, `${path}.killed`);
  copyFileSync(`${path}-wal`, `${path}.killed-wal`);
  const again = await openPeer(`${path}.killed`);
  await again.store.kv.set("next", 2);
  expect(waiting(again)).toBe(2);
  const { connection } = again.replica.parts;
  const numbers = connection.statement("select seq from kv union all select seq from replica_pending").all() as {
    seq: number;
  }[];
  expect(new Set(numbers.map(({ seq }) => seq)).size).toBe(4);
  read(again, b);
  expect([await b.store.kv.get("k"), await b.store.kv.get("next")]).toEqual([1, 2]);
});

test("what was written anew is not taken for what was removed elsewhere", async () => {
  const [a, b] = await two();
  await a.store.kv.set("k", 1);
  readAll([a, b]);
  a.replica.confirmed(b.replica.id, a.replica.head());
  const had = a.replica.marks(new Uint8Array(16), 0, 10);
  await a.store.kv.set("k", 2);
  expect(a.replica.unlessRemoved(had, b.replica.id, Date.now() + 60_000)).toEqual(had);
  expect(await a.store.kv.get("k")).toBe(2);
});
