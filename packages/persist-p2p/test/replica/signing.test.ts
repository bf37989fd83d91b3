/** Items of a closed group: signed by who wrote them or made them of what others wrote, and taken with a member's signature only. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { createReplicatedEngine } from "../../src/engine.ts";
import { decodeEvent, type EventItem, encodeEvent } from "../../src/replica/event-item.ts";
import { prove } from "../../src/replica/event-proofs.ts";
import { sealIn } from "../../src/replica/signing.ts";
import { type Item, ReplicaRefusal } from "../../src/sync/replica.ts";
import { expectEqual, openPeer, read, readAll, type TestPeer, temporaryFolder } from "../stores.ts";
import { createGroup, type Member, openMember } from "./groups.ts";

const keyBytes = 32;
const sealBytes = 96;

const itemsOf = ({ replica }: TestPeer): readonly Item[] =>
  replica.commitsAfter(0, { bytes: 1e6, without: "" }).commits.flatMap(({ items }) => items);

const signerOf = ({ body }: Item): Uint8Array => body.subarray(0, keyBytes);

const apply = (to: TestPeer, items: readonly Item[]) => to.replica.apply(items, { peer: "0".repeat(32) });

async function openGroup(count: number) {
  const group = createGroup();
  const members = Array.from({ length: count }, () => group.admit());
  const peers = await Promise.all(members.map((member) => openMember(member)));
  return { group, members, peers: peers as [TestPeer, TestPeer, TestPeer] };
}

/** Of every kind. */
async function write({ store }: TestPeer): Promise<void> {
  await store.records.put("r", { n: 1 });
  await store.records.put("updated", { n: 1 });
  await store.records.update("updated", { m: 2 });
  await store.records.put("gone", 1);
  await store.records.delete("gone");
  await store.kv.set("k", "v");
  await store.kv.increment("n", 3);
  await store.blobs.put("b", Buffer.alloc(1000, 7));
  await store.events.append("s", [
    { type: "t", data: 1 },
    { type: "t", data: 2 },
    { type: "t", data: 3 },
  ]);
  await store.events.truncate("s", 2);
}

test.each([false, true])(
  "what is passed on comes with the signature of who wrote it (made beforehand: %s)",
  async (isIdle) => {
    const { members, peers } = await openGroup(3);
    const [a, b, c] = peers;
    await write(a);
    if (isIdle) while (a.replica.identify());
    read(a, b);
    read(b, c);
    await expectEqual(peers);
    const signers = itemsOf(b).map(signerOf);
    expect(signers.length).toBeGreaterThan(8);
    const byB = itemsOf(b).filter((item) => Buffer.compare(signerOf(item), members[1]?.publicKey as Uint8Array) === 0);
    // That an event has no content any more may be said by everybody; the erased one stands here for its author.
    expect(byB.map(({ kind }) => kind)).toEqual([]);
    expect(new Set(signers.map((signer) => Buffer.from(signer).toString("hex"))).size).toBe(1);
  },
);

test("whoever merges answers for what it has made", async () => {
  const { members, peers } = await openGroup(3);
  const [a, b, c] = peers;
  await a.store.records.put("r", { n: 1 });
  read(a, b);
  await a.store.records.update("r", { a: 1 });
  await b.store.records.update("r", { b: 1 });
  read(a, b);
  const [merged] = itemsOf(b);
  expect(Buffer.from(signerOf(merged as Item))).toEqual(members[1]?.publicKey);
  read(b, c);
  expect((await c.store.records.get("r"))?.value).toEqual({ n: 1, a: 1, b: 1 });
});

test("what was changed on the way is refused, and nothing of it is stored", async () => {
  const { peers } = await openGroup(3);
  const [a, b, c] = peers;
  await write(a);
  read(a, b);
  for (const item of itemsOf(b)) {
    for (let at = 0; at < item.body.length; at++) {
      const body = Uint8Array.from(item.body);
      body[at] = (body[at] as number) ^ 1;
      expect(() => apply(c, [{ ...item, body }])).toThrow(ReplicaRefusal);
    }
    expect(() => apply(c, [{ ...item, body: item.body.subarray(sealBytes) }])).toThrow(ReplicaRefusal);
    expect(() => apply(c, [{ ...item, body: item.body.subarray(0, 50) }])).toThrow(ReplicaRefusal);
  }
  expect(c.replica.head()).toBe(0);
});

