import type { Store } from "@cuitty/persist-core";
import { describe, expect, test, vi } from "vitest";
import { expectEqual, openPeers, read, readAll, type TestPeer } from "../stores.ts";

const two = async () => {
  const [a, b] = await openPeers(2);
  if (a === undefined || b === undefined) throw new Error("There are two.");
  return { a, b, both: [a, b] };
};

/** What is stamped from here on is later than all before, whoever writes it. */
async function untilLater(): Promise<void> {
  const now = Date.now();
  await vi.waitUntil(() => Date.now() > now, { interval: 1 });
}

const dataOf = async ({ events }: Store) => (await events.read("s").toArray()).map(({ data }) => data);

describe("records", () => {
  test("concurrent updates of different fields both stand, at any depth", async () => {
    const { a, b, both } = await two();
    await a.store.records.put("r", { title: "one", at: { x: 1, y: 1 }, list: ["a", "b", "c"] });
    readAll(both);
    await a.store.records.update("r", { title: "two" });
    await b.store.records.update("r", (r) => ({
      ...(r as object),
      at: { x: 1, y: 2 },
      list: ["a", "b", "c", "d"],
    }));
    await a.store.records.update("r", (r) => ({ ...(r as object), list: ["0", "a", "b", "c"] }));
    readAll(both);
    await expectEqual(both);
    expect((await a.store.records.get("r"))?.value).toEqual({
      title: "two",
      at: { x: 1, y: 2 },
      list: ["0", "a", "b", "c", "d"],
    });
  });

  test("by fields, concurrent updates of different fields both stand, and of one field with all that is in it one does", async () => {
    const { a, b, both } = await two();
    type Place = { title: string; at: { x: number; y: number }; tags: string[] };
    const placesOf = ({ store }: TestPeer) => store.records.collection<Place>("places", { merge: "fields" });
    await placesOf(a).put("p", { title: "one", at: { x: 0, y: 0 }, tags: ["a"] });
    readAll(both);
    await placesOf(a).update("p", (place) => ({ ...place, at: { ...place.at, x: 1 }, title: "two" }));
    await placesOf(b).update("p", (place) => ({ ...place, at: { ...place.at, y: 1 }, tags: ["a", "b"] }));
    readAll(both);
    await expectEqual(both);
    const { value } = (await placesOf(a).get("p")) ?? {};
    expect(value).toMatchObject({ title: "two", tags: ["a", "b"] });
    const [won, lost] =
      value?.at.x === 1
        ? [
            { x: 1, y: 0 },
            { x: 0, y: 1 },
          ]
        : [
            { x: 0, y: 1 },
            { x: 1, y: 0 },
          ];
    expect(value?.at).toEqual(won);
    expect((await placesOf(b).conflicts("p")).map((conflict) => conflict.value)).toEqual([{ ...value, at: lost }]);
  });

  test("what loses a race for a field is told", async () => {
    const { a, b, both } = await two();
    await a.store.records.put("r", { title: "one", n: 1 });
    readAll(both);
    await a.store.records.update("r", { title: "a" });
    await b.store.records.update("r", { title: "b" });
    readAll(both);
    await expectEqual(both);
    const winner = (await a.store.records.get("r"))?.value as { title: string };
    const losers = await a.store.records.conflicts("r");
    expect(losers.map(({ value }) => value)).toEqual([{ title: winner.title === "a" ? "b" : "a", n: 1 }]);
    expect((await b.store.records.conflicts("r")).map(({ value }) => value)).toEqual(losers.map(({ value }) => value));
    await b.store.records.update("r", { title: "both" });
    readAll(both);
    expect(await a.store.records.conflicts("r")).toEqual([]);
  });

  test("put replaces, and of two concurrent ones one wins whole", async () => {
    const { a, b, both } = await two();
    await a.store.records.put("r", { a: 1 });
    await b.store.records.put("r", { b: 2 });
    readAll(both);
    await expectEqual(both);
    expect([{ a: 1 }, { b: 2 }]).toContainEqual((await a.store.records.get("r"))?.value);
  });

  test("a put that has seen another one wins over it, whatever the clocks say", async () => {
    const { a, b, both } = await two();
    await a.store.records.put("r", 1);
    read(a, b);
    for (let i = 2; i < 5; i++) {
      await b.store.records.put("r", i);
      read(b, a);
      await a.store.records.put("r", -i);
      read(a, b);
    }
    await expectEqual(both);
    expect((await b.store.records.get("r"))?.value).toBe(-4);
  });

  test("deletions arrive, and indexes follow what is merged", async () => {
    const { both } = await two();
    const [one, other] = both.map(({ store }) =>
      store.records.collection<{ n: number }>("c", { indexes: { n: { on: ["n"] } } }),
    );
    await one?.put("x", { n: 1 });
    await one?.put("y", { n: 2 });
    await other?.put("z", { n: 2 });
    readAll(both);
    expect((await other?.list({ where: { n: 2 } }).toArray())?.map(({ key }) => key)).toEqual(["y", "z"]);
    await other?.delete("y");
    await one?.update("x", { n: 2 });
    readAll(both);
    await expectEqual(both);
    for (const side of [one, other]) {
      expect((await side?.list({ where: { n: 2 } }).toArray())?.map(({ key }) => key)).toEqual(["x", "z"]);
    }
  });

  test("records that share a unique value after a merge are in each other's conflicts", async () => {
    const { both } = await two();
    const [one, other] = both.map(({ store }) =>
      store.records.collection<{ mail: string }>("c", { indexes: { mail: { on: ["mail"], unique: true } } }),
    );
    await one?.put("x", { mail: "m" });
    await other?.put("y", { mail: "m" });
    readAll(both);
    await expectEqual(both);
    expect((await one?.conflicts("x"))?.map(({ key }) => key)).toEqual(["y"]);
    expect((await other?.conflicts("y"))?.map(({ key }) => key)).toEqual(["x"]);
  });

  test("values outside of Automerge's model survive a merge exactly", async () => {
    const { a, both } = await two();
    const odd = { big: 2 ** 60, huge: 1e300, lone: "\ud800", map: new Map([["k", 1n]]), date: new Date(5), minus: -0 };
    await a.store.records.put("r", { odd, n: 0 });
    readAll(both);
    await Promise.all(both.map(({ store }, i) => store.records.update("r", { [`f${i}`]: i })));
    readAll(both);
    await expectEqual(both);
    expect((await a.store.records.get("r"))?.value).toEqual({ odd, n: 0, f0: 0, f1: 1 });
  });
});

