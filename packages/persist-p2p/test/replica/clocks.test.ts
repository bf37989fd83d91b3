import { randomBytes } from "node:crypto";
import { expect, onTestFinished, test, vi } from "vitest";
import { createClock } from "../../src/state/stamp.ts";
import { storeOf } from "../../src/store-handle.ts";
import { openPeers, read } from "../stores.ts";

const minute = 60_000;

test("what is more than five minutes ahead of the clock is left out, its place is not remembered, and the rest is stored", async () => {
  const { now } = Date;
  let offset = 0;
  const clock = vi.spyOn(Date, "now").mockImplementation(() => now() + offset);
  onTestFinished(() => clock.mockRestore());
  const [ahead, other, near] = await openPeers(3);
  if (ahead === undefined || other === undefined || near === undefined) throw new Error("There are three.");
  await other.store.kv.set("other", 1);
  await other.store.events.append("s", [{ type: "of other", data: 1 }]);
  read(other, ahead);
  offset = 20 * minute;
  await ahead.store.kv.set("ahead", 1);
  for (const type of ["of ahead", "and again"]) await ahead.store.events.append("s", [{ type, data: 1 }]);

  offset = 0;
  const { commits, place } = ahead.replica.commitsAfter(0, { bytes: 100_000, without: near.replica.id });
  const items = commits.flatMap((commit) => commit.items).reverse();
  const apply = () => near.replica.apply(items, { peer: ahead.replica.id, place });
  const typesOf = async () => (await near.store.events.read("s").toArray()).map(({ type }) => type);
  const outcome = apply();
  expect(outcome).toMatchObject({ missing: [], changed: 2 });
  expect(outcome.ahead?.by).toBeGreaterThan(15 * minute);
  expect(new Set(outcome.ahead?.authors)).toEqual(new Set([ahead.replica.author]));
  expect(near.replica.readUpTo(ahead.replica.id) ?? 0).toBe(0);
  expect([await near.store.kv.get("other"), await near.store.kv.get("ahead")]).toEqual([1, undefined]);
  expect(await typesOf()).toEqual(["of other"]);

  offset = 16 * minute;
  read(ahead, near);
  expect(near.replica.readUpTo(ahead.replica.id)).toBe(place);
  expect([await near.store.kv.get("other"), await near.store.kv.get("ahead")]).toEqual([1, 1]);
  expect(await typesOf()).toEqual(["of other", "of ahead", "and again"]);
});

test("what another process with the same file has written by a clock that is a minute ahead is written over all the same", async () => {
  const [peer, other] = await openPeers(2);
  if (peer === undefined || other === undefined) throw new Error("There are two.");
  const keys = Array.from({ length: 60 }, (_, n) => `k${n}`);
  const setAll = (value: string) => Promise.all(keys.map((key) => peer.store.kv.set(key, value)));
  await setAll("of the other process");
  const ahead = createClock({ writer: randomBytes(16), now: () => Date.now() + minute });
  const db = storeOf(peer.store.raw())?.connection.db;
  for (const key of keys) db?.prepare("update replica_rows set stamp = ? where key = ?").run(ahead.tick(), key);
  read(peer, other);

  await setAll("of this one");
  read(peer, other);
  const values = await Promise.all(keys.map((key) => other.store.kv.get(key)));
  expect(new Set(values)).toEqual(new Set(["of this one"]));
});