test("what nobody of the group has signed is refused: a stranger's, and what was signed for another group", async () => {
  const { group, members, peers } = await openGroup(3);
  const [, , c] = peers;
  const stranger = await openMember(group.stranger());
  await write(stranger);
  for (const item of itemsOf(stranger)) expect(() => apply(c, [item])).toThrow("without the signature of a member");

  const elsewhere = await openPeer();
  elsewhere.replica.authorize({ ...(members[0] as (typeof members)[0]).authority, group: "another group" });
  await write(elsewhere);
  for (const item of itemsOf(elsewhere)) expect(() => apply(c, [item])).toThrow("without the signature of a member");
  expect(c.replica.head()).toBe(0);
});

test("what somebody has signed is taken once it is known that it is a member", async () => {
  const { group, peers } = await openGroup(3);
  const [a] = peers;
  const newcomer = group.stranger();
  const d = await openMember(newcomer);
  await d.store.kv.set("k", 1);
  expect(() => read(d, a)).toThrow(ReplicaRefusal);
  const admitted = group.admit();
  const e = await openMember(admitted);
  await e.store.kv.set("k", 2);
  read(e, a);
  expect(await a.store.kv.get("k")).toBe(2);
});

test("nobody adds to another member's log of events", async () => {
  const { members, peers } = await openGroup(3);
  const [a, b, c] = peers;
  await a.store.events.append("s", { type: "t", data: 1 });
  read(a, b);
  const forge = (item: Item, o: Partial<EventItem>): Item => {
    const event = { ...decodeEvent(item.body.subarray(sealBytes)), ...o };
    const { authority } = members[1] as Member;
    return { ...item, body: Buffer.concat([sealIn(prove(authority, event)), encodeEvent(event)]) };
  };
  const [item] = itemsOf(b) as [Item];
  // Neither in its place nor behind it, with a content or as one that was erased.
  for (const forged of [{}, { content: undefined }, { number: 2 }, { number: 2, content: undefined }]) {
    expect(() => apply(c, [forge(item, forged)])).toThrow("not signed by the member whose log it stands in");
  }
  read(b, c);
  expect(await c.store.events.head("s")).toBe(1);
});

test("an event that is erased by who passes it on is still its author's", async () => {
  const { members, peers } = await openGroup(3);
  const [a, b, c] = peers;
  await a.store.events.append("s", [
    { type: "t", data: 1 },
    { type: "t", data: 2 },
  ]);
  read(a, b);
  await b.store.events.truncate("s", 2);
  read(b, c);
  const events = itemsOf(c).filter(({ kind }) => kind === "event");
  expect(events.map((item) => Buffer.from(signerOf(item)))).toEqual(Array(2).fill(members[0]?.publicKey));
  expect(await dataOf(c)).toEqual([2]);
});

test("a row that has expired in the meantime is answered for by who passes it on", async () => {
  const group = createGroup();
  const members = [group.admit(), group.admit(), group.admit()];
  let now = Date.now();
  const clock = () => now;
  const [a, b, c] = (await Promise.all(members.map(() => openPeer(":memory:", clock)))) as [
    TestPeer,
    TestPeer,
    TestPeer,
  ];
  for (const [i, peer] of [a, b, c].entries()) peer.replica.authorize(members[i]?.authority);
  await a.store.kv.set("k", 1);
  read(a, c);
  await a.store.kv.set("k", 2, { ttl: "1s" });
  read(a, b);
  now += 2_000;
  const engine = createReplicatedEngine(b.replica.parts.connection, b.replica, "", () => undefined);
  await engine.sweep({ signal: new AbortController().signal, deadline: Number.POSITIVE_INFINITY, now });
  const [item] = itemsOf(b);
  expect(Buffer.from(signerOf(item as Item))).toEqual(members[1]?.publicKey);
  read(b, c);
  expect(await c.store.kv.get("k")).toBeUndefined();
});