describe("kv", () => {
  test("increments add up, from nothing and from a deletion", async () => {
    const { a, b, both } = await two();
    await Promise.all([a.store.kv.increment("n", 2), b.store.kv.increment("n", 3), b.store.kv.increment("n")]);
    readAll(both);
    expect(await a.store.kv.get("n")).toBe(6);
    await a.store.kv.delete("n");
    readAll(both);
    expect(await b.store.kv.get("n")).toBeUndefined();
    await a.store.kv.increment("n", 5);
    await b.store.kv.increment("n", 7);
    readAll(both);
    await expectEqual(both);
    expect(await b.store.kv.get("n")).toBe(12);
  });

  test("increments in transactions add up too, and what was set there before them is set", async () => {
    const { a, b, both } = await two();
    await a.store.kv.set("n", 10);
    readAll(both);
    const addTwice = ({ store }: TestPeer) =>
      store.transaction(async ({ kv }) => {
        await kv.increment("n");
        await kv.increment("n", 2);
        await kv.increment("new", 5);
        return kv.get("n");
      });
    expect([await addTwice(a), await addTwice(b)]).toEqual([13, 13]);
    await b.store.kv.increment("n", 100);
    readAll(both);
    await expectEqual(both);
    expect([await a.store.kv.get("n"), await b.store.kv.get("new")]).toEqual([116, 10]);

    await a.store.transaction(async ({ kv }) => {
      await kv.set("n", 0);
      await kv.increment("n");
    });
    readAll(both);
    await expectEqual(both);
    expect(await b.store.kv.get("n")).toBe(1);
  });

  test("increments after an expiry add up too", async () => {
    const { a, b, both } = await two();
    await a.store.kv.increment("n", 100, { expiresAt: new Date(Date.now() + 30) });
    readAll(both);
    await expect.poll(() => a.store.kv.get("n")).toBeUndefined();
    await expect.poll(() => b.store.kv.get("n")).toBeUndefined();
    await a.store.kv.increment("n", 5);
    await b.store.kv.increment("n", 7);
    readAll(both);
    await expectEqual(both);
    expect(await b.store.kv.get("n")).toBe(12);
  });

  test("values expire on every peer", async () => {
    const { a, b } = await two();
    await a.store.kv.set("k", 1, { ttl: "1h" });
    read(a, b);
    expect((await b.store.kv.getEntry("k"))?.expiresAt).toEqual((await a.store.kv.getEntry("k"))?.expiresAt);
  });
});

