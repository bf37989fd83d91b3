/** What a peer tells of what it has from others: each of them is told what came from elsewhere, and where. */
import { expect, test } from "vitest";
import type { Item, Marked } from "../../src/sync/replica.ts";
import { openPeers, read, type TestPeer } from "../stores.ts";

const three = async () => (await openPeers(3)) as [TestPeer, TestPeer, TestPeer];
const hexOf = ({ id, mark }: Marked) => Buffer.concat([id, mark]).toString("hex");
const idsOf = (marks: readonly Marked[]) => marks.map(({ id }) => Buffer.from(id).toString("hex")).sort();
const whole = (items: readonly Item[]) => items.map(({ id, body }) => Buffer.from(Buffer.concat([id, body])));

function commitsOf({ replica }: TestPeer, without: TestPeer, more: { upTo?: number; ownItemsOnly?: boolean } = {}) {
  return replica.commitsAfter(0, { bytes: 1e9, without: without.replica.id, ...more }).commits;
}

test("what came from others is told by ids and marks, the same as those of the rows", async () => {
  const [a, b, c] = await three();
  await a.store.kv.set("of a", 1);
  await a.store.records.put("of a", 1);
  await b.store.kv.set("of b", 1);
  await c.store.kv.set("of c", 1);
  read(a, b);
  read(c, b);
  const upTo = b.replica.head();
  const { marks, events, place } = b.replica.relayedAfter(0, { without: c.replica.id, upTo });
  const ofA = a.replica.commitsAfter(0, { bytes: 1e6, without: "" }).commits.flatMap(({ items }) => items);
  expect(idsOf(marks)).toEqual(idsOf(ofA));
  expect({ events, place }).toEqual({ events: false, place: upTo });
  expect(commitsOf(b, c).map(({ from }) => from)).toEqual([undefined, a.replica.id, a.replica.id]);
  expect(a.replica.lacking(marks)).toEqual([]);
  expect(c.replica.lacking(marks)).toHaveLength(2);
  b.replica.identify();
  const again = b.replica.relayedAfter(0, { without: c.replica.id, upTo });
  expect(again.marks.map(hexOf)).toEqual(marks.map(hexOf));
});

test("no commit after the place that was said is told, and events are told to be there", async () => {
  const [a, b, c] = await three();
  await a.store.kv.set("first", 1);
  read(a, b);
  const upTo = b.replica.head();
  await a.store.transaction(async ({ kv, events }) => {
    await kv.set("second", 2);
    await events.append("s", { type: "t", data: 1 });
  });
  read(a, b);
  const told = (place: number, to: number) => b.replica.relayedAfter(place, { without: c.replica.id, upTo: to });
  expect(told(0, upTo)).toMatchObject({ marks: [{}], events: false, place: upTo });
  expect(told(upTo, b.replica.head())).toMatchObject({ marks: [{}], events: true, place: b.replica.head() });
  expect(commitsOf(b, c, { upTo })).toHaveLength(1);
  expect(commitsOf(b, c)).toHaveLength(2);
});

test("many rows are told page by page, each of them once", async () => {
  const [a, b, c] = await three();
  for (let i = 0; i < 1_500; i++) await a.store.kv.set(`k${i}`, i);
  read(a, b);
  const upTo = b.replica.head();
  const all: Marked[] = [];
  let pages = 0;
  for (let after = 0; after < upTo; pages++) {
    const { marks, place } = b.replica.relayedAfter(after, { without: c.replica.id, upTo });
    all.push(...marks);
    after = place;
  }
  expect(pages).toBeGreaterThan(1);
  expect(new Set(idsOf(all)).size).toBe(1_500);
  expect(all).toHaveLength(1_500);
});

test("a commit in which something was merged is passed on whole, also where others' items are left out", async () => {
  const [a, b, c] = await three();
  await a.store.records.put("r", { by: "nobody" });
  read(a, b);
  await b.store.kv.increment("sum", 1);
  await a.store.transaction(async ({ kv, records, events }) => {
    await kv.increment("sum", 2);
    await records.put("r", { by: "a" });
    await events.append("s", { type: "t", data: 1 });
  });
  read(a, b);
  const [merged] = commitsOf(b, c).slice(-1);
  expect(merged?.items).toHaveLength(3);
  const told = commitsOf(b, c, { ownItemsOnly: true }).at(-1);
  expect(told?.from).toBeUndefined();
  expect(whole(told?.items ?? [])).toEqual(whole(merged?.items ?? []));
  expect(b.replica.relayedAfter(0, { without: c.replica.id, upTo: b.replica.head() })).toMatchObject({
    marks: [],
    events: false,
  });
});

test("of what a later commit has changed, or appended, nothing is told to who asks for what was there before it", async () => {
  const [a, b, c] = await three();
  await a.store.transaction(async ({ kv, events }) => {
    await kv.set("k", 1);
    await kv.set("again", 1);
    await events.append("s", { type: "t", data: 1 });
  });
  read(a, b);
  const upTo = b.replica.head();
  const { marks } = b.replica.relayedAfter(0, { without: c.replica.id, upTo });
  const ids = marks.map(({ id }) => id);
  await a.store.transaction(async ({ kv, events }) => {
    await kv.set("again", 2);
    await events.append("s", { type: "t", data: 2 });
  });
  read(a, b);
  expect(b.replica.rows(ids)).toHaveLength(2);
  expect(b.replica.rows(ids, upTo)).toHaveLength(1);
  expect(b.replica.eventsAfter(new Map(), 1e6).items).toHaveLength(2);
  expect(b.replica.eventsAfter(new Map(), 1e6, upTo)).toMatchObject({ items: [{}], more: false });
});