test("what was written before there was a group comes into it with the file", async () => {
  const [a, b] = [await openPeer(), await openPeer()];
  await write(a);
  read(a, b);
  await b.store.kv.set("mine", 1);
  const group = createGroup();
  b.replica.authorize(group.admit().authority);
  const c = await openMember(group.admit());
  read(b, c);
  await expectEqual([b, c]);
});

test("a file under another identity answers for its events, which are not there twice", async () => {
  const group = createGroup();
  const path = join(temporaryFolder(), "app.db");
  const [a, c] = [await openMember(group.admit(), path), await openMember(group.admit())];
  await a.store.events.append("s", { type: "t", data: 1 });
  read(a, c);
  await a.store.events.append("s", { type: "t", data: 2 });
  // As after the key was lost: the events were not signed yet.
  const before = a.replica.author;
  a.replica.authorize(group.admit().authority);
  expect(a.replica.author).not.toBe(before);
  await a.store.events.append("s", { type: "t", data: 3 });
  read(a, c);
  expect(await dataOf(c)).toEqual([1, 2, 3]);
  const d = await openMember(group.admit());
  readAll([a, c, d]);
  expect(await dataOf(d)).toEqual([1, 2, 3]);
  await expectEqual([a, c, d]);
});

test("what was moved to another log is erased under either name", async () => {
  const group = createGroup();
  const [a, c] = [await openMember(group.admit()), await openMember(group.admit())];
  for (const data of [1, 2]) await a.store.events.append("s", { type: "t", data });
  read(a, c);
  a.replica.authorize(group.admit().authority);
  await c.store.events.truncate("s", 2); // by the name that is known here
  apply(
    a,
    itemsOf(c).filter(({ kind }) => kind === "row"),
  );
  expect(await dataOf(a)).toEqual([1, 2]);
  readAll([a, c]);
  await expectEqual([a, c]);
  for (const peer of [a, c]) expect(await dataOf(peer)).toEqual([2]);
  await a.store.events.truncate("s", 3);
  await a.store.events.append("s", { type: "t", data: 3 });
  const d = await openMember(group.admit());
  readAll([a, c, d]);
  await expectEqual([a, c, d]);
  for (const peer of [a, c, d]) expect(await dataOf(peer)).toEqual([3]);
});

test("signed events stay where they are when the identity is lost", async () => {
  const group = createGroup();
  const [a, c] = [await openMember(group.admit()), await openMember(group.admit())];
  await a.store.events.append("s", { type: "t", data: 1 });
  while (a.replica.identify());
  const author = a.replica.author;
  a.replica.authorize(group.admit().authority);
  await a.store.events.append("s", { type: "t", data: 2 });
  read(a, c);
  expect(await dataOf(c)).toEqual([1, 2]);
  expect(c.replica.vector().get(author)).toBe(1);
});

test("events of another member that came without its signature are left to that member", async () => {
  const { members, peers } = await openGroup(3);
  const [a, b, c] = peers;
  await a.store.events.append("s", { type: "t", data: 1 });
  // For a while there is no group.
  for (const { replica } of [a, b]) replica.authorize(undefined);
  read(a, b);
  for (const [i, { replica }] of [a, b].entries()) replica.authorize(members[i]?.authority);
  await b.store.kv.set("k", 1);
  read(b, c);
  expect(b.replica.eventsAfter(new Map(), 1e6).items).toEqual([]);
  expect([await c.store.kv.get("k"), await dataOf(c)]).toEqual([1, []]);
  read(a, c);
  expect(await dataOf(c)).toEqual([1]);
});

async function dataOf({ store }: TestPeer): Promise<readonly unknown[]> {
  return (await store.events.read("s").toArray()).map(({ data }) => data);
}