describe("events", () => {
  test("each author's order is kept, and all peers have all events", async () => {
    const { a, b, both } = await two();
    for (let i = 0; i < 5; i++) {
      await a.store.events.append("s", { type: "a", data: i });
      await b.store.events.append("s", [
        { type: "b", data: i },
        { type: "b", data: i + 0.5 },
      ]);
      if (i === 2) readAll(both);
    }
    readAll(both);
    await expectEqual(both);
    for (const { store } of both) {
      const events = await store.events.read("s").toArray();
      expect(events.map(({ version }) => version)).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
      expect(events.filter(({ type }) => type === "a").map(({ data }) => data)).toEqual([0, 1, 2, 3, 4]);
      expect(events.filter(({ type }) => type === "b")).toHaveLength(10);
    }
  });

  test("an id stands once: of two the same one stays everywhere", async () => {
    const { a, b, both } = await two();
    await a.store.events.append("s", { type: "t", data: "a", id: "one" });
    await b.store.events.append("s", { type: "t", data: "b", id: "one" });
    await b.store.events.append("s", { type: "t", data: "later" });
    readAll(both);
    await expectEqual(both);
    const left = await dataOf(b.store);
    expect([
      ["a", "later"],
      ["b", "later"],
    ]).toContainEqual(left.sort()); // within one millisecond either may be the earlier
  });

  test("of two events with one id the earlier one has it also where it is erased before they meet", async () => {
    const { a, b, both } = await two();
    const [c] = await openPeers(1);
    if (c === undefined) throw new Error("There is one.");
    await a.store.events.append("s", { type: "a", id: "same", data: 1 });
    await a.store.events.truncate("s", 2);
    await untilLater();
    await b.store.events.append("s", { type: "b", id: "same", data: 2 });
    await b.store.events.append("s", { type: "b", data: 3 });
    readAll(both);
    read(b, c);
    await expectEqual([...both, c]);
    for (const { store } of [...both, c]) expect(await dataOf(store)).toEqual([3]);
    // And it is still taken, also where it was never seen.
    expect(await c.store.events.append("s", { type: "c", id: "same", data: 4 })).toMatchObject({ duplicate: true });
  });

  test("of two events with one id the earlier one comes back where the later one was erased before they met", async () => {
    const { a, b, both } = await two();
    await a.store.events.append("s", { type: "a", id: "same", data: 1 });
    await untilLater();
    await b.store.events.append("s", { type: "b", id: "same", data: 2 });
    await b.store.events.append("s", { type: "b", data: 3 });
    await b.store.events.truncate("s", 2);
    readAll(both);
    await expectEqual(both);
    expect(await dataOf(a.store)).toEqual([1, 3]);
    expect(await dataOf(b.store)).toEqual([3, 1]);
    await b.store.events.truncate("s", 5);
    readAll(both);
    await expectEqual(both);
    for (const { store } of both) expect(await dataOf(store)).toEqual([]);
  });

  test("an event that takes an id over stands behind its author's earlier ones, so that erasing follows the order", async () => {
    const { a, b, both } = await two();
    for (const data of [1, 2]) await a.store.events.append("s", { type: "a", data });
    await a.store.events.append("s", { type: "a", id: "same", data: 3 });
    await untilLater();
    await b.store.events.append("s", { type: "b", id: "same", data: 0 });
    read(a, b);
    expect(await dataOf(b.store)).toEqual([1, 2, 3]);
    await b.store.events.truncate("s", 3); // what it had, and a's first one
    readAll(both);
    await expectEqual(both);
    for (const { store } of both) expect(await dataOf(store)).toEqual([2, 3]);
  });

  test("what two peers have erased at the same time is erased on both", async () => {
    const { a, b, both } = await two();
    await a.store.events.append("s", { type: "a", data: 1 });
    await b.store.events.append("s", { type: "b", data: 1 });
    readAll(both);
    // Each has its own event first.
    for (const { store } of both) await store.events.truncate("s", 2);
    read(b, a);
    read(a, b);
    for (const { store } of both) expect(await store.events.read("s").toArray()).toEqual([]);
    await expectEqual(both);
  });

  test("what was erased is erased everywhere, in whatever place it stands, and stays so", async () => {
    const { a, b, both } = await two();
    const [c] = await openPeers(1);
    if (c === undefined) throw new Error("There is one.");
    for (let i = 0; i < 4; i++) await a.store.events.append("s", { type: "a", data: i });
    await b.store.events.append("s", { type: "b", data: 0 });
    readAll(both);
    await a.store.events.truncate("s", 3);
    await b.store.events.append("s", { type: "b", data: 1 });
    readAll(both);
    read(b, c);
    await expectEqual([...both, c]);
    for (const { store } of [...both, c]) {
      const left = (await store.events.read("s").toArray()).map(({ type, data }) => `${type}${data}`).sort();
      expect(left).toEqual(["a2", "a3", "b0", "b1"]);
    }
  });
});

