/** What queries cost, and what they refuse. */
import { describe, expect, it } from "vitest";
import { storeOver } from "../engine-spy.ts";

const docs = (count: number) =>
  Array.from(
    { length: count },
    (_, i) => [`users/${String(i).padStart(4, "0")}`, { age: i % 10, name: `n${i}` }] as const,
  );

const filled = async (count = 20) => {
  const reads: string[] = [];
  const { store } = storeOver((engine) => ({
    scan(space, range, o) {
      reads.push(`${range.by} ${range.limit}${range.keysOnly ? " keys" : ""}`);
      return engine.scan(space, range, o);
    },
  }));
  await store.records.putMany(docs(count));
  return { store, reads };
};

describe("maxScan", () => {
  it.each([
    [{ where: { age: 50 } }, '"age"', 'records.collection("users", { indexes: { "age": { on: "age" } } })'],
    [{ where: { age: { gt: 50 } }, orderBy: [["name", "asc"]] }, '"name"', '{ on: "name" }'],
    [{ where: { age: 50 }, orderBy: [["name", "desc"]] }, '"age", "name"', '{ "age_name": { on: ["age","name"] } }'],
    [{ orderBy: [["name", "asc"]] }, '"name"', '{ on: "name" }'],
    [{ where: { or: [{ age: 50 }] } }, "No index narrows such a query", "prefix"],
  ])("refuses %o beyond it, and names the index to add", async (query, ...parts) => {
    const { store } = await filled();
    const asked = { prefix: "users/", maxScan: 19, ...query } as object;
    for (const run of [
      () => store.records.list(asked).toArray(),
      () => store.records.list(asked).page(),
      () => store.records.explain(asked),
    ]) {
      const error = await run().then(
        () => undefined,
        (thrown: Error) => thrown,
      );
      expect(error).toMatchObject({ code: "TOO_LARGE", operation: expect.stringMatching(/^records\./) });
      for (const part of parts) expect(error?.message).toContain(part);
    }
    expect(await store.records.list({ ...asked, maxScan: 20 }).toArray()).toHaveLength("where" in query ? 0 : 20);
  });

  it("lets a page pass that was found before", async () => {
    const { store } = await filled();
    const page = await store.records.list({ where: { age: 3 }, maxScan: 5, limit: 1 }).page();
    expect(page.items).toHaveLength(1);
    await expect(store.records.list({ where: { age: 3 }, maxScan: 5, limit: 2 }).page()).rejects.toMatchObject({
      code: "TOO_LARGE",
    });
  });

  it("does not count what is read by key", async () => {
    const { store } = await filled();
    expect(await store.records.list({ maxScan: 1 }).toArray()).toHaveLength(20);
    expect(await store.records.count({ maxScan: 1 })).toBe(20);
  });

  it("bounds queries in transactions too", async () => {
    const { store } = await filled();
    await store.transaction(async (tx) => {
      const query = { where: { age: 50 }, maxScan: 19 };
      await expect(tx.records.list(query).toArray()).rejects.toMatchObject({ code: "TOO_LARGE" });
      await expect(tx.records.count(query)).rejects.toMatchObject({ code: "TOO_LARGE" });
    });
  });
});