describe("blobs", () => {
  test("come with their bytes, or not at all", async () => {
    const { a, b, both } = await two();
    const bytes = Buffer.alloc(700_000, "persist");
    await a.store.blobs.put("x", bytes, { contentType: "text/plain", metadata: { by: "a" } });
    await a.store.blobs.put("empty", "");
    await a.store.blobs.copy("x", "y");
    const { commits } = a.replica.commitsAfter(0, { bytes: 1e6, without: "" });
    const [first] = commits;
    if (first === undefined) throw new Error("There is a commit.");
    const { missing } = b.replica.apply(first.items, { peer: a.replica.id });
    expect(missing.map(({ size }) => size)).toEqual([700_000]);
    expect(await b.store.blobs.head("x")).toBeUndefined();
    read(a, b);
    await expectEqual(both);
    expect(Buffer.from((await (await b.store.blobs.get("y"))?.bytes()) ?? []).equals(bytes)).toBe(true);
    expect(await b.store.blobs.head("x")).toMatchObject({ contentType: "text/plain", metadata: { by: "a" } });
    expect(await b.store.blobs.verify("x")).toBe(true);
  });

  test("bytes that are not what they say are thrown away", async () => {
    const { a, b } = await two();
    await a.store.blobs.put("x", Buffer.alloc(300_000, 1));
    const [commit] = a.replica.commitsAfter(0, { bytes: 1e6, without: "" }).commits;
    const [wanted] = b.replica.apply(commit?.items ?? [], { peer: a.replica.id }).missing;
    if (wanted === undefined) throw new Error("Bytes are missing.");
    const bad = Buffer.alloc(300_000, 2);
    expect(b.replica.receive(wanted, 0, bad.subarray(0, 262_144))).toBe("more");
    expect(b.replica.receive(wanted, 262_144, bad.subarray(262_144))).toBe("corrupt");
    expect(b.replica.received(wanted.digest)).toBe(0);
    read(a, b);
    expect(await b.store.blobs.verify("x")).toBe(true);
  });
});