describe("a query", () => {
  it("sorts once for all of its batches", async () => {
    const { store, reads } = await filled();
    reads.length = 0;
    const found = await store.records.list({ orderBy: [["age", "desc"]], batchSize: 20 }).toArray();
    expect(found).toHaveLength(20);
    expect(reads).toEqual(["key 20"]);
  });

  it("counts without values where it does not look at them", async () => {
    const { store, reads } = await filled();
    reads.length = 0;
    expect(await store.records.count({ prefix: "users/000" })).toBe(10);
    expect(await store.records.count({ prefix: "users/", limit: 3 })).toBe(3);
    expect(reads).toEqual(["key 1000 keys", "key 3 keys"]);
  });

  it("goes on from a cursor of the same query only", async () => {
    const { store } = await filled();
    const query = { where: { age: { gte: 5 } }, orderBy: [["age", "asc"]] as const, limit: 3 };
    const { cursor } = await store.records.list(query).page();
    for (const other of [
      { where: { age: { gte: 6 } } },
      { orderBy: [["age", "desc"]] as const },
      { orderBy: [] },
      { reverse: true },
    ]) {
      expect(() => store.records.list({ ...query, ...other, cursor })).toThrow(/belongs to another query/);
    }
    expect(await store.records.count({ ...query, cursor })).toBe(3);
    expect(await store.records.count({ where: query.where, orderBy: query.orderBy, cursor })).toBe(7);
    const { items } = await store.records.list({ ...query, cursor }).page();
    expect(items.map(({ key }) => key)).toEqual(["users/0016", "users/0007", "users/0017"]);
  });

  it("refuses a place that is none of its order", async () => {
    const { store } = await filled();
    const byKey = await store.records.list({ where: { age: 5 }, limit: 1 }).page();
    for (const cursor of [byKey.cursor, "", "e30", 5]) {
      const query = { where: { age: 5 }, orderBy: [["name", "asc"]], cursor } as object;
      expect(() => store.records.list(query)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
      await expect(store.records.count(query)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    }
  });

  it.each([
    [{ where: undefined }, "where is there, but undefined"],
    [{ whre: {} }, 'Did you mean "where"?'],
    [{ orderBy: "name" }, "takes an array"],
    [{ orderBy: [["name"]] }, "takes pairs"],
    [{ orderBy: [["name", "up"]] }, '"asc" or "desc"'],
    [{ orderBy: [[5, "asc"]] }, "a path is a string"],
    [{ orderBy: Array.from({ length: 17 }, () => ["a", "asc"]) }, "at most 16"],
    [{ maxScan: 0 }, "maxScan must be"],
    [{ maxScan: Number.POSITIVE_INFINITY }, "maxScan must be"],
  ])("is refused as %o before anything is read", async (query, reason) => {
    const { store, reads } = await filled(0);
    reads.length = 0;
    expect(() => store.records.list(query as object)).toThrow(reason);
    for (const run of [store.records.count, store.records.explain]) {
      await expect(run(query as object)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    }
    expect(reads).toEqual([]);
  });

  it("says how it was run", async () => {
    const { store } = await filled();
    const { explain } = store.records;
    expect(await explain({ prefix: "users/" })).toEqual({ plan: "key", entriesRead: 20, requests: 1 });
    expect(await explain({ where: { age: 3 } })).toEqual({ plan: "scan", entriesRead: 20, requests: 1 });
    expect(await explain({ orderBy: [["age", "asc"]], limit: 1 })).toEqual({
      plan: "scan",
      entriesRead: 20,
      requests: 1,
    });
    expect(await explain({ limit: 4 })).toEqual({ plan: "key", entriesRead: 4, requests: 1 });
  });

  it("keeps its place by values of any size", async () => {
    const { store } = storeOver();
    const long = "x".repeat(100_000);
    await store.records.putMany(
      Array.from({ length: 4 }, (_, i) => [`k${i}`, { a: `${long}${3 - i}`, b: [] }] as const),
    );
    const keys: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.records
        .list({
          orderBy: [
            ["b", "asc"],
            ["a", "asc"],
            ["c", "asc"],
          ],
          limit: 1,
          cursor,
        })
        .page();
      keys.push(...page.items.map(({ key }) => key));
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(keys).toEqual(["k3", "k2", "k1", "k0"]);
  });

  it("is over with the store, and with its signal", async () => {
    const { store } = await filled();
    const signal = AbortSignal.abort();
    await expect(store.records.count({ where: { age: 1 }, signal })).rejects.toMatchObject({ code: "ABORTED" });
    await store.close();
    await expect(store.records.count({ where: { age: 1 } })).rejects.toMatchObject({ code: "CLOSED" });
    await expect(store.records.explain({})).rejects.toMatchObject({ code: "CLOSED" });
    await expect(store.kv.count()).rejects.toMatchObject({ code: "CLOSED" });
  });
});

describe("kv.count", () => {
  it("counts keys, from a cursor of the listing too", async () => {
    const { store } = storeOver();
    await store.kv.setMany(Array.from({ length: 25 }, (_, i) => [`k${String(i).padStart(2, "0")}`, i]));
    expect(await store.kv.count()).toBe(25);
    expect(await store.kv.count({ prefix: "k1" })).toBe(10);
    expect(await store.kv.count({ limit: 7 })).toBe(7);
    const { cursor } = await store.kv.list({ limit: 20 }).page();
    expect(await store.kv.count({ cursor })).toBe(5);
    await expect(store.kv.count({ prefix: "k", cursor })).rejects.toThrow(/another query/);
    await expect(store.kv.count({ prefx: "k" } as object)).rejects.toThrow(/Did you mean "prefix"/);
  });
});

describe("in a transaction", () => {
  it("a query sees its own writes, and conflicts with those of others", async () => {
    const { store } = await filled();
    let runs = 0;
    const seen = await store.transaction(async (tx) => {
      runs++;
      await tx.records.put("users/9999", { age: 3, name: "own" });
      await tx.records.delete("users/0003");
      const query = { where: { age: 3 }, orderBy: [["name", "asc"]] as const };
      const names = (await tx.records.list(query).toArray()).map(({ value }) => (value as { name: string }).name);
      if (runs === 1) await store.records.put("users/5555", { age: 3, name: "other" });
      return { names, count: await tx.records.count({ where: { age: 3 } }) };
    });
    expect(runs).toBe(2);
    expect(seen).toEqual({ names: ["n13", "other", "own"], count: 3 });
  });
});
